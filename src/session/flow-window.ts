/** What may be sent before the reader has given leave for more. A unit may be larger than what is left: then nothing more until it is paid for. */
export class Allowance {
  #left: number

  /** `bytes`: leave to begin with. */
  constructor(bytes: number) {
    this.#left = bytes
  }

  get isSpent(): boolean {
    return this.#left <= 0
  }

  spend(bytes: number): void {
    this.#left -= bytes
  }

  /** The reader gives leave for so many bytes more. */
  grant(bytes: number): void {
    this.#left += bytes
  }
}

/** What was read of a window, and when to give leave for more: not for every byte, and before the writer has to stop. */
export class Consumption {
  readonly #threshold: number
  #read = 0

  /** `bytes`: what the writer began with. */
  constructor(bytes: number) {
    this.#threshold = bytes / 2
  }

  /** So many bytes were read. Answers for how many more to give leave, 0 where that can wait. */
  consume(bytes: number): number {
    this.#read += bytes
    if (this.#read < this.#threshold) return 0
    const granted = this.#read
    this.#read = 0
    return granted
  }
}
