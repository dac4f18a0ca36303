import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Link, LinkSink } from '../../transport/link.ts'

/** A link over any of Node's duplex streams: a TCP or Unix socket, TLS, a stream of HTTP/2. */
export class StreamLink implements Link {
  readonly #stream: Duplex
  /** What was read behind the head of the handshake. */
  #first: Uint8Array | undefined
  /** TCP and Unix sockets try to write at once, so `writableLength` tells whether the system took everything. */
  readonly #direct: boolean
  #sink: LinkSink | undefined
  #error: Error | undefined
  #awaitingDrain = false
  #paused = false

  constructor(stream: Duplex, first: Uint8Array | undefined) {
    this.#stream = stream
    this.#first = first
    this.#direct = stream.constructor === Socket
    // From the first moment on nobody's reset may become an unhandled error.
    stream.on('error', (error: Error) => {
      this.#error = error
    })
  }

  start(sink: LinkSink): void {
    this.#sink = sink
    const stream = this.#stream
    stream.on('close', () => sink.closed(this.#error))
    if (stream.destroyed) {
      queueMicrotask(() => sink.closed(this.#error))
      return
    }
    stream.on('end', () => sink.ended())
    const first = this.#first
    this.#first = undefined
    if (first !== undefined && first.length > 0) sink.received(first)
    stream.on('data', (chunk: Uint8Array) => sink.received(chunk))
    if (!this.#paused) stream.resume()
  }

  write(bytes: Uint8Array): boolean {
    const stream = this.#stream
    if (stream.destroyed || stream.writableEnded) return true
    const needed = this.#direct && stream.writableLength === 0
    // Whoever is behind, or encrypts, gets a copy of its own: it must not hold the memory that all share.
    stream.write(needed ? bytes : bytes.slice(), this.#written)
    if (stream.writableLength === 0) return true
    this.#awaitingDrain = true
    return !needed
  }

  get bufferedBytes(): number {
    return this.#stream.writableLength
  }

  end(): void {
    if (!this.#stream.writableEnded && !this.#stream.destroyed) this.#stream.end()
  }

  destroy(): void {
    this.#stream.destroy()
  }

  pause(): void {
    this.#paused = true
    this.#stream.pause()
  }

  resume(): void {
    this.#paused = false
    this.#stream.resume()
  }

  /** Called when a write has gone. An empty write at the end would tell the same, but fails on TLS sockets of Deno. */
  readonly #written = (error?: Error | null): void => {
    if (!this.#awaitingDrain || error || this.#stream.writableLength > 0) return
    this.#awaitingDrain = false
    this.#sink?.drained()
  }
}
