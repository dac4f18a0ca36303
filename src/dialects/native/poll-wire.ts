import type { Core } from '../../channels/core.ts'
import type { Codec } from '../../codec/codec.ts'
import type { SharedMessage } from '../../protocol/shared-message.ts'
import type { WheelEntry } from '../../util/timer-wheel.ts'
import type { Connection, Wire } from './connection.ts'
import { lineOf } from './encoder.ts'
import type { HttpSettings } from './http.ts'
import { lineHeaders } from './line-headers.ts'

/** Frames in one answer; what waits behind them comes with the next poll. */
const maxFrames = 1_000

/** Frames downwards as one answer, held until there is something to say. */
export class PollWire implements Wire, WheelEntry {
  wheelTick = -1
  readonly headers: Headers
  readonly remoteAddress = undefined
  readonly #core: Core
  readonly #codec: Codec | undefined
  #pollMs: number
  readonly #answer: (response: Response) => void
  readonly #frames: string[] = []
  #connection: Connection | undefined
  #answered = false

  constructor(settings: HttpSettings, request: Request, answer: (response: Response) => void) {
    this.#core = settings.core
    this.#codec = settings.frames.codec
    this.headers = request.headers
    this.#pollMs = settings.pollMs
    this.#answer = answer
    request.signal.addEventListener('abort', () => this.#finish())
  }

  /** Names who is told when the poll is over. */
  start(connection: Connection): void {
    this.#connection = connection
  }

  send(frame: string | SharedMessage): boolean {
    if (this.#answered) return false
    const text = lineOf(frame, this.#codec)
    this.#frames.push(text)
    // `resumed` alone is nothing to say yet.
    if (this.#frames.length === 1 && text.startsWith('{"type":"resumed"')) this.#core.wait(this, this.#pollMs)
    else queueMicrotask(() => this.#finish())
    return this.#frames.length < maxFrames
  }

  keepUp(everyMs: number): void {
    this.#pollMs = Math.min(this.#pollMs, everyMs)
  }

  /** There is nothing to read behind the request. */
  pause(): void {}
  resume(): void {}

  close(): void {
    this.#finish()
  }

  /** The wheel: nothing came. */
  expire(): void {
    this.#finish()
  }

  #finish(): void {
    if (this.#answered) return
    this.#answered = true
    this.#core.stopWaiting(this)
    this.#answer(new Response(this.#frames.map((text) => `${text}\n`).join(''), { headers: lineHeaders }))
    this.#connection?.lost()
  }
}
