import { initialCredit } from './item-reader.ts'

/** Sends the items of a stream as fast as its reader gives leave. */
export class ItemWriter<Value> {
  readonly #send: (item: Value) => void
  #credit = initialCredit
  #awaitingCredit: (() => void) | undefined
  #stopped = false

  constructor(send: (item: Value) => void) {
    this.#send = send
  }

  /** The reader gives leave for so many more items. */
  more(items: number): void {
    this.#credit += items
    this.#release()
  }

  /** Nobody reads any more. */
  stop(): void {
    this.#stopped = true
    this.#release()
  }

  /**
   * Sends all items of `source`, then resolves with true; with false where nobody reads any more, and the source was told so.
   * Rejects with whatever the source throws.
   */
  async sendAll(source: AsyncIterable<Value> | Iterable<Value>): Promise<boolean> {
    for await (const item of source) {
      while (this.#credit === 0 && !this.#stopped) {
        await new Promise<void>((resolve) => {
          this.#awaitingCredit = resolve
        })
      }
      if (this.#stopped) return false
      this.#credit -= 1
      this.#send(item)
    }
    return !this.#stopped
  }

  #release(): void {
    this.#awaitingCredit?.()
    this.#awaitingCredit = undefined
  }
}
