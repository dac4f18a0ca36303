/** One message in pieces, as the application has them. */
export type MessageSource =
  | AsyncIterable<string | Uint8Array>
  | Iterable<string | Uint8Array>
  | ReadableStream<string | Uint8Array>

/** Reads a source piece by piece, and lets go of it at once when nobody needs the rest. */
export class MessageSourceReader {
  readonly #next: () => PromiseLike<Step> | Step
  readonly #cancel: (reason: unknown) => unknown
  #interrupt: ((reason: Error) => void) | undefined

  constructor(source: MessageSource) {
    if ('getReader' in source) {
      const reader = source.getReader()
      this.#next = () => reader.read()
      this.#cancel = (reason) => reader.cancel(reason)
    } else {
      const iterator =
        Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
      this.#next = () => iterator.next()
      this.#cancel = () => iterator.return?.()
    }
  }

  /** The next piece, or `undefined` behind the last; rejects where the source fails or `interrupt` is called. */
  next(): Promise<string | Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject
      Promise.resolve(this.#next()).then(
        ({ done, value }) => resolve(done === true ? undefined : value),
        reject,
      )
    })
  }

  /** Ends the waiting for the next piece, which may never come. */
  interrupt(reason: Error): void {
    this.#interrupt?.(reason)
  }

  /** Tells the source that the rest is not wanted; what it makes of that is its own affair. */
  async cancel(reason: unknown): Promise<void> {
    try {
      await this.#cancel(reason)
    } catch {
      // It failed while it was given up.
    }
  }
}

type Step = { done?: boolean | undefined; value?: string | Uint8Array | undefined }
