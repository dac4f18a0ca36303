/** How many answers are kept for a peer that asks again, and how long. */
export interface AnswerWindowLimits {
  readonly maxAnswers: number
  readonly maxAgeMs: number
}

/** What is known about a numbered frame: never seen; seen, and without an answer yet; answered; or too long ago. */
export type Seen<Answer> =
  | { readonly state: 'fresh' }
  | { readonly state: 'running' }
  | { readonly state: 'answered'; readonly answer: Answer }
  | { readonly state: 'forgotten' }

const fresh = { state: 'fresh' } as const
const running = { state: 'running' } as const
const forgotten = { state: 'forgotten' } as const

/**
 * Lets each numbered frame of a peer take effect once, however often it comes. Numbers ascend, so that one number says
 * what has been seen; answers are kept a while for those who did not hear them.
 */
export class AnswerWindow<Answer> {
  readonly #limits: AnswerWindowLimits
  #received = 0
  readonly #running = new Set<number>()
  /** By number, in order of answering. */
  readonly #answers = new Map<number, { readonly answer: Answer; readonly time: number }>()

  constructor(limits: AnswerWindowLimits) {
    this.#limits = limits
  }

  /** The largest number that was seen. */
  get received(): number {
    return this.#received
  }

  /** Answers that are kept. */
  get size(): number {
    return this.#answers.size
  }

  /** A numbered frame has come. It takes effect if it is fresh; one that `expectsAnswer` runs until `settle`. */
  see(number: number, expectsAnswer: boolean): Seen<Answer> {
    if (number > this.#received) {
      this.#received = number
      if (expectsAnswer) this.#running.add(number)
      return fresh
    }
    if (this.#running.has(number)) return running
    const kept = this.#answers.get(number)
    return kept === undefined ? forgotten : { state: 'answered', answer: kept.answer }
  }

  /** The frame has its answer. */
  settle(number: number, answer: Answer, now: number): void {
    if (!this.#running.delete(number)) return
    this.#answers.set(number, { answer, time: now })
    if (this.#answers.size > this.#limits.maxAnswers) this.#forgetFirst()
  }

  /** Forgets answers that were kept for too long. */
  expire(now: number): void {
    for (const { time } of this.#answers.values()) {
      if (time + this.#limits.maxAgeMs > now) return
      this.#forgetFirst()
    }
  }

  /** Forgets all answers: the peer has them. */
  forgetAnswers(): void {
    this.#answers.clear()
  }

  #forgetFirst(): void {
    const [first] = this.#answers.keys()
    this.#answers.delete(first as number)
  }
}
