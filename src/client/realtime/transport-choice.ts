import type { Transport } from './transport.ts'

/** How long a transport is used before a better one is tried; doubled with each that fails. */
const firstBetterMs = 30_000
const maxBetterMs = 600_000

/** Which transport to use: the best that works, as far as is known. */
export class TransportChoice {
  readonly #transports: readonly Transport[]
  #current = 0
  /** Failures since one worked. */
  #failures = 0
  /** The better one that was tried last. */
  #tried = -1
  #betterMs = firstBetterMs

  /** `transports` in order of preference. */
  constructor(transports: readonly Transport[]) {
    this.#transports = transports
  }

  get current(): Transport {
    return this.#transports[this.#current] as Transport
  }

  /** The current one failed: now it is the next one's turn. False where all have failed in a row. */
  failed(): boolean {
    const { length } = this.#transports
    this.#current = (this.#current + 1) % length
    this.#failures += 1
    return this.#failures % length !== 0
  }

  /** The current one works. Answers in how many milliseconds a better one is worth a try, if there is one. */
  worked(): number | undefined {
    this.#failures = 0
    return this.#current === 0 ? undefined : this.#betterMs
  }

  /** The next of those that are better than the current one. */
  nextBetter(): Transport {
    this.#tried = (this.#tried + 1) % this.#current
    return this.#transports[this.#tried] as Transport
  }

  /** The better one that was tried is the current one from now on. */
  takeBetter(): void {
    this.#current = this.#tried
    this.#tried = -1
    this.#betterMs = firstBetterMs
  }

  /** The better one that was tried does not work. Answers in how many milliseconds to try another. */
  betterFailed(): number {
    this.#betterMs = Math.min(maxBetterMs, this.#betterMs * 2)
    return this.#betterMs
  }
}
