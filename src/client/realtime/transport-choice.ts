import type { Transport } from './transport.ts'

/** How long a transport is used before a better one is tried; doubled with each round of them that fails. */
const firstBetterMs = 30_000
const maxBetterMs = 600_000
/** The same where the transport is the one of the last time: much may have changed since. */
const soonMs = 1_000
/** Connections in a row that a transport may lose soon after they opened. */
const maxYoungDeaths = 3

/** Which transport to use: the best that works, as far as is known. */
export class TransportChoice {
  readonly #transports: readonly Transport[]
  #current: number
  /** The one to begin with: what worked last. */
  #home: number
  /** Failures since one worked. */
  #failures = 0
  #youngDeaths = 0
  /** How many better ones were tried in this round. */
  #tried = 0
  #betterMs: number

  /** `transports` in order of preference; `first` is the name of the one to begin with. */
  constructor(transports: readonly Transport[], first?: string) {
    this.#transports = transports
    this.#current = Math.max(
      0,
      transports.findIndex(({ name }) => name === first),
    )
    this.#home = this.#current
    this.#betterMs = this.#current === 0 ? firstBetterMs : soonMs
  }

  get current(): Transport {
    return this.#transports[this.#current] as Transport
  }

  get isBest(): boolean {
    return this.#current === 0
  }

  /** Whether there is another one to try, should the current one fail. */
  get hasNext(): boolean {
    return (this.#failures + 1) % this.#transports.length !== 0
  }

  /** The current one failed: now it is the next one's turn. False where all have failed in a row. */
  failed(): boolean {
    const { hasNext } = this
    this.#next()
    this.#failures += 1
    return hasNext
  }

  /** It is tried again from the beginning. */
  restart(): void {
    this.#current = this.#home
    this.#failures = 0
  }

  /** The current one works. Answers in how many milliseconds a better one is worth a try. */
  worked(): number {
    this.#failures = 0
    this.#tried = 0
    this.#home = this.#current
    return this.isBest ? Number.POSITIVE_INFINITY : this.#betterMs
  }

  /** A connection over the current one was lost. Where that happens soon after each opened, it is the next one's turn. */
  lost(soon: boolean): void {
    this.#youngDeaths = soon ? this.#youngDeaths + 1 : 0
    if (!soon && this.isBest) this.#betterMs = firstBetterMs
    if (this.#youngDeaths < maxYoungDeaths || this.#transports.length === 1) return
    this.#youngDeaths = 0
    this.#next()
    this.#later()
  }

  /** The next of those that are better than the current one. */
  nextBetter(): Transport {
    const better = this.#transports[this.#tried] as Transport
    this.#tried += 1
    return better
  }

  /** A better one works, and is the current one from now on. */
  take(better: Transport): void {
    this.#current = this.#transports.indexOf(better)
    this.#failures = 0
  }

  /** The better one that was tried does not work. Answers in how many milliseconds to try another. */
  betterFailed(): number {
    if (this.#tried < this.#current) return 0
    this.#tried = 0
    return this.#later()
  }

  #next(): void {
    this.#current = (this.#current + 1) % this.#transports.length
  }

  #later(): number {
    this.#betterMs = Math.min(maxBetterMs, Math.max(firstBetterMs, this.#betterMs * 2))
    return this.#betterMs
  }
}
