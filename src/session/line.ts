import { Outbox, type OutboxLimits, type Unit } from './outbox.ts'

export interface LineLimits extends OutboxLimits {
  /** How long a session without a carrier is kept. */
  readonly windowMs: number
}

/** Why a session cannot go on from where its peer says. */
export type ResetReason = 'unknown' | 'overflow' | 'position'

/** Whether a carrier could take up the session, and which one it took the place of. */
export type Attachment<Carrier> =
  | { readonly resumed: true; readonly replayed: number; readonly replaced: Carrier | undefined }
  | { readonly resumed: false; readonly reason: Exclude<ResetReason, 'unknown'> }

/**
 * What a session says to its peer, over any number of carriers, one after the other. One carrier at a time takes units, each
 * from its own place on; whoever attaches says which place that is. To resume, to fall back to another transport, to
 * move to a better one and to hand over to another server are all the same act.
 */
export class Line<Carrier extends object, Kept extends Unit> {
  readonly #outbox: Outbox<Kept>
  readonly #windowMs: number
  #carrier: Carrier | undefined
  /** Position of the last unit the carrier took. */
  #cursor = 0
  #acknowledged = 0
  /** Since when there is no carrier. */
  #aloneSince: number | undefined

  constructor(limits: LineLimits, now: number) {
    this.#outbox = new Outbox(limits)
    this.#windowMs = limits.windowMs
    this.#aloneSince = now
  }

  /** The carrier that takes units now. */
  get carrier(): Carrier | undefined {
    return this.#carrier
  }

  /** Position of the last unit any carrier took. */
  get position(): number {
    return this.#outbox.position
  }

  /** Units the carrier has not taken. */
  get waiting(): number {
    return this.#outbox.lastPosition - this.#cursor
  }

  /** Position of the last unit there is. */
  get lastPosition(): number {
    return this.#outbox.lastPosition
  }

  /** The first position that is still kept. */
  get firstPosition(): number {
    return this.#outbox.firstPosition
  }

  /** Bytes that wait or are kept. */
  get bytes(): number {
    return this.#outbox.bytes
  }

  /** Whether more waited than the limits allow, so that units are missing: the session cannot go on. */
  get overflowed(): boolean {
    const carrierMisses = this.#carrier !== undefined && this.#cursor + 1 < this.#outbox.firstPosition
    return this.#outbox.overflowed || carrierMisses
  }

  /**
   * Lets `carrier` go on behind `position`, the last one its peer has; without a position, behind what was acknowledged.
   * The carrier before it takes nothing any more.
   */
  attach(carrier: Carrier, position: number = this.#acknowledged): Attachment<Carrier> {
    if (this.#outbox.overflowed) return { resumed: false, reason: 'overflow' }
    if (position > this.#outbox.position) return { resumed: false, reason: 'position' }
    if (position + 1 < this.#outbox.firstPosition) return { resumed: false, reason: 'overflow' }
    const replaced = this.#carrier
    this.acknowledge(position)
    this.#carrier = carrier
    this.#cursor = position
    this.#aloneSince = undefined
    return { resumed: true, replayed: this.waiting, replaced: replaced === carrier ? undefined : replaced }
  }

  /** Lets `carrier` go on where the one before it is, all of whose units are trusted to arrive. Answers to that one. */
  handOver(carrier: Carrier): Carrier | undefined {
    const replaced = this.#carrier
    this.#carrier = carrier
    this.#aloneSince = undefined
    return replaced
  }

  /** `carrier` is gone. False where it was no longer the one that takes units. */
  detach(carrier: Carrier, now: number): boolean {
    if (carrier !== this.#carrier) return false
    this.#carrier = undefined
    this.#aloneSince = now
    return true
  }

  /** Puts a unit behind all others. */
  push(unit: Kept): void {
    this.#outbox.push(unit)
  }

  /** Says what was said at `position` once more, behind all others. False where it is kept no longer. */
  repeat(position: number): boolean {
    const unit = this.#outbox.find(position)
    if (unit !== undefined) this.#outbox.push(unit)
    return unit !== undefined
  }

  /** The next unit for `carrier`; nothing where it is not its turn, or nothing waits. */
  take(carrier: Carrier): Kept | undefined {
    if (carrier !== this.#carrier) return undefined
    const unit = this.#outbox.take(this.#cursor + 1)
    if (unit !== undefined) this.#cursor += 1
    return unit
  }

  /** The peer has everything up to `position`. False where it cannot have. */
  acknowledge(position: number): boolean {
    if (!this.#outbox.acknowledge(position)) return false
    if (position > this.#acknowledged) this.#acknowledged = position
    return true
  }

  /** Whether the session is over at `now`, because nobody came back to it within `windowMs`; forgets what has been kept for too long. */
  expire(now: number, windowMs = this.#windowMs): boolean {
    // What was taken is still on its way while the carrier is behind it.
    if (this.waiting === 0) this.#outbox.expire(now)
    return this.#aloneSince !== undefined && this.#aloneSince + windowMs <= now
  }
}
