/** What becomes of deliveries for a member who reads more slowly than they come. */
export type BacklogPolicy = 'dropOldest' | 'dropNewest' | 'latestByKey'

/** What waits for a member who is behind: in order, and never more than so many. Which ones stay is the policy's choice. */
export class Backlog<Delivery> {
  readonly #policy: BacklogPolicy
  readonly #maxWaiting: number
  /** With `latestByKey` under their keys, else under numbers of their own. */
  readonly #waiting = new Map<string | number, Delivery>()
  #number = 0

  constructor(policy: BacklogPolicy, maxWaiting: number) {
    this.#policy = policy
    this.#maxWaiting = maxWaiting
  }

  get size(): number {
    return this.#waiting.size
  }

  push(delivery: Delivery, key: string): void {
    if (this.#policy === 'dropNewest' && this.size === this.#maxWaiting) return
    this.#number += 1
    const place = this.#policy === 'latestByKey' ? key : this.#number
    // Behind all others, also where it takes the place of one.
    this.#waiting.delete(place)
    if (this.size === this.#maxWaiting) this.take()
    this.#waiting.set(place, delivery)
  }

  /** The next one, which waits no longer. */
  take(): Delivery | undefined {
    for (const [place, delivery] of this.#waiting) {
      this.#waiting.delete(place)
      return delivery
    }
    return undefined
  }

  /** Forgets everything that waits. */
  clear(): void {
    this.#waiting.clear()
  }
}
