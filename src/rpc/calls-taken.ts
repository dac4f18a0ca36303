import { CallError } from '../errors.ts'
import { ItemReader, type ItemReaderEvents, tooManyItems } from './item-reader.ts'
import { ItemWriter } from './item-writer.ts'

/** What the end that takes a call sends back; `to` is the number the caller gave it. */
export interface AnswerSink<Value> {
  reply(to: number, value: Value): void
  error(to: number, error: unknown): void
  item(to: number, value: Value): void
  end(to: number): void
  more(to: number, items: number): void
}

/** A call as its handler sees it. */
export interface TakenCall<Value> {
  /** Aborted when the caller gives up, the deadline comes, or the session ends. */
  readonly signal: AbortSignal
  /** What the caller sends along, item by item. */
  readonly items: AsyncIterableIterator<Value, undefined>
}

/** What a handler answers with: a value, a promise of one, or a stream of them. */
export type Handler<Value> = (call: TakenCall<Value>) => unknown

/** One call that is being worked on. */
class Taken<Value> implements TakenCall<Value>, ItemReaderEvents {
  readonly id: number
  readonly deadline: number
  readonly #sink: AnswerSink<Value>
  /** Answered, or given up. */
  over = false
  writer: ItemWriter<Value> | undefined
  /** Made when the handler asks for the signal. */
  #abort: AbortController | undefined
  /** Why nobody waits for the answer any more. */
  #reason: unknown
  /** Items of the caller; made when the first comes, or when the handler asks for them. */
  #items: ItemReader<Value> | undefined
  #itemsEnded = false

  constructor(id: number, deadline: number, sink: AnswerSink<Value>) {
    this.id = id
    this.deadline = deadline
    this.#sink = sink
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController()
      if (this.#reason !== undefined) this.#abort.abort(this.#reason)
    }
    return this.#abort.signal
  }

  get items(): ItemReader<Value> {
    if (!this.#items) {
      this.#items = new ItemReader<Value>(this)
      if (this.#itemsEnded) this.#items.end(this.#reason)
    }
    return this.#items
  }

  /** An item has come. False where the caller had no leave for it. */
  push(value: Value): boolean {
    return this.#itemsEnded || this.items.push(value)
  }

  endItems(reason?: unknown): void {
    this.#itemsEnded = true
    this.#items?.end(reason)
  }

  /** The handler has read so many items. */
  more(items: number): void {
    if (!this.over) this.#sink.more(this.id, items)
  }

  /** The handler reads no further. */
  cancel(): void {
    this.#itemsEnded = true
  }

  /** The answer is there, or for `reason` nobody waits for it. */
  finish(reason: unknown): void {
    this.over = true
    this.#reason = reason
    this.writer?.stop()
    this.endItems(reason)
    if (reason !== undefined) this.#abort?.abort(reason)
  }
}

/** The calls of the other end that are being worked on. Each is answered at most once. */
export class CallsTaken<Value> {
  readonly #sink: AnswerSink<Value>
  /** Those whose handlers have returned, and answer later. */
  readonly #calls = new Map<number, Taken<Value>>()
  /** The one whose handler is running: most answer before they return, and are never kept. */
  #running: Taken<Value> | undefined

  constructor(sink: AnswerSink<Value>) {
    this.#sink = sink
  }

  /** Calls without an answer. */
  get size(): number {
    return this.#calls.size + (this.#running === undefined ? 0 : 1)
  }

  /** Lets `handler` work on the call numbered `id`, until `deadline` by the clock that `expire` is told. */
  take(id: number, deadline: number, handler: Handler<Value>): void {
    const call = new Taken(id, deadline, this.#sink)
    this.#keepRunning()
    this.#running = call
    try {
      const answer = handler(call)
      if (isThenable(answer))
        answer.then(
          (value) => this.#answer(call, value),
          (error) => this.#fail(call, error),
        )
      else this.#answer(call, answer)
    } catch (error) {
      this.#fail(call, error)
    }
    if (this.#running === call) this.#keepRunning()
  }

  /** The caller sends an item along. */
  item(id: number, value: Value): void {
    const call = this.#find(id)
    if (call?.push(value) === false) this.#fail(call, tooManyItems())
  }

  /** The caller sends no more items. */
  end(id: number): void {
    this.#find(id)?.endItems()
  }

  /** The caller gives leave for so many more items of the answer. */
  more(id: number, items: number): void {
    this.#find(id)?.writer?.more(items)
  }

  /** The caller wants no answer any more. */
  cancel(id: number): void {
    const call = this.#find(id)
    const message = 'The call was given up'
    if (call) this.#finish(call, new CallError('ERR_CANCELLED', { message }))
  }

  /** Answers the calls whose deadline has come with `ERR_DEADLINE`, and aborts their handlers. Answers with the first that has not. */
  expire(now: number): number {
    this.#keepRunning()
    let first = Number.POSITIVE_INFINITY
    for (const call of this.#calls.values()) {
      if (call.deadline > now) first = Math.min(first, call.deadline)
      else {
        const message = 'No answer before the deadline (deadlineMs)'
        this.#fail(call, new CallError('ERR_DEADLINE', { message }))
      }
    }
    return first
  }

  /** Aborts all handlers: nobody waits for their answers. */
  fail(error: Error): void {
    this.#keepRunning()
    for (const call of this.#calls.values()) this.#finish(call, error)
  }

  #answer(call: Taken<Value>, value: unknown): void {
    if (call.over) {
      if (isStream(value)) void value[Symbol.asyncIterator]().return?.()
      return
    }
    if (!isStream(value)) {
      this.#finish(call)
      this.#sink.reply(call.id, value as Value)
      return
    }
    const writer = new ItemWriter<Value>((item) => this.#sink.item(call.id, item))
    call.writer = writer
    writer.sendAll(value as AsyncIterable<Value>).then(
      (whole) => {
        if (!whole || call.over) return
        this.#finish(call)
        this.#sink.end(call.id)
      },
      (error) => this.#fail(call, error),
    )
  }

  #fail(call: Taken<Value>, error: unknown): void {
    if (call.over) return
    this.#finish(call, error)
    this.#sink.error(call.id, error)
  }

  #finish(call: Taken<Value>, reason?: unknown): void {
    if (this.#running === call) this.#running = undefined
    else this.#calls.delete(call.id)
    call.finish(reason)
  }

  #find(id: number): Taken<Value> | undefined {
    return this.#running?.id === id ? this.#running : this.#calls.get(id)
  }

  #keepRunning(): void {
    if (this.#running) this.#calls.set(this.#running.id, this.#running)
    this.#running = undefined
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}

/** Streams are what can be iterated asynchronously; a list is a value like any other. */
export function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
