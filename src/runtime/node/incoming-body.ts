import type { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { constants, type Http2ServerRequest } from 'node:http2'
import type { WheelEntry } from '../../util/timer-wheel.ts'
import { runtime } from './runtime.ts'

/** How long what nobody reads may take to arrive, in milliseconds. */
const lingerMs = 2_000

/**
 * The body of a request, read no faster than somebody asks for it. What is left of it when the request is answered is let
 * pass, as the next request of the connection stands behind it; where that takes too long, the connection ends.
 */
export class IncomingBody implements WheelEntry {
  wheelTick = -1
  readonly stream: ReadableStream<Uint8Array>
  readonly #request: IncomingMessage | Http2ServerRequest
  /** Nothing where nobody reads it any more, or there is no more. */
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined

  constructor(request: IncomingMessage | Http2ServerRequest) {
    this.#request = request
    // Nothing moves before somebody reads.
    request.pause()
    this.stream = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => {
          request.resume()
        },
        cancel: () => this.#forget(),
      },
      { highWaterMark: 0 },
    )
    request.on('data', this.#arrived)
    request.on('end', this.#ended)
    request.on('error', this.#failed)
    request.on('close', this.#failed)
  }

  /** The request is answered: the rest is not wanted. */
  answered(): void {
    const request = this.#request
    this.#controller?.error(new TypeError('The request was answered before its body was read'))
    this.#forget()
    if (request.readableEnded || request.destroyed) return
    if ('stream' in request) {
      // RFC 9113 §8.1: a whole answer needs no more of the request.
      request.stream.close(constants.NGHTTP2_NO_ERROR)
      return
    }
    runtime.wheel.add(this, lingerMs)
    request.on('end', this.#passed)
    request.on('close', this.#passed)
    request.resume()
  }

  /** The wheel: it does not end. */
  expire(): void {
    this.#request.socket.destroy()
  }

  readonly #passed = (): void => runtime.wheel.cancel(this)

  readonly #arrived = (chunk: Buffer): void => {
    if (this.#controller === undefined) return
    this.#request.pause()
    this.#controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  }

  readonly #ended = (): void => {
    if (this.#request.aborted) this.#failed()
    else this.#controller?.close()
    this.#controller = undefined
  }

  readonly #failed = (error?: Error): void => {
    this.#controller?.error(
      error ?? new TypeError('The connection was lost before the body of the request had ended'),
    )
    this.#controller = undefined
  }

  #forget(): void {
    this.#controller = undefined
  }
}
