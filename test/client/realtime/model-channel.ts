import type { DownFrame, HistoryEntry, Position } from '../../../src/codec/frame.ts'
import type { ConnectionStory } from './connection-story.ts'

/** One channel of a model server: keeps a history, and answers joins, calls and questions about it as the protocol says. */
export class ModelChannel {
  readonly #story: ConnectionStory
  readonly #keep: number
  #messages: HistoryEntry[] = []
  #offset = 0
  #isJoined = false
  /** Bodies of all calls that took effect. */
  readonly calls: unknown[] = []
  /** Bodies of all events that took effect. */
  readonly events: unknown[] = []

  /** Keeps the last `keep` messages. */
  constructor(story: ConnectionStory, keep: number) {
    this.#story = story
    this.#keep = keep
    story.script = (frame) => {
      if (frame.type === 'join') return this.#join(frame.id, frame.since)
      if (frame.type === 'send') this.events.push(frame.body)
      if (frame.type === 'call') {
        this.calls.push(frame.body)
        return [{ type: 'reply', to: frame.id, body: frame.body }]
      }
      if (frame.type === 'history') {
        const messages = this.#after(frame.since).slice(0, frame.limit)
        return [{ type: 'reply', to: frame.id, body: { at: this.#at, messages } }]
      }
      return []
    }
  }

  get offset(): number {
    return this.#offset
  }

  /** Publishes the next message; `lost`: it never reaches the session. */
  publish(lost: boolean): void {
    this.#offset += 1
    const message = { offset: this.#offset, event: 'message', body: this.#offset, time: 0 }
    this.#messages = [...this.#messages, message].slice(-this.#keep)
    if (this.#isJoined && !lost) this.#story.server.say({ type: 'publish', channel: 'room', ...message })
  }

  /** The server starts anew; what was published stays. */
  restart(): void {
    this.#isJoined = false
    this.#story.server.forget()
    this.#story.network.cut()
  }

  get #at(): Position {
    return { epoch: 'e', offset: this.#offset }
  }

  #after(since: Position | undefined): HistoryEntry[] {
    return this.#messages.filter(({ offset }) => since === undefined || offset > since.offset)
  }

  #join(to: number, since: Position | undefined): DownFrame[] {
    this.#isJoined = true
    const joined = { type: 'joined', to, channel: 'room', at: this.#at } as const
    if (since === undefined) return [joined]
    const missed = this.#after(since)
    if (missed.length < this.#offset - since.offset) return [{ ...joined, reset: { reason: 'overflow' } }]
    const replayed = missed.map((message) => ({ type: 'publish', channel: 'room', ...message }) as const)
    return [{ ...joined, resumed: { replayed: missed.length } }, ...replayed]
  }
}
