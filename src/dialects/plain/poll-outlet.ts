import type { Ending } from '../../channels/carrier.ts'
import type { Core } from '../../channels/core.ts'
import type { Position, WireError } from '../../codec/frame.ts'
import type { WheelEntry } from '../../util/timer-wheel.ts'
import { failure, json } from './answers.ts'
import type { PlainUnit } from './encoder.ts'
import type { Outlet } from './peer.ts'
import { cursorOf } from './texts.ts'

/** Messages in one answer; the rest comes with the next poll. */
const maxMessages = 1_000

/** One long poll: answers with what is behind the cursor, or waits for the next message, or until its time is over. */
export class PollOutlet implements Outlet, WheelEntry {
  wheelTick = -1
  readonly #core: Core
  readonly #waits: boolean
  readonly #answer: (response: Response) => void
  readonly #messages: { offset: number; event: string; body: unknown }[] = []
  readonly #waitMs: number
  #at: Position | undefined
  #reset: { readonly reason: string } | undefined
  #answered = false

  /** `waits`: whether it waits for a message where there is none. */
  constructor(core: Core, waitMs: number, waits: boolean, answer: (response: Response) => void) {
    this.#core = core
    this.#waitMs = waitMs
    this.#waits = waits
    this.#answer = answer
  }

  write({ event }: PlainUnit): boolean {
    switch (event.type) {
      case 'joined': {
        const { at, resumed, reset } = event
        this.#reset = reset
        this.#at = { ...at, offset: at.offset - (resumed?.replayed ?? 0) }
        if (!this.#waits || reset !== undefined) this.#soon()
        else this.#core.wait(this, this.#waitMs)
        break
      }
      case 'publish':
        if (this.#messages.length === maxMessages) break
        this.#messages.push({ offset: event.offset, event: event.event, body: event.body })
        this.#at = { epoch: this.#at?.epoch ?? '', offset: event.offset }
        this.#soon()
        break
      case 'moved':
        // What follows is of another channel, and a poll is of one; the member is gone with it.
        this.#done()
        break
      case 'channel-reset':
        this.#reset = { reason: event.reason }
        this.#at = event.at
        this.#soon()
        break
      case 'error':
        this.refuse(event.error)
        break
      case 'left':
        this.ended({ why: event.why })
        break
      default:
    }
    return true
  }

  refuse(error: WireError): void {
    this.#finish(() => failure(error))
  }

  ended({ why }: Ending): void {
    this.#finish(() => json({ closed: { why } }, why === 'kicked' ? 403 : 503))
  }

  /** The wheel: nothing came. */
  expire(): void {
    this.#done()
  }

  /** The client is gone. */
  stop(): void {
    this.#answered = true
    this.#core.stopWaiting(this)
  }

  /** Answers when everything has been written that comes in one go. */
  #soon(): void {
    queueMicrotask(() => this.#done())
  }

  #done(): void {
    const cursor = this.#at === undefined ? '' : cursorOf(this.#at)
    this.#finish(() => json({ cursor, messages: this.#messages, reset: this.#reset }))
  }

  #finish(response: () => Response): void {
    if (this.#answered) return
    this.stop()
    this.#answer(response())
  }
}
