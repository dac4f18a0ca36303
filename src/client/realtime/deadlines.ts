import type { Alarm, Time } from './time.ts'

/** Wakes whoever keeps deadlines when the first of them comes, or earlier. */
export class Deadlines {
  readonly #time: Time
  readonly #alarm: Alarm
  #wakeAt = Number.POSITIVE_INFINITY

  /** `expire` ends what is late by `now`, and answers with the first deadline that is left. */
  constructor(time: Time, expire: (now: number) => number) {
    this.#time = time
    this.#alarm = time.alarm(() => {
      // Who is told may set the next.
      this.#wakeAt = Number.POSITIVE_INFINITY
      const first = expire(time.now())
      this.#wake(Math.min(first, this.#wakeAt))
    })
  }

  /** The time in so many milliseconds. */
  in(deadlineMs = Number.POSITIVE_INFINITY): number {
    return this.#time.now() + deadlineMs
  }

  /** Lets there be a look at `deadline`. */
  add(deadline: number): void {
    if (deadline < this.#wakeAt) this.#wake(deadline)
  }

  /** There is none any more. */
  clear(): void {
    this.#wake(Number.POSITIVE_INFINITY)
  }

  #wake(at: number): void {
    this.#wakeAt = at
    this.#alarm.set(at)
  }
}
