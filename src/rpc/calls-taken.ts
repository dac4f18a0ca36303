import { CallError } from '../errors.ts'
import { ItemReader, tooManyItems } from './item-reader.ts'
import { ItemWriter } from './item-writer.ts'

/** What the end that takes a call sends back; `to` is the number the caller gave it. */
export interface AnswerSink<Value> {
  reply(to: number, value: Value): void
  error(to: number, error: unknown): void
  item(to: number, value: Value): void
  end(to: number): void
  more(to: number, items: number): void
}

interface Taken<Value> {
  readonly deadline: number
  /** Made when the handler asks for the signal. */
  abort: AbortController | undefined
  /** Why nobody waits for the answer any more. */
  given: { readonly reason: unknown } | undefined
  /** Items of the caller; made when the first comes, or when the handler asks for them. */
  items: ItemReader<Value> | undefined
  itemsEnded: boolean
  writer: ItemWriter<Value> | undefined
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

/** The calls of the other end that are being worked on. Each is answered at most once. */
export class CallsTaken<Value> {
  readonly #sink: AnswerSink<Value>
  readonly #calls = new Map<number, Taken<Value>>()

  constructor(sink: AnswerSink<Value>) {
    this.#sink = sink
  }

  /** Calls without an answer. */
  get size(): number {
    return this.#calls.size
  }

  /** Lets `handler` work on the call numbered `id`, until `deadline` by the clock that `expire` is told. */
  take(id: number, deadline: number, handler: Handler<Value>): void {
    const call: Taken<Value> = {
      deadline,
      abort: undefined,
      given: undefined,
      items: undefined,
      itemsEnded: false,
      writer: undefined,
    }
    this.#calls.set(id, call)
    const itemsOf = (): ItemReader<Value> => this.#itemsOf(id, call)
    const seen: TakenCall<Value> = {
      get signal() {
        return signalOf(call)
      },
      get items() {
        return itemsOf()
      },
    }
    try {
      const answer = handler(seen)
      if (isThenable(answer))
        answer.then(
          (value) => this.#answer(id, call, value),
          (error) => this.#fail(id, call, error),
        )
      else this.#answer(id, call, answer)
    } catch (error) {
      this.#fail(id, call, error)
    }
  }

  /** The caller sends an item along. */
  item(id: number, value: Value): void {
    const call = this.#calls.get(id)
    if (call === undefined || call.itemsEnded) return
    if (!this.#itemsOf(id, call).push(value)) this.#fail(id, call, tooManyItems())
  }

  /** The caller sends no more items. */
  end(id: number): void {
    const call = this.#calls.get(id)
    if (call === undefined) return
    call.itemsEnded = true
    call.items?.end()
  }

  /** The caller gives leave for so many more items of the answer. */
  more(id: number, items: number): void {
    this.#calls.get(id)?.writer?.more(items)
  }

  /** The caller wants no answer any more. */
  cancel(id: number): void {
    const call = this.#calls.get(id)
    const message = 'The caller gave the call up'
    if (call !== undefined) this.#finish(id, call, new CallError('ERR_CANCELLED', { message }))
  }

  /** Answers the calls whose deadline has come with `ERR_DEADLINE`, and aborts their handlers. */
  expire(now: number): void {
    for (const [id, call] of this.#calls) {
      if (call.deadline > now) continue
      const message = 'The call took longer than its deadline (deadlineMs)'
      this.#fail(id, call, new CallError('ERR_DEADLINE', { message }))
    }
  }

  /** Aborts all handlers: nobody waits for their answers. */
  fail(error: Error): void {
    for (const [id, call] of this.#calls) this.#finish(id, call, error)
  }

  #itemsOf(id: number, call: Taken<Value>): ItemReader<Value> {
    if (call.items === undefined) {
      call.items = new ItemReader<Value>({
        more: (items) => {
          if (this.#calls.get(id) === call) this.#sink.more(id, items)
        },
        cancel: () => {
          call.itemsEnded = true
        },
      })
      if (call.itemsEnded) call.items.end()
      else if (call.given !== undefined) call.items.fail(call.given.reason as Error)
    }
    return call.items
  }

  #answer(id: number, call: Taken<Value>, value: unknown): void {
    if (this.#calls.get(id) !== call) {
      if (isStream(value)) void value[Symbol.asyncIterator]().return?.()
      return
    }
    if (!isStream(value)) {
      this.#finish(id, call, answered)
      this.#sink.reply(id, value as Value)
      return
    }
    const writer = new ItemWriter<Value>((item) => this.#sink.item(id, item))
    call.writer = writer
    writer.sendAll(value as AsyncIterable<Value>).then(
      (whole) => {
        if (!whole || this.#calls.get(id) !== call) return
        this.#finish(id, call, answered)
        this.#sink.end(id)
      },
      (error) => this.#fail(id, call, error),
    )
  }

  #fail(id: number, call: Taken<Value>, error: unknown): void {
    if (this.#calls.get(id) !== call) return
    this.#finish(id, call, error)
    this.#sink.error(id, error)
  }

  #finish(id: number, call: Taken<Value>, reason: unknown): void {
    this.#calls.delete(id)
    call.writer?.stop()
    if (reason === answered) call.items?.end()
    else {
      call.given = { reason }
      call.items?.fail(reason as Error)
      call.abort?.abort(reason)
    }
  }
}

function signalOf<Value>(call: Taken<Value>): AbortSignal {
  if (call.abort === undefined) {
    call.abort = new AbortController()
    if (call.given !== undefined) call.abort.abort(call.given.reason)
  }
  return call.abort.signal
}

const answered = Symbol('answered')

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}

/** Streams are what can be iterated asynchronously; a list is a value like any other. */
export function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
