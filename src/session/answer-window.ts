/** What is known about a numbered frame: never seen; seen, and without an answer yet; answered at a position; or long forgotten. */
export type Seen = 'fresh' | 'running' | 'forgotten' | { readonly answeredAt: number }

/**
 * Lets each numbered frame of a peer take effect once, however often it comes. Numbers ascend, so that one number says
 * what has been seen. Answers are known by their position among all that the session says, for as long as that is kept.
 */
export class AnswerWindow {
  #received = 0
  /** The last frame, where it is without an answer; most are answered before the next one comes. */
  #last = 0
  /** Frames before it that are without an answer. */
  #running: Set<number> | undefined
  /** Numbers of frames that were answered, and where, in order of answering; those before `#first` are forgotten. */
  #numbers: number[] = []
  #positions: number[] = []
  #first = 0

  /** The largest number that was seen. */
  get received(): number {
    return this.#received
  }

  /** A numbered frame has come. It takes effect if it is fresh; one that `expectsAnswer` runs until `settle`. */
  see(number: number, expectsAnswer: boolean): Seen {
    if (number > this.#received) {
      this.#received = number
      if (this.#last > 0) {
        this.#running ??= new Set()
        this.#running.add(this.#last)
      }
      this.#last = expectsAnswer ? number : 0
      return 'fresh'
    }
    if (number === this.#last || this.#running?.has(number)) return 'running'
    const index = this.#numbers.indexOf(number, this.#first)
    return index < 0 ? 'forgotten' : { answeredAt: this.#positions[index] as number }
  }

  /** The frame has its answer, at `position`. */
  settle(number: number, position: number): void {
    if (number === this.#last) this.#last = 0
    else if (this.#running?.delete(number) !== true) return
    this.#numbers.push(number)
    this.#positions.push(position)
  }

  /** Nothing before `position` is kept any more. */
  forget(position: number): void {
    const { length } = this.#positions
    while (this.#first < length && (this.#positions[this.#first] as number) < position) this.#first += 1
    if (this.#first === 0 || (this.#first < 64 && this.#first < length)) return
    this.#numbers = this.#numbers.slice(this.#first)
    this.#positions = this.#positions.slice(this.#first)
    this.#first = 0
  }
}
