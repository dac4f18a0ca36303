/** How much a session keeps for a peer that may come back. */
export interface OutboxLimits {
  /** Bytes of everything that waits or is kept. */
  readonly maxBytes: number
  /** How long a unit is kept that was handed to a carrier and never acknowledged. */
  readonly maxAgeMs: number
}

interface Kept<Unit> {
  readonly unit: Unit
  readonly bytes: number
  /** When it was pushed; from when it was taken on, when that was. */
  time: number
}

/**
 * The units a session has to say, in order. A unit is indivisible: one event, encoded, be it several frames. It gets its
 * position when a carrier first takes it, counted from 1, and is kept until the peer has acknowledged that position, or
 * until the limits want its room. What is still waiting is never dropped: it overflows.
 */
export class Outbox<Unit> {
  readonly #limits: OutboxLimits
  /** Units that were taken, then units that wait; those before `#head` are gone. */
  #units: (Kept<Unit> | undefined)[] = []
  #head = 0
  /** Position of the unit at `#head`. */
  #firstPosition = 1
  /** Position of the last unit that was taken. */
  #position = 0
  #bytes = 0
  #overflowed = false

  constructor(limits: OutboxLimits) {
    this.#limits = limits
  }

  /** Position of the last unit a carrier took. */
  get position(): number {
    return this.#position
  }

  /** Units that no carrier has taken yet. */
  get waiting(): number {
    return this.#units.length - this.#head - this.kept
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
  push(unit: Unit, bytes: number, now: number): void {
    if (this.#overflowed) return
    this.#units.push({ unit, bytes, time: now })
    this.#bytes += bytes
    while (this.#bytes > this.#limits.maxBytes && this.kept > 0) this.#dropFirst()
    if (this.#bytes > this.#limits.maxBytes) this.#overflow()
  }

  /** The unit at `position`, which thereby counts as taken; `undefined` where nothing is there. */
  take(position: number, now: number): Unit | undefined {
    const entry = this.#units[this.#head + position - this.#firstPosition]
    if (entry === undefined || position > this.#position + 1) return undefined
    if (position > this.#position) {
      this.#position = position
      entry.time = now
    }
    return entry.unit
  }

  /** The first position that can still be taken. */
  get firstPosition(): number {
    return this.#firstPosition
  }

  /** The peer has everything up to `position`. False where it cannot have: that was never taken. */
  acknowledge(position: number): boolean {
    if (position > this.#position) return false
    while (this.#firstPosition <= position && this.kept > 0) this.#dropFirst()
    return true
  }

  /** Forgets what has been kept for too long. */
  expire(now: number): void {
    while (this.kept > 0 && this.#first.time + this.#limits.maxAgeMs <= now) this.#dropFirst()
  }

  get #first(): Kept<Unit> {
    return this.#units[this.#head] as Kept<Unit>
  }

  #dropFirst(): void {
    this.#bytes -= this.#first.bytes
    this.#units[this.#head] = undefined
    this.#head += 1
    this.#firstPosition += 1
    if (this.#head === this.#units.length) {
      this.#units = []
      this.#head = 0
    } else if (this.#head >= 64 && this.#head * 2 >= this.#units.length) {
      this.#units.splice(0, this.#head)
      this.#head = 0
    }
  }

  #overflow(): void {
    this.#overflowed = true
    this.#units = []
    this.#head = 0
    this.#firstPosition = this.#position + 1
    this.#bytes = 0
  }
}
