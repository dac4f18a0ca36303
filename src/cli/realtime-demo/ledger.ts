const mostRemembered = 10_000

/**
 * The proof that nothing is lost: what one end numbered 1, 2, 3, … as it arrives at the other. Runs at both ends, in the
 * server and in the page.
 */
export class Ledger {
  /** The largest number that arrived. */
  highest = 0
  /** How many different ones. */
  arrived = 0
  /** How many came that had come before. */
  doubled = 0
  /** How many came after a larger one. */
  disordered = 0
  readonly #skipped = new Set<number>()

  /** How many were skipped: a larger one is here, they are not. */
  get missing(): number {
    return this.highest - this.arrived
  }

  has(number: number): boolean {
    return number <= this.highest && !this.#skipped.has(number)
  }

  /** A number arrived; they begin with 1. */
  take(number: number): void {
    if (number > this.highest) {
      const first = Math.max(this.highest + 1, number - mostRemembered)
      for (let skipped = first; skipped < number; skipped += 1) this.#skipped.add(skipped)
      this.highest = number
      this.arrived += 1
    } else if (this.#skipped.delete(number)) {
      this.disordered += 1
      this.arrived += 1
    } else {
      this.doubled += 1
    }
  }
}
