import type { Buffer } from 'node:buffer'
import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { UrlWithParsedQuery } from 'node:url'
import { MessageCompression } from '../../protocol/compression.ts'
import { parseExtensions } from '../../protocol/extension-header.ts'
import { isToken } from '../../protocol/header-values.ts'
import { formatResponseHead, isHeaderField } from '../../protocol/http-head.ts'
import { composeHandshakeResponse, type HandshakeResponse } from '../../protocol/server-handshake.ts'
import { answerAndEnd } from '../../runtime/node/http1-exchange.ts'
import { afterMicrotasks, runtime } from '../../runtime/node/index.ts'
import { tell } from '../../runtime/node/tell.ts'
import { compressionOf, type IServerConfig } from './config.ts'
import { WebSocketConnection } from './connection.ts'
import { type ICookie, readCookies, writeCookies } from './cookies.ts'
import { resourceUrl } from './urls.ts'

/** An extension as a request names it. */
export interface IRequestedExtension {
  name: string
  params: { name: string; value: string | undefined }[]
}

export interface RequestEvents {
  requestAccepted: [connection: WebSocketConnection]
  requestRejected: [request: WebSocketRequest]
  requestResolved: [request: WebSocketRequest]
}

/** The handshake cannot be answered with 101; `httpCode` and `headers` say with what. */
export interface UpgradeError extends Error {
  httpCode?: number
  headers?: Record<string, string>
}

/** `accept` was called with what the client, or the standard, does not allow; the request has been rejected by that. */
export class AcceptError extends Error {}

/** A request to become a WebSocket: `accept` or `reject` it, now or later, once. */
export class WebSocketRequest extends EventEmitter<RequestEvents> {
  readonly httpRequest: IncomingMessage
  readonly socket: Socket
  readonly serverConfig: Partial<IServerConfig>
  /** Path and query. */
  readonly resource: string
  resourceURL: UrlWithParsedQuery
  host = ''
  key = ''
  webSocketVersion = 13
  /** The page the request comes from; whoever is no browser can claim any. */
  origin = ''
  /** Subprotocols in the client's order, in lower case. */
  requestedProtocols: string[] = []
  protocolFullCaseMap: Record<string, string> = {}
  requestedExtensions: IRequestedExtension[] = []
  cookies: ICookie[] = []
  /** Address of the client, or what `X-Forwarded-For` says first. */
  remoteAddress: string
  remoteAddresses: string[]
  readonly #first: Buffer | undefined
  #resolved = false

  /** `first` is what was read behind the request. */
  constructor(socket: Socket, httpRequest: IncomingMessage, config: Partial<IServerConfig>, first?: Buffer) {
    super()
    this.socket = socket
    this.httpRequest = httpRequest
    this.serverConfig = config
    this.resource = httpRequest.url ?? ''
    this.resourceURL = resourceUrl(this.resource)
    this.remoteAddress = socket.remoteAddress ?? ''
    this.remoteAddresses = [this.remoteAddress]
    this.#first = first
    // Whoever goes away while the application decides must not end the process.
    socket.on('error', () => {})
  }

  /**
   * Reads the handshake into the fields of this object.
   *
   * @throws {UpgradeError} where it is not one
   */
  readHandshake(): void {
    const { headers } = this.httpRequest
    this.host = headers.host ?? ''
    if (this.host === '') throw new Error('Client must provide a Host header.')
    this.key = headers['sec-websocket-key'] ?? ''
    if (this.key === '') throw new Error('Client must provide a value for Sec-WebSocket-Key.')
    this.webSocketVersion = Number.parseInt(headers['sec-websocket-version'] ?? '', 10)
    if (!this.webSocketVersion) throw new Error('Client must provide a value for Sec-WebSocket-Version.')
    if (this.webSocketVersion !== 8 && this.webSocketVersion !== 13) throw wrongVersion(this.webSocketVersion)
    const origin = this.webSocketVersion === 13 ? headers.origin : headers['sec-websocket-origin']
    // Without a page there is none; programs look at its absence.
    this.origin = origin as string
    this.#readProtocols(headers['sec-websocket-protocol'])
    this.#readForwardedFor(headers['x-forwarded-for'])
    const { parseExtensions: wantsExtensions, parseCookies: wantsCookies } = this.serverConfig
    const extensions = headers['sec-websocket-extensions']
    this.requestedExtensions = wantsExtensions === false ? [] : this.parseExtensions(extensions)
    this.cookies = wantsCookies === false ? [] : this.parseCookies(headers.cookie)
  }

  /** The extensions of a `Sec-WebSocket-Extensions` field, in lower case. */
  parseExtensions(field: string | undefined): IRequestedExtension[] {
    if (!field) return []
    return field
      .toLowerCase()
      .split(/,\s*/)
      .map((extension) => {
        const [name = '', ...params] = extension.split(/;\s*/)
        return {
          name,
          params: params.map((param) => {
            const [key = '', value] = param.split('=')
            return { name: key, value }
          }),
        }
      })
  }

  /** The cookies of a `Cookie` field. */
  parseCookies(field: string | undefined): ICookie[] {
    return readCookies(field)
  }

  /**
   * Answers with 101, the subprotocol `acceptedProtocol` (one of those requested), and cookies to set. Messages come
   * behind the current turn, so listeners can be added to what it returns.
   *
   * @throws {Error} where the subprotocol was not requested, or a cookie cannot be set; the request is rejected by that
   */
  accept(
    acceptedProtocol?: string | null,
    allowedOrigin?: string | null,
    cookies?: ICookie[] | null,
  ): WebSocketConnection {
    this.#verifyResolution()
    const response = this.#compose(acceptedProtocol, allowedOrigin, cookies)
    this.#resolve()
    // Now, while its address is still known: whoever has gone has none.
    const isGone = this.socket.destroyed || this.socket.readableEnded || !this.socket.writable
    if (!isGone) this.socket.write(formatResponseHead(response.status, response.headers), 'latin1')
    const connection = this.#connect(response, acceptedProtocol)
    const begin = (): void => {
      if (isGone) connection.drop(1006, 'TCP connection lost before handshake completed.', true)
      else connection.start()
    }
    // Listeners can be added until then, also behind an `await` of what is there already.
    queueMicrotask(() => afterMicrotasks(begin))
    tell(() => this.emit('requestAccepted', connection))
    return connection
  }

  /** Answers with an HTTP error: 403 unless `status` says another; `reason` becomes `X-WebSocket-Reject-Reason`. */
  reject(status?: number, reason?: string, extraHeaders?: object): void {
    this.#verifyResolution()
    this.#resolve()
    const headers: [string, string][] = []
    if (reason) headers.push(['X-WebSocket-Reject-Reason', onOneLine(reason)])
    for (const [name, value] of Object.entries(extraHeaders ?? {})) {
      headers.push([onOneLine(name), onOneLine(String(value))])
    }
    answerAndEnd(
      this.socket,
      typeof status === 'number' ? status : 403,
      headers.filter(([name, value]) => isHeaderField(name, value)),
      '',
    )
    tell(() => this.emit('requestRejected', this))
  }

  /** Whether it was accepted or rejected. */
  get resolved(): boolean {
    return this.#resolved
  }

  #readProtocols(field: string | undefined): void {
    for (const name of field?.split(/,\s*/) ?? []) {
      this.requestedProtocols.push(name.toLowerCase())
      this.protocolFullCaseMap[name.toLowerCase()] = name
    }
  }

  #readForwardedFor(field: string | string[] | undefined): void {
    if (this.serverConfig.ignoreXForwardedFor || !field) return
    this.remoteAddresses = [...String(field).split(/,\s*/), this.remoteAddress]
    this.remoteAddress = this.remoteAddresses[0] as string
  }

  #compose(
    acceptedProtocol: string | null | undefined,
    allowedOrigin: string | null | undefined,
    cookies: ICookie[] | null | undefined,
  ): HandshakeResponse {
    const extra: [string, string][] = []
    if (allowedOrigin) {
      const name = this.webSocketVersion === 8 ? 'Sec-WebSocket-Origin' : 'Origin'
      extra.push([name, onOneLine(allowedOrigin)])
    }
    try {
      for (const cookie of cookies ? writeCookies(cookies) : []) extra.push(['Set-Cookie', cookie])
      const protocol = this.#checkProtocol(acceptedProtocol)
      const field = this.httpRequest.headers['sec-websocket-extensions']
      const request = {
        key: this.key,
        status: 101 as const,
        protocols: [],
        extensions: parseExtensions(field ?? '') ?? [],
      }
      const compression = compressionOf(this.serverConfig)
      return composeHandshakeResponse(request, protocol, compression, extra.filter(isSendable), runtime.sha1)
    } catch (error) {
      this.reject(500)
      throw new AcceptError((error as Error).message)
    }
  }

  /** The name as the client wrote it. */
  #checkProtocol(accepted: string | null | undefined): string {
    if (!accepted) return ''
    const name = this.protocolFullCaseMap[accepted.toLowerCase()] ?? accepted
    if (!isToken(name)) {
      const wrong = [...name].find((character) => !isToken(character)) ?? ''
      throw new Error(`Illegal character "${wrong}" in subprotocol.`)
    }
    if (!this.requestedProtocols.includes(accepted.toLowerCase()))
      throw new Error('Specified protocol was not requested by the client.')
    return name
  }

  #connect(response: HandshakeResponse, protocol: string | null | undefined): WebSocketConnection {
    const config = this.serverConfig
    const { compression } = response
    const options = compressionOf(config)
    const connection = new WebSocketConnection(
      this.socket,
      parseExtensions(response.extensions) ?? [],
      protocol,
      false,
      config,
      {
        first: this.#first,
        compression:
          compression && options && new MessageCompression('server', compression, runtime.deflate, options),
      },
    )
    connection.webSocketVersion = this.webSocketVersion
    connection.remoteAddress = this.remoteAddress
    connection.remoteAddresses = this.remoteAddresses
    return connection
  }

  #resolve(): void {
    this.#resolved = true
    tell(() => this.emit('requestResolved', this))
  }

  #verifyResolution(): void {
    if (this.#resolved) throw new Error('WebSocketRequest may only be accepted or rejected one time.')
  }
}

function wrongVersion(version: number): UpgradeError {
  const error: UpgradeError = new Error(
    `Unsupported websocket client version: ${version}. Only versions 8 and 13 are supported.`,
  )
  error.httpCode = 426
  error.headers = { 'Sec-WebSocket-Version': '13' }
  return error
}

/** Nothing in a field may begin another one. */
function onOneLine(text: string): string {
  return text.replace(/[\r\n]/g, '')
}

function isSendable([name, value]: readonly [string, string]): boolean {
  return isHeaderField(name, value)
}
