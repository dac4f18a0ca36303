/** How much a session keeps for a peer that may come back. */
export interface OutboxLimits {
  /** Bytes of everything that waits or is kept. */
  readonly maxBytes: number
  /** How long a unit is kept that was handed to a carrier and never acknowledged. */
  readonly maxAgeMs: number
}

/** What a session says at once: one event, encoded, be it several frames. Never split, and the same for whoever hears it. */
export interface Unit {
  /** What it counts for. */
  readonly byteLength: number
}

/**
 * The units a session has to say, in order. Each has a position, counted from 1, and is kept until the peer has acknowledged
 * it, or until the limits want the room of what a carrier has taken. What is still waiting is never dropped: it overflows.
 */
export class Outbox<Kept extends Unit> {
  readonly #limits: OutboxLimits
  /** The unit at a position stands at that position modulo the length, which is a power of two. */
  #ring: (Kept | undefined)[] = []
  #firstPosition = 1
  #position = 0
  #lastPosition = 0
  #bytes = 0
  #overflowed = false
  /** Positions that had been taken at some time; what lies before them is at least so old. Oldest first. */
  readonly #taken: { readonly position: number; readonly time: number }[] = []

  constructor(limits: OutboxLimits) {
    this.#limits = limits
  }

  /** The first position that can still be taken. */
  get firstPosition(): number {
    return this.#firstPosition
  }

  /** Position of the last unit a carrier took. */
  get position(): number {
    return this.#position
  }

  /** Position of the last unit there is. */
  get lastPosition(): number {
    return this.#lastPosition
  }

  /** Units that no carrier has taken yet. */
  get waiting(): number {
    return this.#lastPosition - this.#position
  }

  /** Units that were taken and may be asked for again. */
  get kept(): number {
    return this.#position - this.#firstPosition + 1
  }

  /** Bytes of all units that wait or are kept. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether more waited than the limits allow. Everything is gone then, and nothing can be replayed ever again. */
  get overflowed(): boolean {
    return this.#overflowed
  }

  /** Puts a unit behind all others. */
  push(unit: Kept): void {
    if (this.#overflowed) return
    if (this.#lastPosition - this.#firstPosition + 1 === this.#ring.length) this.#grow()
    this.#lastPosition += 1
    this.#ring[this.#lastPosition & (this.#ring.length - 1)] = unit
    this.#bytes += unit.byteLength
    const { maxBytes } = this.#limits
    while (this.#bytes > maxBytes && this.#firstPosition <= this.#position) this.#dropFirst()
    if (this.#bytes > maxBytes) this.#overflow()
  }

  /** The unit at `position`, which thereby counts as taken; `undefined` where nothing is there. */
  take(position: number): Kept | undefined {
    if (position > this.#position + 1) return undefined
    const unit = this.find(position)
    if (unit !== undefined && position > this.#position) this.#position = position
    return unit
  }

  /** The unit at `position`, where it waits or is kept. */
  find(position: number): Kept | undefined {
    const isThere = position >= this.#firstPosition && position <= this.#lastPosition
    return isThere ? this.#ring[position & (this.#ring.length - 1)] : undefined
  }

  /** The peer has everything up to `position`. False where it cannot have: that was never taken. */
  acknowledge(position: number): boolean {
    if (position > this.#position) return false
    while (this.#firstPosition <= position) this.#dropFirst()
    return true
  }

  /** Forgets what has been kept for too long, as far as it was called often enough to know. */
  expire(now: number): void {
    const taken = this.#taken
    if (this.kept > 0 && this.#position > (taken.at(-1)?.position ?? 0)) {
      taken.push({ position: this.#position, time: now })
    }
    let old = taken[0]
    while (
      old !== undefined &&
      (old.position < this.#firstPosition || old.time + this.#limits.maxAgeMs <= now)
    ) {
      this.acknowledge(old.position)
      taken.shift()
      old = taken[0]
    }
  }

  #dropFirst(): void {
    const index = this.#firstPosition & (this.#ring.length - 1)
    this.#bytes -= (this.#ring[index] as Kept).byteLength
    this.#ring[index] = undefined
    this.#firstPosition += 1
  }

  #grow(): void {
    const ring: (Kept | undefined)[] = Array(Math.max(4, this.#ring.length * 2)).fill(undefined)
    for (let position = this.#firstPosition; position <= this.#lastPosition; position++) {
      ring[position & (ring.length - 1)] = this.find(position)
    }
    this.#ring = ring
  }

  #overflow(): void {
    this.#overflowed = true
    this.#ring = []
    this.#firstPosition = this.#position + 1
    this.#lastPosition = this.#position
    this.#bytes = 0
  }
}
