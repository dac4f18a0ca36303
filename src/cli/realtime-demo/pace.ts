import { CallError, type Rate } from '../../index.server.ts'

/** How fast something may happen, whoever does it: a client that comes anew each time has no rate of its own. */
export class Pace {
  readonly #rate: Rate
  #tokens: number
  #at = 0

  constructor(rate: Rate) {
    this.#rate = rate
    this.#tokens = rate.burst
  }

  /** @throws {CallError} `ERR_RATE` */
  take(now: number = performance.now()): void {
    const { perSecond, burst } = this.#rate
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) / 1_000) * perSecond)
    this.#at = now
    if (this.#tokens < 1) {
      const retryAfterMs = Math.ceil(((1 - this.#tokens) / perSecond) * 1_000)
      throw new CallError('ERR_RATE', { message: 'Too much is said here at the moment', retryAfterMs })
    }
    this.#tokens -= 1
  }
}
