import { CallError } from '../errors.ts'

/** Items that may be under way before the reader has given leave for more. */
export const initialCredit = 32

type Result<Value> = IteratorResult<Value, undefined>

/** What the reader of a stream tells whoever sends it. */
export interface ItemReaderEvents {
  /** So many items have been read: as many more may come. */
  more(items: number): void
  /** Nobody reads any more. */
  cancel(): void
}

/**
 * The items of a stream, for one reader. What has arrived and was not read yet is bounded by the credit the sender has;
 * credit is given back in halves, so that it costs few frames and the stream never stands still.
 */
export class ItemReader<Value> implements AsyncIterableIterator<Value, undefined> {
  readonly #events: ItemReaderEvents
  #items: Value[] = []
  readonly #waiting: ((result: Result<Value> | Promise<Result<Value>>) => void)[] = []
  /** Items that may still come. */
  #credit = initialCredit
  /** Items that were read and not given back as credit. */
  #read = 0
  #ended = false
  /** What the reader gets behind the last item. */
  #reason: unknown

  constructor(events: ItemReaderEvents) {
    this.#events = events
  }

  /** An item has come. False where the sender had no leave for it. */
  push(item: Value): boolean {
    if (this.#ended) return true
    if (this.#credit === 0) return false
    this.#credit -= 1
    const reader = this.#waiting.shift()
    if (!reader) this.#items.push(item)
    else {
      reader({ done: false, value: item })
      this.#giveBack()
    }
    return true
  }

  /** No item comes any more; those that have come can be read, and behind the last one the reader gets `reason`, if there is one. */
  end(reason?: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#reason = reason
    for (const reader of this.#waiting.splice(0)) reader(this.next())
  }

  async next(): Promise<Result<Value>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift() as Value
      this.#giveBack()
      return { done: false, value }
    }
    if (!this.#ended) return new Promise((resolve) => this.#waiting.push(resolve))
    const reason = this.#reason
    this.#reason = undefined
    if (reason !== undefined) throw reason
    return done
  }

  async return(): Promise<Result<Value>> {
    if (!this.#ended) {
      this.end()
      this.#events.cancel()
    }
    this.#items = []
    this.#reason = undefined
    return done
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #giveBack(): void {
    if (this.#ended) return
    this.#read += 1
    if (this.#read < initialCredit / 2) return
    this.#credit += this.#read
    this.#events.more(this.#read)
    this.#read = 0
  }
}

const done = { done: true, value: undefined } as const

/** What is wrong with a peer that sends items without leave. */
export function tooManyItems(): CallError {
  return new CallError('ERR_TOO_MANY', { message: 'More items came than were asked for' })
}
