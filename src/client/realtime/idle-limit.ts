/** Quiet for so long, a connection that ends may have ended for it. */
const leastMs = 2_000
/** Chance does not end two connections after the same quiet time. */
const tolerance = 0.25

/** Notices that somebody in between cuts connections on which nothing passes, and after how long. */
export class IdleLimit {
  #lastMs = 0
  /** How often something should pass, so that it does not happen; nothing where it does not. */
  everyMs: number | undefined

  /** A connection was lost after `quietMs` in which nothing was heard. Answers whether that may be why. */
  lost(quietMs: number): boolean {
    if (quietMs < leastMs) return false
    const isSame = Math.abs(quietMs - this.#lastMs) < tolerance * quietMs
    if (isSame) this.everyMs = Math.max(leastMs / 2, Math.floor(Math.min(quietMs, this.#lastMs) / 2))
    this.#lastMs = quietMs
    return true
  }
}
