import type { Buffer } from 'node:buffer'
import type { Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'
import { HandshakeError } from '../../errors.ts'
import type { WheelEntry } from '../../util/timer-wheel.ts'
import type { ListenerEvents } from '../contract.ts'
import { HeadReader, lateHead } from './head-reader.ts'
import { answerAndEnd, Http1Exchange } from './http1-exchange.ts'
import type { Http2Sessions } from './http2-server.ts'
import { runtime } from './runtime.ts'

/** What all fresh connections of a listener share. */
export interface FrontSettings {
  readonly events: ListenerEvents
  readonly maxHeaderBytes: number
  readonly handshakeTimeoutMs: number
  /** Whether a link may take the handle of its socket. */
  readonly rawHandles: boolean
  /** Takes connections whose first request is no upgrade. */
  readonly http1: HttpServer
  /** Takes connections that speak HTTP/2. */
  readonly http2: Http2Sessions | undefined
}

/**
 * A fresh connection until the head of its first request is there, within the limits of time and size. Upgrades are
 * answered by us, everything else goes on to Node's HTTP servers as if they had accepted it themselves.
 */
export class HttpFront implements WheelEntry {
  wheelTick = -1
  readonly #socket: Socket
  readonly #settings: FrontSettings
  readonly #reader: HeadReader

  constructor(socket: Socket, settings: FrontSettings) {
    this.#socket = socket
    this.#settings = settings
    // Over TLS it is ALPN that says so (RFC 9113 §3.2).
    const { alpnProtocol } = socket as Socket & { alpnProtocol?: string | false }
    const mayBeHttp2 = settings.http2 !== undefined && (alpnProtocol === undefined || alpnProtocol === 'h2')
    this.#reader = new HeadReader(settings.maxHeaderBytes, mayBeHttp2)
    runtime.wheel.add(this, settings.handshakeTimeoutMs)
    socket.on('error', this.#failed)
    socket.on('data', this.#received)
    socket.on('end', this.#ended)
    socket.on('close', this.#leave)
  }

  expire(): void {
    this.#refuse(lateHead(this.#settings.handshakeTimeoutMs))
  }

  readonly #received = (chunk: Buffer): void => {
    const request = this.#reader.push(chunk)
    if (request === undefined) return
    if (request.kind === 'refused') this.#refuse(request.error)
    else if (request.kind === 'upgrade') {
      this.#leave()
      this.#settings.events.upgrade(
        new Http1Exchange(this.#socket, request.head, request.first, this.#settings.rawHandles),
      )
    } else {
      this.#leave()
      handOver(this.#socket, this.#reader.read, request.kind, this.#settings)
    }
  }

  #refuse(error: HandshakeError): void {
    this.#leave()
    refuseFirst(this.#socket, error, this.#settings.events)
  }

  /** From here on the socket is somebody else's. */
  readonly #leave = (): void => {
    runtime.wheel.cancel(this)
    this.#socket.off('error', this.#failed)
    this.#socket.off('data', this.#received)
    this.#socket.off('end', this.#ended)
    this.#socket.off('close', this.#leave)
  }

  readonly #failed = (error: Error): void => {
    const message = `The connection failed before it became a WebSocket: ${error.message}`
    this.#settings.events.failed(new HandshakeError('ERR_NETWORK', { message, cause: error }))
  }

  readonly #ended = (): void => {
    this.#socket.destroy()
  }
}

/** Lets Node's HTTP go on with a connection of which `read` has been read. */
export function handOver(
  socket: Socket,
  read: Buffer,
  kind: 'http1' | 'http2',
  { http1, http2 }: FrontSettings,
): void {
  socket.pause()
  socket.unshift(read)
  if (kind === 'http2') {
    // A session of HTTP/2 knows no half: with the peer's end its streams end too.
    socket.allowHalfOpen = false
    http2?.take(socket)
    // Bun's session waits for what was read to flow, as does the parser of HTTP/1.1; Node's takes it by itself.
    if (process.versions['bun'] !== undefined) socket.resume()
  } else {
    http1.emit('connection', socket)
    socket.resume()
  }
}

/** Answers a connection whose first request cannot be understood. */
export function refuseFirst(socket: Socket, error: HandshakeError, events: ListenerEvents): void {
  socket.on('error', () => {})
  events.failed(error)
  answerAndEnd(socket, error.status ?? 400, error.headers, `${error.message}\n`)
}
