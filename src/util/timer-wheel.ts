/** Something that waits in a wheel. The two fields belong to the wheel. */
export interface WheelEntry {
  /** Called once, when the time has come; `now` is the wheel's time in milliseconds. */
  expire(now: number): void
  /** Set by the wheel: the tick at which the entry is due, or -1 while it does not wait. */
  wheelTick: number
}

/**
 * Many coarse timers at the cost of one: entries hang in slots of `tickMs`, and whoever owns the clock calls
 * `advance(now)` about once a tick. An entry never fires early and at most one tick late. Waiting anew is free of
 * allocation; cancelling only marks the entry, its slot forgets it when it comes round.
 */
export class TimerWheel {
  readonly tickMs: number
  readonly #slots: WheelEntry[][]
  #tick: number
  #waiting = 0
  #now: number

  constructor(now: number, tickMs = 250, slots = 512) {
    this.tickMs = tickMs
    this.#slots = Array.from({ length: slots }, () => [])
    this.#now = now
    this.#tick = Math.floor(now / tickMs)
  }

  /** The time of the last `advance`, in milliseconds; up to one tick behind the real one. */
  get now(): number {
    return this.#now
  }

  /** How many entries wait; at 0 the owner of the clock may stop calling. */
  get waiting(): number {
    return this.#waiting
  }

  /** Lets `entry` wait `delayMs` from now, in place of what it waited for before. */
  add(entry: WheelEntry, delayMs: number): void {
    if (entry.wheelTick < 0) this.#waiting += 1
    const due = Math.max(Math.floor((this.#now + delayMs) / this.tickMs) + 1, this.#tick + 1)
    if (entry.wheelTick === due) return
    entry.wheelTick = due
    this.#slotOf(due).push(entry)
  }

  /** Lets `entry` wait no longer. */
  cancel(entry: WheelEntry): void {
    if (entry.wheelTick < 0) return
    entry.wheelTick = -1
    this.#waiting -= 1
  }

  /** Turns the hands to `now`: everything due is expired, oldest tick first. */
  advance(now: number): void {
    if (now > this.#now) this.#now = now
    const target = Math.floor(this.#now / this.tickMs)
    // After a long sleep of the machine one round visits every slot; more rounds would find nothing new.
    if (target - this.#tick > this.#slots.length) this.#tick = target - this.#slots.length
    while (this.#tick < target) {
      this.#tick += 1
      this.#expireSlot(this.#tick)
    }
  }

  #expireSlot(tick: number): void {
    const index = tick % this.#slots.length
    const entries = this.#slots[index] as WheelEntry[]
    if (entries.length === 0) return
    const kept: WheelEntry[] = []
    this.#slots[index] = kept
    for (const entry of entries) {
      const due = entry.wheelTick
      if (due < 0 || due % this.#slots.length !== index) continue
      if (due > tick) {
        kept.push(entry)
        continue
      }
      entry.wheelTick = -1
      this.#waiting -= 1
      entry.expire(this.#now)
    }
  }

  #slotOf(tick: number): WheelEntry[] {
    return this.#slots[tick % this.#slots.length] as WheelEntry[]
  }
}
