import type { Position } from '../codec/frame.ts'
import type { BusMessage, HistoryPage, HistoryRequest, Retention } from './contract.ts'

/** The messages of one topic that are still kept, and the ids of those published lately. */
export class TopicLog {
  readonly epoch: string
  /** When somebody last asked for it, in milliseconds since 1970. */
  used = 0
  #offset = 0
  #messages: BusMessage[] = []
  #ttlMs = 0
  /** Positions by id, in order of publishing. */
  readonly #ids = new Map<string, { readonly position: Position; readonly time: number }>()
  readonly #idWindowMs: number

  /** `idWindowMs`: for how long publishing again with the same id is noticed. */
  constructor(epoch: string, idWindowMs: number) {
    this.epoch = epoch
    this.#idWindowMs = idWindowMs
  }

  /** Position of the last message. */
  get position(): Position {
    return { epoch: this.epoch, offset: this.#offset }
  }

  /** Whether it knows nothing that its number alone would not tell. */
  get isEmpty(): boolean {
    return this.#messages.length === 0 && this.#ids.size === 0
  }

  /** Position of the message that was published with `id`, if that was not too long ago. */
  find(id: string): Position | undefined {
    return this.#ids.get(id)?.position
  }

  /** Puts a message behind all others. */
  append(data: string, id: string | undefined, retain: Retention | undefined, now: number): BusMessage {
    this.#offset += 1
    const message: BusMessage = { data, position: this.position, time: now }
    if (id !== undefined) this.#ids.set(id, { position: message.position, time: now })
    if (retain !== undefined && retain.limit > 0) {
      this.#messages.push(message)
      this.#ttlMs = retain.ttlMs
      if (this.#messages.length > retain.limit) this.#messages = this.#messages.slice(-retain.limit)
    } else this.#messages = []
    this.expire(now)
    return message
  }

  /** What is still there behind `since`. */
  read({ since, limit }: HistoryRequest, now: number): HistoryPage {
    this.expire(now)
    const first = this.#offset - this.#messages.length + 1
    if (since === undefined) {
      const messages = limit === 0 ? [] : this.#messages.slice(-limit)
      return { messages, position: this.position, complete: true }
    }
    const isOurs = since.epoch === this.epoch && since.offset <= this.#offset
    const complete = isOurs && since.offset + 1 >= first
    const messages = complete ? this.#messages.slice(since.offset + 1 - first) : this.#messages
    return { messages: messages.slice(0, limit), position: this.position, complete }
  }

  /** Forgets what has been kept for too long. */
  expire(now: number): void {
    const alive = this.#messages.findIndex(({ time }) => time + this.#ttlMs > now)
    if (alive !== 0) this.#messages = alive < 0 ? [] : this.#messages.slice(alive)
    for (const [id, { time }] of this.#ids) {
      if (time + this.#idWindowMs > now) return
      this.#ids.delete(id)
    }
  }
}
