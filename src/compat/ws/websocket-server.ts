import { Buffer } from 'node:buffer'
import { EventEmitter } from 'node:events'
import { createServer, type Server as HttpServer, type IncomingMessage, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { acceptFor } from '../../protocol/handshake-key.ts'
import { runtime } from '../../runtime/node/runtime.ts'
import { defaultOptions, perMessageDeflateName } from './constants.ts'
import { format, parse as parseExtensions } from './extension.ts'
import { PerMessageDeflate, type PerMessageDeflateOptions } from './per-message-deflate.ts'
import type { Extensions } from './sender.ts'
import { parse as parseProtocols } from './subprotocol.ts'
import { type SocketOptions, WebSocket } from './websocket.ts'

type ResponseHeaders = Record<string, string | number | readonly string[] | undefined>

interface ClientInfo {
  readonly origin: string | undefined
  readonly secure: boolean
  readonly req: IncomingMessage
}

type Verdict = (verified: boolean, code?: number, message?: string, headers?: ResponseHeaders) => void

/** Options of a server. One and only one of `port`, `server` and `noServer` is given. */
export interface ServerOptions extends SocketOptions {
  /** Length of the queue of connections not yet accepted. @default 511 */
  backlog?: number | null | undefined
  /** Whether `clients` holds the connections. @default true */
  clientTracking?: boolean | undefined
  /** How long the closing handshake may take, in milliseconds; then the connection is cut. @default 30000 */
  closeTimeout?: number | undefined
  /** Chooses a subprotocol. @default the client's first */
  handleProtocols?: ((protocols: Set<string>, request: IncomingMessage) => string | false) | null | undefined
  host?: string | null | undefined
  noServer?: boolean | undefined
  /** Only requests for this path are taken. */
  path?: string | null | undefined
  /** @default false */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined
  port?: number | null | undefined
  server?: HttpServer | null | undefined
  /** Whether a client is let in; with two parameters it answers by the second. */
  verifyClient?: ((info: ClientInfo, verdict: Verdict) => unknown) | null | undefined
  WebSocket?: typeof WebSocket | undefined
}

const RUNNING = 0
const CLOSING = 1
const CLOSED = 2

const key = /^[+/0-9A-Za-z]{22}==$/

/** Sockets that have become WebSockets. */
const taken = new WeakSet<Duplex>()

/** What a valid request asks for. */
interface Wanted {
  readonly key: string
  readonly protocols: Set<string>
  readonly extensions: Extensions
}

type Upgraded = (websocket: WebSocket, request: IncomingMessage) => void

/** A server of the package `ws`: turns the requests of an HTTP server into WebSockets. */
export class WebSocketServer extends EventEmitter {
  readonly options: ServerOptions & { WebSocket: typeof WebSocket }
  /** All connections, unless `clientTracking` is false. */
  clients: Set<WebSocket> | undefined
  _server: HttpServer | null = null
  _state: 0 | 1 | 2 = RUNNING
  _shouldEmitClose = false
  _removeListeners: (() => void) | null = null

  constructor(options?: ServerOptions, callback?: () => void) {
    super()
    this.options = {
      ...defaultOptions,
      perMessageDeflate: false,
      handleProtocols: null,
      clientTracking: true,
      verifyClient: null,
      noServer: false,
      backlog: null,
      server: null,
      host: null,
      path: null,
      port: null,
      ...options,
      WebSocket: options?.WebSocket ?? WebSocket,
    }
    const { port, server, noServer } = this.options
    if ([port !== undefined && port !== null, server, noServer].filter(Boolean).length !== 1) {
      throw new TypeError('One and only one of the "port", "server", or "noServer" options must be specified')
    }
    if (port !== undefined && port !== null) this._server = this.#listen(port, callback)
    else if (server) this._server = server
    if (this._server !== null) this.#attach(this._server)
    if (this.options.perMessageDeflate === true) this.options.perMessageDeflate = {}
    if (this.options.clientTracking) this.clients = new Set()
  }

  #listen(port: number, callback: (() => void) | undefined): HttpServer {
    const server = createServer((_request, response) => {
      const body = STATUS_CODES[426] as string
      response.writeHead(426, { 'Content-Length': body.length, 'Content-Type': 'text/plain' })
      response.end(body)
    })
    server.listen(port, this.options.host ?? undefined, this.options.backlog ?? undefined, callback)
    return server
  }

  #attach(server: HttpServer): void {
    const connected: Upgraded = (websocket, request) => {
      this.emit('connection', websocket, request)
    }
    const listeners = {
      listening: () => this.emit('listening'),
      error: (error: Error) => this.emit('error', error),
      upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) =>
        this.handleUpgrade(request, socket, head, connected),
    }
    for (const [event, listener] of Object.entries(listeners)) server.on(event, listener as () => void)
    this._removeListeners = () => {
      for (const [event, listener] of Object.entries(listeners)) server.off(event, listener as () => void)
    }
  }

  /** Where the server listens; `null` while it does not. */
  address(): AddressInfo | string | null {
    if (this.options.noServer) throw new Error('The server is operating in "noServer" mode')
    return this._server?.address() ?? null
  }

  /** Takes no more connections; `close` is emitted when those there are have ended. */
  close(callback?: (error?: Error) => void): void {
    if (this._state === CLOSED) {
      if (callback) this.once('close', () => callback(new Error('The server is not running')))
      process.nextTick(emitClose, this)
      return
    }
    if (callback) this.once('close', callback)
    if (this._state === CLOSING) return
    this._state = CLOSING
    const server = this._server
    this._removeListeners?.()
    this._removeListeners = null
    this._server = null
    if (server !== null && !this.options.server) server.close(() => emitClose(this))
    else if (this.clients !== undefined && this.clients.size > 0) this._shouldEmitClose = true
    else process.nextTick(emitClose, this)
  }

  /** Whether a request is for this server; meant to be overridden. */
  shouldHandle(request: IncomingMessage): boolean | Promise<boolean> {
    const { path } = this.options
    return !path || request.url?.split('?', 1)[0] === path
  }

  /** Turns a request into a WebSocket, or refuses it. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, callback: Upgraded): void {
    socket.on('error', destroy)
    const wanted = this.#read(request, socket)
    if (wanted === undefined) return
    const { verifyClient } = this.options
    const proceed = (): void => this.#complete(wanted, request, socket, head, callback)
    if (!verifyClient) {
      proceed()
      return
    }
    const { headers } = request
    const origin = headers[headers['sec-websocket-version'] === '8' ? 'sec-websocket-origin' : 'origin']
    const { authorized, encrypted } = request.socket as { authorized?: boolean; encrypted?: boolean }
    const info = {
      origin: origin as string | undefined,
      secure: Boolean(authorized || encrypted),
      req: request,
    }
    if (verifyClient.length === 2) {
      verifyClient(info, (verified, code, message, responseHeaders) => {
        if (verified) proceed()
        else refuse(socket, code || 401, message, responseHeaders)
      })
    } else if ((verifyClient as (info: ClientInfo) => unknown)(info)) proceed()
    else refuse(socket, 401)
  }

  /** Checks a request; refuses it where it is not a valid opening handshake. */
  #read(request: IncomingMessage, socket: Duplex): Wanted | undefined {
    const { method, headers } = request
    const wrong = (status: number, message: string, more?: ResponseHeaders): undefined => {
      if (this.listenerCount('wsClientError') > 0) {
        this.emit('wsClientError', new Error(message), socket, request)
      } else refuse(socket, status, message, more)
    }
    if (method !== 'GET') return wrong(405, 'Invalid HTTP method')
    if (headers.upgrade?.toLowerCase() !== 'websocket') return wrong(400, 'Invalid Upgrade header')
    const requestKey = headers['sec-websocket-key']
    if (requestKey === undefined || !key.test(requestKey)) {
      return wrong(400, 'Missing or invalid Sec-WebSocket-Key header')
    }
    const version = Number(headers['sec-websocket-version'])
    if (version !== 13 && version !== 8) {
      const versions = { 'Sec-WebSocket-Version': '13, 8' }
      return wrong(400, 'Missing or invalid Sec-WebSocket-Version header', versions)
    }
    if (!this.shouldHandle(request)) {
      refuse(socket, 400)
      return undefined
    }
    let protocols = new Set<string>()
    try {
      const asked = headers['sec-websocket-protocol']
      if (asked !== undefined) protocols = parseProtocols(asked)
    } catch {
      return wrong(400, 'Invalid Sec-WebSocket-Protocol header')
    }
    try {
      return { key: requestKey, protocols, extensions: this.#accept(headers['sec-websocket-extensions']) }
    } catch {
      return wrong(400, 'Invalid or unacceptable Sec-WebSocket-Extensions header')
    }
  }

  #accept(header: string | undefined): Extensions {
    const { perMessageDeflate, maxPayload } = this.options
    if (!perMessageDeflate || header === undefined) return {}
    const offers = parseExtensions(header)[perMessageDeflateName]
    if (offers === undefined) return {}
    const wanted = perMessageDeflate === true ? {} : perMessageDeflate
    const compression = new PerMessageDeflate({
      ...wanted,
      isServer: true,
      ...(maxPayload !== undefined && { maxPayload }),
    })
    compression.accept(offers)
    return { [perMessageDeflateName]: compression }
  }

  /** Answers a valid request; throws where its socket has become a WebSocket before. */
  #complete(
    { key: requestKey, protocols, extensions }: Wanted,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: Upgraded,
  ): void {
    // The client has gone already.
    if (!socket.readable || !socket.writable) {
      socket.destroy()
      return
    }
    if (taken.has(socket)) {
      throw new Error(
        'server.handleUpgrade() was called more than once with the same socket, possibly due to a misconfiguration',
      )
    }
    if (this._state > RUNNING) {
      refuse(socket, 503)
      return
    }
    const headers = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptFor(requestKey, runtime.sha1)}`,
    ]
    const websocket = new this.options.WebSocket(null, undefined, this.options as object)
    if (protocols.size > 0) {
      const { handleProtocols } = this.options
      const [first = ''] = protocols
      const protocol = handleProtocols ? handleProtocols(protocols, request) : first
      if (protocol) {
        headers.push(`Sec-WebSocket-Protocol: ${protocol}`)
        websocket._protocol = protocol
      }
    }
    const compression = extensions[perMessageDeflateName]
    if (compression !== undefined) {
      const value = format({ [perMessageDeflateName]: { ...compression.params } })
      headers.push(`Sec-WebSocket-Extensions: ${value}`)
      websocket._extensions = extensions
    }
    this.emit('headers', headers, request)
    socket.write(`${headers.join('\r\n')}\r\n\r\n`)
    socket.removeListener('error', destroy)
    taken.add(socket)
    websocket.setSocket(socket, head, this.options)
    this.#track(websocket)
    callback(websocket, request)
  }

  #track(websocket: WebSocket): void {
    const { clients } = this
    if (clients === undefined) return
    clients.add(websocket)
    websocket.on('close', () => {
      clients.delete(websocket)
      if (this._shouldEmitClose && clients.size === 0) process.nextTick(emitClose, this)
    })
  }
}

function emitClose(server: WebSocketServer): void {
  server._state = CLOSED
  server.emit('close')
}

function destroy(this: Duplex): void {
  this.destroy()
}

/** Answers a request with an error, and ends its connection. */
function refuse(socket: Duplex, status: number, message?: string, headers?: ResponseHeaders): void {
  const body = message || (STATUS_CODES[status] ?? '')
  const fields = {
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  socket.once('finish', destroy)
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
}
