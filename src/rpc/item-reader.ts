import { CallError } from '../errors.ts'

/** Items that may be under way before the reader has given leave for more. */
export const initialCredit = 32

interface Waiting<Value> {
  resolve(result: IteratorResult<Value, undefined>): void
  reject(error: Error): void
}

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
  readonly #waiting: Waiting<Value>[] = []
  /** Items that may still come. */
  #credit = initialCredit
  /** Items that were read and not given back as credit. */
  #read = 0
  #ended = false
  #error: Error | undefined

  constructor(events: ItemReaderEvents) {
    this.#events = events
  }

  /** An item has come. False where the sender had no leave for it. */
  push(item: Value): boolean {
    if (this.#ended) return true
    if (this.#credit === 0) return false
    this.#credit -= 1
    const reader = this.#waiting.shift()
    if (reader === undefined) this.#items.push(item)
    else {
      reader.resolve({ done: false, value: item })
      this.#giveBack()
    }
    return true
  }

  /** No item comes any more; those that have come can be read. */
  end(): void {
    this.#finish(undefined)
  }

  /** As `end`, and behind the last item the reader gets the error. */
  fail(error: Error): void {
    this.#finish(error)
  }

  next(): Promise<IteratorResult<Value, undefined>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift() as Value
      this.#giveBack()
      return Promise.resolve({ done: false, value })
    }
    if (!this.#ended) return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
    const error = this.#error
    this.#error = undefined
    return error === undefined ? Promise.resolve(done) : Promise.reject(error)
  }

  return(): Promise<IteratorResult<Value, undefined>> {
    if (!this.#ended) {
      this.#finish(undefined)
      this.#events.cancel()
    }
    this.#items = []
    this.#error = undefined
    return Promise.resolve(done)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #finish(error: Error | undefined): void {
    if (this.#ended) return
    this.#ended = true
    const [first, ...others] = this.#waiting.splice(0)
    if (first === undefined) this.#error = error
    else if (error === undefined) first.resolve(done)
    else first.reject(error)
    for (const { resolve } of others) resolve(done)
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
  return new CallError('ERR_TOO_MANY', { message: 'More items came than the reader gave leave for' })
}
