import { EventEmitter } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import {
  createServer as createTcpServer,
  type ListenOptions,
  type Server as NetServer,
  type Socket,
} from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import type { HandshakeError } from '../../errors.ts'
import { MessageCompression } from '../../protocol/compression.ts'
import { isToken } from '../../protocol/header-values.ts'
import type { RequestHead } from '../../protocol/http-head.ts'
import { defaultLimits } from '../../protocol/limits.ts'
import {
  composeHandshakeResponse,
  type HandshakeRequest,
  readHandshakeRequest,
} from '../../protocol/server-handshake.ts'
import { Http1Exchange } from '../../runtime/node/http1-exchange.ts'
import { runtime } from '../../runtime/node/index.ts'
import { requestHeadOf } from '../../runtime/node/pages.ts'
import { tell } from '../../runtime/node/tell.ts'
import { type CompressionChoice, compressionOf } from './compression.ts'
import { Connection } from './connection.ts'
import { plainHeaders } from './plain-headers.ts'

/** Chooses among the subprotocols a client asks for; nothing for none. */
export type SelectProtocol = (connection: Connection, protocols: string[]) => string | null | undefined

/** Options of `createServer`; all others go to `net.createServer` or `tls.createServer`. */
export interface ServerOptions extends TlsOptions {
  /** Whether it speaks TLS. @default false */
  secure?: boolean | undefined
  /** Subprotocols the server knows: the first of the client's that is among them is chosen. */
  validProtocols?: string[] | undefined
  /** Chooses the subprotocol in place of `validProtocols`. */
  selectProtocol?: SelectProtocol | undefined
  /** Whether compression (RFC 7692) is agreed to; not part of the original interface. @default false */
  perMessageDeflate?: CompressionChoice | undefined
}

export interface ServerEvents {
  listening: []
  connection: [connection: Connection]
  close: []
  error: [error: Error]
}

export class Server extends EventEmitter<ServerEvents> {
  /** The server below, of `node:net` or `node:tls`. */
  readonly socket: NetServer
  /** Everybody who is connected. */
  readonly connections: Connection[] = []
  readonly #options: ServerOptions
  /** Reads the requests of connections that others accept for it. */
  readonly #http = createHttpServer()

  constructor(
    secure: boolean,
    options?: ServerOptions | ((connection: Connection) => void),
    callback?: (connection: Connection) => void,
  ) {
    super()
    const connected = typeof options === 'function' ? options : callback
    this.#options = typeof options === 'function' ? {} : (options ?? {})
    const accepted = (socket: Socket): void => this.#accepted(socket)
    this.socket = secure
      ? createTlsServer(this.#options, accepted)
      : createTcpServer(this.#options as object, accepted)
    this.socket.on('close', () => this.emit('close'))
    this.socket.on('error', (error) => this.emit('error', error))
    if (connected) this.on('connection', connected)
    this.#http.on('upgrade', (request, socket, first) => this.#upgrade(request, socket as Socket, first))
    this.#http.on('request', (_request, response) => {
      response.writeHead(400, { Connection: 'close' }).end()
    })
  }

  /** Listens on `port`, 0 for one the system chooses; other forms are those of `net.Server.listen`. */
  listen(port: number | string | ListenOptions, host?: string | (() => void), callback?: () => void): this {
    const listening = typeof host === 'function' ? host : callback
    if (listening) this.on('listening', listening)
    const told = (): boolean => this.emit('listening')
    if (typeof port === 'object') this.socket.listen(port, told)
    else this.socket.listen(port as number, typeof host === 'string' ? host : undefined, told)
    return this
  }

  /** Accepts nobody any more. Connections stay; when the last has gone, `close` is emitted. */
  close(callback?: () => void): void {
    if (callback) this.once('close', callback)
    this.socket.close()
  }

  #accepted(socket: Socket): void {
    // From the first moment on nobody's reset may become an unhandled error.
    socket.on('error', () => {})
    const late = { wheelTick: -1, expire: () => void socket.destroy() }
    runtime.wheel.add(late, defaultLimits.handshakeTimeoutMs)
    const inTime = (): void => runtime.wheel.cancel(late)
    socket.once('close', inTime).once(decided, inTime)
    this.#http.emit('connection', socket)
  }

  #upgrade(request: IncomingMessage, socket: Socket, first: Uint8Array): void {
    socket.emit(decided)
    const head = requestHeadOf(request)
    const exchange = new Http1Exchange(socket, head, first, true)
    try {
      this.#accept(exchange, head, readHandshakeRequest(head), socket)
    } catch (error) {
      const { status, headers } = error as Partial<HandshakeError>
      exchange.refuse(status ?? 500, headers ?? [], '')
      if (status === undefined)
        tell(() => {
          throw error
        })
    }
  }

  #accept(exchange: Http1Exchange, head: RequestHead, handshake: HandshakeRequest, socket: Socket): void {
    const connection = new Connection(socket, this)
    connection.path = head.target
    connection.headers = plainHeaders(head.headers)
    connection.protocols = [...handshake.protocols]
    const protocol = this.#choose(connection)
    const compression = compressionOf(this.#options.perMessageDeflate)
    const response = composeHandshakeResponse(handshake, protocol ?? '', compression, [], runtime.sha1)
    connection.once('connect', () => {
      this.connections.push(connection)
      this.emit('connection', connection)
    })
    connection.on('close', () => {
      const index = this.connections.indexOf(connection)
      if (index >= 0) this.connections.splice(index, 1)
    })
    const agreed = response.compression
    connection.opened({
      link: exchange.accept(response.status, response.headers),
      protocol,
      headers: connection.headers,
      compression:
        agreed && compression && new MessageCompression('server', agreed, runtime.deflate, compression),
    })
  }

  #choose(connection: Connection): string | undefined {
    const { protocols } = connection
    const { selectProtocol, validProtocols } = this.#options
    if (protocols.length === 0) return undefined
    const chosen =
      selectProtocol === undefined
        ? protocols.find((one) => validProtocols?.includes(one))
        : selectProtocol(connection, protocols)
    if (!chosen) return undefined
    if (!isToken(chosen)) throw new TypeError('selectProtocol chose something that is no subprotocol')
    return chosen
  }
}

/** Emitted on a socket, for ourselves, when its request has come. */
const decided = 'polyplex:decided'
