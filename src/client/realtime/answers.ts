import { wireError } from '../../codec/frame.ts'
import { CallsTaken, type Handler } from '../../rpc/calls-taken.ts'
import { Deadlines } from './deadlines.ts'
import type { Time } from './time.ts'
import type { UnsentFrame } from './upstream.ts'
import { errorForServer } from './wire-error.ts'

/** What the server asks of this client, until it is answered. */
export class Answers extends CallsTaken<unknown> {
  readonly #deadlines: Deadlines

  /** `fault` hears of handlers that failed in a way the server is not told. */
  constructor(send: (frame: UnsentFrame) => void, fault: (error: Error) => void, time: Time) {
    super({
      reply: (to, body) => send({ type: 'reply', to, body }),
      error: (to, error) => {
        const told = errorForServer(error)
        if (told !== error) fault(told)
        send({ type: 'error', to, error: wireError(told) })
      },
      item: (to, body) => send({ type: 'item', to, body }),
      end: (to) => send({ type: 'end', to }),
      more: (to, items) => send({ type: 'more', to, items }),
    })
    this.#deadlines = new Deadlines(time, (now) => this.expire(now))
  }

  /** Lets `handler` answer within `deadlineMs`. */
  begin(id: number, deadlineMs: number | undefined, handler: Handler<unknown>): void {
    const deadline = this.#deadlines.in(deadlineMs)
    this.take(id, deadline, handler)
    this.#deadlines.add(deadline)
  }

  /** Nobody waits for any answer. */
  override fail(error: Error): void {
    super.fail(error)
    this.#deadlines.clear()
  }
}
