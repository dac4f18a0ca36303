import { createServer, type Http2Server, type Http2Session, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { HandshakeError } from '../../errors.ts'
import type { WheelEntry } from '../../util/timer-wheel.ts'
import type { ListenerEvents, ListenOptions } from '../contract.ts'
import type { answerRequests } from './fetch-bridge.ts'
import { lateHead } from './head-reader.ts'
import { Http2Exchange, isExtendedConnect } from './http2-exchange.ts'
import { runtime } from './runtime.ts'

/** How long a session without any request is kept, in milliseconds. */
const idleMs = 60_000
/** How long a peer may take to end its side when a session is over, in milliseconds. */
const lingerMs = 2_000

/** Node's server of HTTP/2. It never listens: connections are handed to it. */
export class Http2Sessions {
  readonly #server: Http2Server
  readonly #sessions = new Map<Socket, Session>()
  readonly #events: ListenerEvents
  readonly #handshakeTimeoutMs: number

  constructor(options: ListenOptions, events: ListenerEvents, answer: ReturnType<typeof answerRequests>) {
    this.#events = events
    this.#handshakeTimeoutMs = options.handshakeTimeoutMs
    this.#server = createServer(
      { settings: { enableConnectProtocol: true, maxHeaderListSize: options.maxHeaderBytes } },
      answer,
    )
    this.#server.on('sessionError', (cause) => {
      const message = `HTTP/2 failed: ${cause.message}`
      events.failed(new HandshakeError('ERR_NETWORK', { message, cause }))
    })
    this.#server.on('connect', (request, response) => {
      if (isExtendedConnect(request.headers)) {
        events.upgrade(new Http2Exchange(request.stream, request.headers))
      } else {
        response.statusCode = 501
        response.end()
      }
    })
  }

  /** Speaks HTTP/2 on this connection. */
  take(socket: Socket): void {
    let opened: Http2Session | undefined
    const open = (session: Http2Session): void => {
      opened = session
    }
    this.#server.once('session', open)
    this.#server.emit('connection', socket)
    this.#server.off('session', open)
    if (opened === undefined) return
    this.#sessions.set(
      socket,
      new Session(opened, this.#handshakeTimeoutMs, (error) => this.#events.failed(error)),
    )
    socket.once('close', () => this.#sessions.delete(socket))
    // The session is over. A peer that keeps its side open is not waited for.
    socket.once('finish', () => {
      const linger = { wheelTick: -1, expire: () => void socket.destroy() }
      runtime.wheel.add(linger, lingerMs)
      socket.once('close', () => runtime.wheel.cancel(linger))
    })
  }

  /** Whether this connection speaks HTTP/2, and so will end by itself. */
  has(socket: Socket): boolean {
    return this.#sessions.has(socket)
  }

  /** Takes no further requests; a session ends with the last one that it has. */
  close(): void {
    for (const session of this.#sessions.values()) session.close()
  }
}

/** One connection: knows how many requests are in progress, and does not wait for ever for the first. */
class Session implements WheelEntry {
  wheelTick = -1
  readonly #session: Http2Session
  readonly #timeoutMs: number
  readonly #failed: (error: Error) => void
  #streams = 0

  constructor(session: Http2Session, timeoutMs: number, failed: (error: Error) => void) {
    this.#session = session
    this.#timeoutMs = timeoutMs
    this.#failed = failed
    runtime.wheel.add(this, timeoutMs)
    session.once('close', () => runtime.wheel.cancel(this))
    session.setTimeout(idleMs, () => {
      if (this.#streams === 0) session.close()
    })
    session.on('stream', (stream: ServerHttp2Stream) => {
      runtime.wheel.cancel(this)
      this.#streams += 1
      stream.once('close', () => {
        this.#streams -= 1
      })
    })
  }

  expire(): void {
    this.#failed(lateHead(this.#timeoutMs))
    this.#session.destroy()
  }

  close(): void {
    if (!this.#session.closed) this.#session.close()
  }
}
