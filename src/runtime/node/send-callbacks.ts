import { notOpen } from '../../transport/websocket-carrier.ts'
import { tell } from './tell.ts'

/** What is sent through: a carrier. */
interface Flushing {
  flush(): void
  readonly slow: boolean
}

export type SendCallback = (error?: Error) => void

/**
 * The callbacks of `send`, for interfaces that have such: each is called once, in order and never at once, when what
 * was sent before it has been given to the system, or can be given no more.
 */
export class SendCallbacks {
  readonly #carrier: Flushing
  #waiting: SendCallback[] = []

  constructor(carrier: Flushing) {
    this.#carrier = carrier
  }

  /** Something was sent, or could not be; `callback` may be absent. */
  sent(taken: boolean, callback: SendCallback | undefined): void {
    if (typeof callback !== 'function') return
    if (!taken) process.nextTick(callback, notOpen())
    else if (this.#waiting.push(callback) === 1) process.nextTick(this.#flush)
  }

  /** A slow peer has taken everything. */
  drained(): void {
    this.#call(undefined)
  }

  /** Nothing can be sent any more. */
  closed(): void {
    if (this.#waiting.length > 0) this.#call(notOpen())
  }

  readonly #flush = (): void => {
    if (this.#waiting.length === 0) return
    this.#carrier.flush()
    if (!this.#carrier.slow) this.#call(undefined)
  }

  #call(error: Error | undefined): void {
    for (const callback of this.#waiting.splice(0)) tell(() => (error ? callback(error) : callback()))
  }
}
