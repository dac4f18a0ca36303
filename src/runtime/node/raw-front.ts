import { Buffer } from 'node:buffer'
import { Socket } from 'node:net'
import { formatResponseHead, type RequestHead } from '../../protocol/http-head.ts'
import type { Link } from '../../transport/link.ts'
import type { WheelEntry } from '../../util/timer-wheel.ts'
import type { UpgradeExchange } from '../contract.ts'
import { HeadReader, lateHead } from './head-reader.ts'
import { type FrontSettings, handOver, refuseFirst } from './http-front.ts'
import { answerAndEnd } from './http1-exchange.ts'
import { type RawHandle, type RawReader, readBuffer, readInto } from './raw-handles.ts'
import { RawLink } from './raw-link.ts'
import { runtime } from './runtime.ts'

/**
 * A fresh connection as a handle of the event loop; does what `HttpFront` does, and makes a `net.Socket` of it as soon as
 * anything but an accepted upgrade is wanted.
 */
export class RawFront implements WheelEntry, UpgradeExchange, RawReader {
  wheelTick = -1
  readonly secure = false
  remoteAddress = ''
  /** Set before the exchange is given to anybody. */
  head!: RequestHead
  readonly #handle: RawHandle
  readonly #settings: FrontSettings
  readonly #left: (front: RawFront) => void
  #reader: HeadReader | undefined
  #first: Uint8Array | undefined
  #reading = true
  #closed = false
  /** What became of it, where that is no WebSocket. */
  #socket: Socket | undefined

  constructor(handle: RawHandle, settings: FrontSettings, left: (front: RawFront) => void) {
    this.#handle = handle
    this.#settings = settings
    this.#left = left
    this.#reader = new HeadReader(settings.maxHeaderBytes, settings.http2 !== undefined)
    runtime.wheel.add(this, settings.handshakeTimeoutMs)
    readInto(handle, this)
    handle.readStart()
  }

  get gone(): boolean {
    return this.#closed
  }

  expire(): void {
    refuseFirst(this.#leave(), lateHead(this.#settings.handshakeTimeoutMs), this.#settings.events)
  }

  /** @internal Called for every read of the handle. */
  readDone(length: number): void {
    if (length < 0) this.close()
    if (length <= 0) return
    const chunk = readBuffer.subarray(0, length)
    const reader = this.#reader
    if (reader === undefined) {
      // Sent while the application decides: little can come before reading stops.
      this.#first = Buffer.concat(this.#first === undefined ? [chunk] : [this.#first, chunk])
      return
    }
    const request = reader.push(chunk)
    if (request === undefined) return
    if (request.kind === 'refused') refuseFirst(this.#leave(), request.error, this.#settings.events)
    else if (request.kind === 'upgrade') this.#upgrade(request.head, request.first)
    else handOver(this.#leave(), reader.read, request.kind, this.#settings)
  }

  #upgrade(head: RequestHead, first: Uint8Array | undefined): void {
    runtime.wheel.cancel(this)
    this.#reader = undefined
    this.#first = first
    this.head = head
    const peer: { address?: string } = {}
    this.#handle.getpeername?.(peer)
    this.remoteAddress = peer.address ?? ''
    this.#settings.events.upgrade(this)
    if (this.#handle.polyplexReader !== this || this.#closed) return
    // The application takes its time.
    this.#reading = false
    this.#handle.readStop()
  }

  accept(status: 101 | 200, headers: Iterable<readonly [string, string]>): Link {
    this.#handle.polyplexReader = undefined
    this.#left(this)
    const link = new RawLink(this.#handle, this.#first, this.#reading)
    link.writeLatin1(formatResponseHead(status, headers))
    return link
  }

  refuse(status: number, headers: Iterable<readonly [string, string]>, body: string | Uint8Array): void {
    if (!this.#closed) answerAndEnd(this.#leave(), status, headers, body)
  }

  /** Cuts it at once, whatever became of it. */
  cut(): void {
    this.#socket?.destroy()
    this.close()
  }

  /** Ends a connection that never became a WebSocket, unless it is an ordinary socket that is `busy`. */
  close(busy: (socket: Socket) => boolean = () => false): void {
    if (this.#socket !== undefined && !busy(this.#socket)) this.#socket.destroySoon()
    if (this.#closed) return
    this.#closed = true
    runtime.wheel.cancel(this)
    this.#left(this)
    this.#handle.close(() => {})
  }

  /** From here on the connection is an ordinary socket. */
  #leave(): Socket {
    runtime.wheel.cancel(this)
    const handle = this.#handle
    handle.polyplexReader = undefined
    this.#closed = true
    handle.readStop()
    // The handle goes on reading into the shared buffer, so the socket is given copies.
    const onread = {
      buffer: readBuffer,
      callback: (length: number) => socket.push(Buffer.from(readBuffer.subarray(0, length))),
    }
    const socket: Socket = new Socket({ handle, allowHalfOpen: true, onread } as object)
    socket.on('error', () => {})
    socket.once('close', () => this.#left(this))
    this.#socket = socket
    return socket
  }
}
