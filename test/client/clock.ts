import { Opening, type OpeningRuntime } from '../../src/client/opening.ts'
import { type ClientOptions, settingsOf } from '../../src/client/options.ts'
import { platform } from '../../src/client/platform.ts'
import { TimerWheel } from '../../src/util/timer-wheel.ts'

/** A clock whose hands the test turns, and openings that go by it. */
export class Clock {
  readonly #wheel = new TimerWheel(0)
  #now = 0

  advance(ms: number): void {
    // As the real one: tick by tick.
    for (const end = this.#now + ms; this.#now < end; ) {
      this.#now = Math.min(this.#now + this.#wheel.tickMs, end)
      this.#wheel.advance(this.#now)
    }
  }

  get waiting(): number {
    return this.#wheel.waiting
  }

  open(url: string, options: ClientOptions = {}): Opening {
    const runtime: OpeningRuntime = { ...platform, wheel: this.#wheel }
    return new Opening(new URL(url), [], settingsOf('WebSocket', options, true), runtime)
  }
}
