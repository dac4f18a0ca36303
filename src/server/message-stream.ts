import type { RealtimeError } from '../errors.ts'
import { copyOf } from '../util/bytes.ts'

/** Bytes that may wait in a stream before the link is paused. */
const highWaterMarkBytes = 65_536

/** A message that is taken piece by piece, as it comes; whoever reads slowly slows the peer down. */
export interface MessageStream {
  readonly type: 'text' | 'binary'
  /** The payload; text is valid UTF-8, which pieces may cut inside a character. Errors when the connection is lost. */
  readonly readable: ReadableStream<Uint8Array>
}

/** The writing end of a `MessageStream`. */
export class MessageStreamWriter {
  readonly stream: MessageStream
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined

  readonly #resume: () => void

  constructor(type: 'text' | 'binary', resume: () => void) {
    this.#resume = resume
    const readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: resume,
        cancel: () => this.abandon(),
      },
      { highWaterMark: highWaterMarkBytes, size: (chunk) => chunk.byteLength },
    )
    this.stream = { type, readable }
  }

  /** Whether more may come at once. */
  write(data: Uint8Array): boolean {
    if (this.#controller === undefined) return true
    this.#controller.enqueue(copyOf(data))
    return (this.#controller.desiredSize ?? 0) > 0
  }

  /** Nobody wants the rest: it is taken and forgotten. */
  abandon(): void {
    this.#controller = undefined
    this.#resume()
  }

  end(): void {
    this.#controller?.close()
    this.#controller = undefined
  }

  fail(error: RealtimeError): void {
    this.#controller?.error(error)
    this.#controller = undefined
  }
}
