import { CallError } from '../errors.ts'

/** Who made a call, and hears what becomes of it: `reply`, or items and `end`, or `error`; nothing after those three. */
export interface CallMaker<Value> {
  reply(value: Value): void
  error(error: Error): void
  item(value: Value): void
  end(): void
  /** The other side gives leave for so many more items. */
  more(items: number): void
}

interface Made<Value> {
  readonly maker: CallMaker<Value>
  readonly deadline: number
}

/** The calls one end has made and that have no answer yet, by the numbers it gave them. */
export class CallsMade<Value> {
  readonly #calls = new Map<number, Made<Value>>()

  /** Calls without an answer. */
  get size(): number {
    return this.#calls.size
  }

  /** A call was sent as `id`. It fails at `deadline`, a time of the caller's clock; never, where that is infinite. */
  add(id: number, maker: CallMaker<Value>, deadline: number): void {
    this.#calls.set(id, { maker, deadline })
  }

  /** Answers of calls that are over or given up are ignored: they crossed what ended them. */
  reply(id: number, value: Value): void {
    this.#take(id)?.reply(value)
  }

  error(id: number, error: Error): void {
    this.#take(id)?.error(error)
  }

  item(id: number, value: Value): void {
    this.#calls.get(id)?.maker.item(value)
  }

  end(id: number): void {
    this.#take(id)?.end()
  }

  more(id: number, items: number): void {
    this.#calls.get(id)?.maker.more(items)
  }

  /** Gives the call up. False where it was over already, so that nobody has to be told. */
  cancel(id: number, reason?: unknown): boolean {
    const maker = this.#take(id)
    maker?.error(
      new CallError('ERR_CANCELLED', { side: 'local', message: 'The call was given up', cause: reason }),
    )
    return maker !== undefined
  }

  /** Fails the calls whose deadline has come; answers with their numbers, so that the other side can be told. */
  expire(now: number): number[] {
    const late = [...this.#calls].filter(([, { deadline }]) => deadline <= now).map(([id]) => id)
    for (const id of late) {
      const message = 'No answer before the deadline (deadlineMs)'
      this.#take(id)?.error(new CallError('ERR_DEADLINE', { side: 'local', message }))
    }
    return late
  }

  /** Fails all calls: no answer can come any more. */
  fail(error: Error): void {
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    for (const { maker } of calls) maker.error(error)
  }

  #take(id: number): CallMaker<Value> | undefined {
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    return call?.maker
  }
}
