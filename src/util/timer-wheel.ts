/** A place in a ring: what stands next to it. */
interface Place {
  wheelNext?: Place | undefined
  wheelPrevious?: Place | undefined
}

/** Something that waits in a wheel. All fields belong to the wheel. */
export interface WheelEntry extends Place {
  /** Called once, when the time has come; `now` is the wheel's time in milliseconds. */
  expire(now: number): void
  /** The tick at which the entry is due, or -1 while it does not wait: what it begins with. */
  wheelTick: number
}

/**
 * Many coarse timers at the cost of one: entries hang in slots of `tickMs`, and whoever owns the clock calls
 * `advance(now)` about once a tick. An entry never expires early, and within one tick behind its time or with the
 * first `advance` after it. To wait, to wait anew and to cancel cost a few assignments and no memory; an entry that
 * does not wait is not kept alive by the wheel.
 */
export class TimerWheel {
  readonly tickMs: number
  /** Called when something waits again after nothing did: whoever owns the clock has to call `advance` from now on. */
  onWaiting: (() => void) | undefined
  readonly #clock: (() => number) | undefined
  /** Each slot is a ring of entries, held together by a place of its own. */
  readonly #slots: readonly Place[]
  /** Entries of the slot that is being expired. */
  readonly #due = emptyRing()
  #tick: number
  #waiting = 0
  #now: number

  /** `clock` tells the time in milliseconds; where it is one reading only, the wheel learns the time by `advance` alone. */
  constructor(clock: number | (() => number), tickMs = 250, slots = 512) {
    this.tickMs = tickMs
    this.#clock = typeof clock === 'number' ? undefined : clock
    this.#slots = Array.from({ length: slots }, emptyRing)
    this.#now = typeof clock === 'number' ? clock : clock()
    this.#tick = Math.floor(this.#now / tickMs)
  }

  /** The time of the last `advance`, in milliseconds; while something waits, about one tick behind the real one. */
  get now(): number {
    return this.#now
  }

  /** How many entries wait; at 0 the owner of the clock may stop calling. */
  get waiting(): number {
    return this.#waiting
  }

  /** Lets `entry` wait `delayMs` from now, in place of what it waited for before. */
  add(entry: WheelEntry, delayMs: number): void {
    // The last `advance` may be long ago: nothing waited, or the thread was busy.
    const now = this.#clock?.() ?? this.#now
    if (this.#waiting === 0) this.advance(now)
    const due = Math.max(Math.floor((now + delayMs) / this.tickMs), this.#tick) + 1
    if (entry.wheelTick === due) return
    if (entry.wheelTick < 0) this.#waiting += 1
    else unlink(entry)
    const isFirst = this.#waiting === 1 && entry.wheelTick < 0
    entry.wheelTick = due
    link(entry, this.#slotOf(due))
    if (isFirst) this.onWaiting?.()
  }

  /** Lets `entry` wait no longer. */
  cancel(entry: WheelEntry): void {
    if (entry.wheelTick < 0) return
    entry.wheelTick = -1
    unlink(entry)
    this.#waiting -= 1
  }

  /** Takes note of the time, and lets nothing expire yet. */
  look(now: number): void {
    if (now > this.#now) this.#now = now
  }

  /** Turns the hands to `now`: everything due expires, oldest tick first. */
  advance(now: number): void {
    this.look(now)
    const target = Math.floor(this.#now / this.tickMs)
    // After a long sleep of the machine one round visits every slot; more rounds would find nothing new.
    if (target - this.#tick > this.#slots.length) this.#tick = target - this.#slots.length
    while (this.#tick < target) {
      this.#tick += 1
      this.#expireSlot(this.#tick)
    }
  }

  #expireSlot(tick: number): void {
    const slot = this.#slotOf(tick)
    // Whoever expires may add and cancel, in this slot too: so the slot is emptied first.
    moveAll(slot, this.#due)
    for (let place = this.#due.wheelNext; place !== this.#due; place = this.#due.wheelNext) {
      const entry = place as WheelEntry
      unlink(entry)
      if (entry.wheelTick > tick) link(entry, slot)
      else {
        entry.wheelTick = -1
        this.#waiting -= 1
        entry.expire(this.#now)
      }
    }
  }

  #slotOf(tick: number): Place {
    return this.#slots[tick % this.#slots.length] as Place
  }
}

function emptyRing(): Place {
  const ring: Place = {}
  ring.wheelNext = ring
  ring.wheelPrevious = ring
  return ring
}

/** Puts `place` at the end of `ring`. */
function link(place: Place, ring: Place): void {
  const last = ring.wheelPrevious as Place
  last.wheelNext = place
  place.wheelPrevious = last
  place.wheelNext = ring
  ring.wheelPrevious = place
}

function unlink(place: Place): void {
  const { wheelNext, wheelPrevious } = place as Required<Place>
  ;(wheelPrevious as Place).wheelNext = wheelNext
  ;(wheelNext as Place).wheelPrevious = wheelPrevious
  place.wheelNext = undefined
  place.wheelPrevious = undefined
}

/** Puts everything in `from` at the end of `to`. */
function moveAll(from: Place, to: Place): void {
  const first = from.wheelNext as Place
  if (first === from) return
  const last = from.wheelPrevious as Place
  const end = to.wheelPrevious as Place
  end.wheelNext = first
  first.wheelPrevious = end
  last.wheelNext = to
  to.wheelPrevious = last
  from.wheelNext = from
  from.wheelPrevious = from
}
