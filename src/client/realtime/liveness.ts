export interface HeartbeatTimes {
  readonly everyMs: number
  readonly graceMs: number
}

/** A clock that is so far behind did not run: the program slept, and its peer had no chance to be heard. */
const lateMs = 2_000
/** When there is reason to doubt, a living server has no longer to answer. */
const impatientMs = 5_000

/** Whether the other end is still there: asks after silence, and gives up after more of it. */
export class Liveness {
  readonly #times: HeartbeatTimes
  /** When it began. */
  readonly since: number
  /** When something was heard last. */
  heardAt: number
  /** When to look next: to ask, or to give up. */
  due: number
  #asked = false

  constructor(times: HeartbeatTimes, now: number) {
    this.#times = times
    this.since = now
    this.heardAt = now
    this.due = now + times.everyMs
  }

  /** Every frame is a sign of life. */
  heard(now: number): void {
    this.#asked = false
    this.heardAt = now
    this.due = now + this.#times.everyMs
  }

  /** Lets the next look ask at once, and wait for the answer no longer than a living server needs. */
  doubt(now: number): void {
    if (this.#asked) return
    this.#asked = true
    this.due = now + Math.min(this.#times.graceMs, impatientMs)
  }

  /** What to do at `now`. */
  look(now: number): 'nothing' | 'ask' | 'give up' {
    if (now < this.due) return 'nothing'
    if (this.#asked && now < this.due + lateMs) return 'give up'
    const { graceMs } = this.#times
    this.due = now + (this.#asked ? Math.min(graceMs, impatientMs) : graceMs)
    this.#asked = true
    return 'ask'
  }
}
