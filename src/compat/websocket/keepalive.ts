import type { TimerWheel, WheelEntry } from '../../util/timer-wheel.ts'

/** Pings after each `everyMs` of silence, for ever: for connections that are never dropped for being silent. */
export class KeepalivePings implements WheelEntry {
  wheelTick = -1
  readonly #wheel: TimerWheel
  readonly #everyMs: number
  readonly #ping: () => void
  #heardAt = 0

  constructor(wheel: TimerWheel, everyMs: number, ping: () => void) {
    this.#wheel = wheel
    this.#everyMs = everyMs
    this.#ping = ping
  }

  start(): void {
    this.heard()
    this.#wheel.add(this, this.#everyMs)
  }

  stop(): void {
    this.#wheel.cancel(this)
  }

  heard(): void {
    this.#heardAt = this.#wheel.now
  }

  expire(now: number): void {
    const silentMs = now - this.#heardAt
    if (silentMs >= this.#everyMs) this.#ping()
    this.#wheel.add(this, silentMs >= this.#everyMs ? this.#everyMs : this.#everyMs - silentMs)
  }
}
