import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { UrlWithParsedQuery } from 'node:url'
import { tell } from '../../runtime/node/tell.ts'
import type { WebSocketConnection } from './connection.ts'
import type { ICookie } from './cookies.ts'
import type { IRequestedExtension, WebSocketRequest } from './request.ts'

export interface RouterRequestEvents {
  requestAccepted: [connection: WebSocketConnection]
  requestRejected: [request: RouterRequest]
}

/** A request whose subprotocol the router has chosen. */
export class RouterRequest extends EventEmitter<RouterRequestEvents> {
  readonly webSocketRequest: WebSocketRequest
  /** The subprotocol, or null where the client named none. */
  readonly protocol: string | null
  readonly origin: string
  readonly resource: string
  readonly resourceURL: UrlWithParsedQuery
  readonly httpRequest: IncomingMessage
  readonly remoteAddress: string
  readonly webSocketVersion: number
  readonly requestedExtensions: IRequestedExtension[]
  readonly cookies: ICookie[]

  constructor(request: WebSocketRequest, protocol: string | null) {
    super()
    this.webSocketRequest = request
    this.protocol = protocol
    this.origin = request.origin
    this.resource = request.resource
    this.resourceURL = request.resourceURL
    this.httpRequest = request.httpRequest
    this.remoteAddress = request.remoteAddress
    this.webSocketVersion = request.webSocketVersion
    this.requestedExtensions = request.requestedExtensions
    this.cookies = request.cookies
  }

  /** Accepts with the subprotocol that was chosen; otherwise as `WebSocketRequest.accept`. */
  accept(origin?: string | null, cookies?: ICookie[] | null): WebSocketConnection {
    const connection = this.webSocketRequest.accept(this.protocol, origin, cookies)
    tell(() => this.emit('requestAccepted', connection))
    return connection
  }

  reject(status?: number, reason?: string, extraHeaders?: object): void {
    this.webSocketRequest.reject(status, reason, extraHeaders)
    tell(() => this.emit('requestRejected', this))
  }
}
