/** How fast something may happen. */
export interface Rate {
  /** On average, in the long run. */
  readonly perSecond: number
  /** At once, after a pause. */
  readonly burst: number
}

/** Lets something happen at a rate: a bucket that fills steadily, and gives one token each time. */
export class TokenBucket {
  readonly #rate: Rate
  /** When the bucket will be full again. */
  #fullAt = Number.NEGATIVE_INFINITY

  constructor(rate: Rate) {
    this.#rate = rate
  }

  /** Takes a token. Answers 0, or in how many milliseconds there will be one. */
  take(now: number): number {
    const { perSecond, burst } = this.#rate
    const tokenMs = 1000 / perSecond
    const fullAt = Math.max(this.#fullAt, now)
    const waitMs = fullAt - now - (burst - 1) * tokenMs
    if (waitMs > 0) return Math.ceil(waitMs)
    this.#fullAt = fullAt + tokenMs
    return 0
  }
}
