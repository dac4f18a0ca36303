import { wireError } from '../../codec/frame.ts'
import { CallsTaken, type Handler } from '../../rpc/calls-taken.ts'
import type { Alarm, Time } from './time.ts'
import type { UnsentFrame } from './upstream.ts'
import { errorForServer } from './wire-error.ts'

/** What the server asks of this client, until it is answered. */
export class Answers extends CallsTaken<unknown> {
  readonly #time: Time
  readonly #alarm: Alarm
  /** Deadlines that have not come, of calls that may be answered by now. */
  #deadlines: number[] = []

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
    this.#time = time
    this.#alarm = time.alarm(() => this.#ring())
  }

  /** Lets `handler` answer within `deadlineMs`. */
  begin(id: number, deadlineMs: number | undefined, handler: Handler<unknown>): void {
    const deadline = deadlineMs === undefined ? Number.POSITIVE_INFINITY : this.#time.now() + deadlineMs
    this.take(id, deadline, handler)
    if (deadlineMs === undefined) return
    this.#deadlines.push(deadline)
    this.#alarm.set(Math.min(...this.#deadlines))
  }

  /** Nobody waits for any answer. */
  override fail(error: Error): void {
    super.fail(error)
    this.#deadlines = []
    this.#alarm.set(undefined)
  }

  #ring(): void {
    const now = this.#time.now()
    this.expire(now)
    this.#deadlines = this.#deadlines.filter((deadline) => deadline > now)
    this.#alarm.set(this.#deadlines.length === 0 ? undefined : Math.min(...this.#deadlines))
  }
}
