import { Buffer } from 'node:buffer'
import type { Server as HttpServer } from 'node:http'
import type { Http2Server } from 'node:http2'
import type { Socket } from 'node:net'
import { HandshakeError } from '../../errors.ts'
import { endOfHead, parseRequestHead } from '../../protocol/http-head.ts'
import { wantsWebSocket } from '../../protocol/server-handshake.ts'
import type { WheelEntry } from '../../util/timer-wheel.ts'
import type { ListenerEvents } from '../contract.ts'
import { answerAndEnd, Http1Exchange } from './http1-exchange.ts'
import { runtime } from './runtime.ts'

/** What all fresh connections of a listener share. */
export interface FrontSettings {
  readonly events: ListenerEvents
  readonly maxHeaderBytes: number
  readonly handshakeTimeoutMs: number
  /** Takes connections whose first request is no upgrade. */
  readonly http1: HttpServer
  /** Takes connections that speak HTTP/2. */
  readonly http2: Http2Server | undefined
}

/** How a client of HTTP/2 begins, with or without TLS (RFC 9113 §3.4). */
const preface = Buffer.from('PRI * HTTP/2.0\r\n')

/**
 * A fresh connection until the head of its first request is there, within the limits of time and size. Upgrades are
 * answered by us, everything else goes on to Node's HTTP servers as if they had accepted it themselves.
 */
export class HttpFront implements WheelEntry {
  wheelTick = -1
  readonly #socket: Socket
  readonly #settings: FrontSettings
  #read: Buffer = Buffer.alloc(0)

  constructor(socket: Socket, settings: FrontSettings) {
    this.#socket = socket
    this.#settings = settings
    runtime.wheel.add(this, settings.handshakeTimeoutMs)
    runtime.wake()
    socket.on('error', this.#failed)
    socket.on('data', this.#received)
    socket.on('end', this.#ended)
    socket.on('close', this.#closed)
  }

  expire(): void {
    const message = `The request took over ${this.#settings.handshakeTimeoutMs} ms (option limits.handshakeTimeoutMs)`
    this.#refuse(new HandshakeError('ERR_HANDSHAKE_TIMEOUT', { status: 408, message }))
  }

  readonly #received = (chunk: Buffer): void => {
    const before = this.#read.length
    const read = before === 0 ? chunk : Buffer.concat([this.#read, chunk])
    this.#read = read
    if (this.#settings.http2 !== undefined && read.subarray(0, preface.length).equals(preface)) {
      this.#handOver(this.#settings.http2, read)
      return
    }
    const end = endOfHead(read, before)
    if (end < 0 ? read.length > this.#settings.maxHeaderBytes : end > this.#settings.maxHeaderBytes) {
      const message = `The head of the request is larger than ${this.#settings.maxHeaderBytes} bytes (option limits.maxHeaderBytes)`
      this.#refuse(new HandshakeError('ERR_HTTP_HEAD_TOO_LARGE', { status: 431, message }))
    } else if (end >= 0) this.#answer(read, end)
  }

  #answer(read: Buffer, end: number): void {
    try {
      const head = parseRequestHead(read.toString('latin1', 0, end))
      if (!wantsWebSocket(head)) {
        this.#handOver(this.#settings.http1, read)
        return
      }
      this.#leave()
      const first = end < read.length ? read.subarray(end) : undefined
      this.#settings.events.upgrade(new Http1Exchange(this.#socket, head, first))
    } catch (error) {
      if (!(error instanceof HandshakeError)) throw error
      this.#refuse(error)
    }
  }

  #handOver(server: HttpServer | Http2Server, read: Buffer): void {
    this.#leave()
    this.#socket.pause()
    this.#socket.unshift(read)
    server.emit('connection', this.#socket)
    // HTTP/2 takes what was read by itself; the parser of HTTP/1.1 waits for it to flow.
    if (server === this.#settings.http1) this.#socket.resume()
  }

  #refuse(error: HandshakeError): void {
    this.#leave()
    this.#socket.on('error', () => {})
    this.#settings.events.failed(error)
    answerAndEnd(this.#socket, error.status ?? 400, error.headers, `${error.message}\n`)
  }

  /** From here on the socket is somebody else's. */
  #leave(): void {
    runtime.wheel.cancel(this)
    this.#socket.off('error', this.#failed)
    this.#socket.off('data', this.#received)
    this.#socket.off('end', this.#ended)
    this.#socket.off('close', this.#closed)
  }

  readonly #failed = (error: Error): void => {
    const message = `The connection failed before it became a WebSocket: ${error.message}`
    this.#settings.events.failed(new HandshakeError('ERR_NETWORK', { message, cause: error }))
  }

  readonly #ended = (): void => {
    this.#socket.destroy()
  }

  readonly #closed = (): void => {
    this.#leave()
  }
}
