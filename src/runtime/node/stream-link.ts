import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Link, LinkSink } from '../../transport/link.ts'

const empty = new Uint8Array(0)

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
    if (this.#direct && stream.writableLength === 0) {
      stream.write(bytes)
      if (stream.writableLength === 0) return true
      this.#awaitDrain()
      return false
    }
    // Whoever is behind, or encrypts, gets a copy of its own: it must not hold the memory that all share.
    stream.write(bytes.slice())
    if (stream.writableLength > 0) this.#awaitDrain()
    return true
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

  /** An empty write is called back when everything before it has gone. */
  #awaitDrain(): void {
    if (this.#awaitingDrain) return
    this.#awaitingDrain = true
    this.#stream.write(empty, (error) => {
      this.#awaitingDrain = false
      if (error) return
      if (this.#stream.writableLength > 0) this.#awaitDrain()
      else this.#sink?.drained()
    })
  }
}
