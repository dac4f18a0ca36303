import type { Position } from '../../codec/frame.ts'

/** A message of a channel. */
export interface Delivery {
  readonly offset: number
  /** Left out before it by the server, because this client reads too slowly. */
  readonly skipped?: number | undefined
  readonly event: string
  readonly body?: unknown
}

export interface DeliveryEvents {
  deliver(delivery: Delivery): void
  /** Wants what was published after `since`, so many messages; `filled` is to be told. */
  fetch(since: Position, limit: number): void
  /** Messages are missing, and nobody has them any more. */
  missed(): void
}

/**
 * The deliveries of one channel, each once and in the order of their offsets. Where one is missing, what follows waits until
 * history has told it, or has told that it is gone.
 */
export class Deliveries {
  readonly #events: DeliveryEvents
  /** The position of the last delivery; nothing before the channel was joined. */
  at: Position | undefined
  /** What came behind a gap, while the gap is asked for. */
  #behind: Delivery[] | undefined

  constructor(events: DeliveryEvents) {
    this.#events = events
  }

  /** From now on deliveries follow `at`. What still waits behind a gap comes first: it did arrive. */
  start(at: Position): void {
    this.#release()
    this.at = at
  }

  /** Nothing comes until the next start, which is asked to follow `at`: so what waits behind a gap will come again. */
  stop(): void {
    this.#behind = undefined
  }

  /** Whatever comes next has nothing to do with what came. */
  forget(): void {
    this.#behind = undefined
    this.at = undefined
  }

  /** A delivery has come. */
  take(delivery: Delivery): void {
    const at = this.at
    if (!at || delivery.offset <= at.offset) return
    if (this.#behind) this.#behind.push(delivery)
    else if (follows(at, delivery)) this.#deliver(at, delivery)
    else {
      this.#behind = [delivery]
      this.#fetch(at, delivery)
    }
  }

  /** What history has to say about the gap; nothing, where it cannot say anything. */
  filled(epoch: string | undefined, messages: readonly Delivery[]): void {
    const before = this.at
    const first = this.#behind?.[0]
    if (!before || !first) return
    if (epoch === before.epoch) {
      for (const message of messages) {
        const at = this.at as Position
        if (message.offset === at.offset + 1 && message.offset < first.offset) this.#deliver(at, message)
      }
    }
    const at = this.at as Position
    const isClosed = follows(at, first)
    // A server may tell less at a time than was asked for.
    if (!isClosed && at.offset > before.offset) this.#fetch(at, first)
    else {
      if (!isClosed) this.#events.missed()
      this.#release()
    }
  }

  #fetch(at: Position, next: Delivery): void {
    this.#events.fetch(at, next.offset - at.offset - 1)
  }

  #deliver(at: Position, delivery: Delivery): void {
    this.at = { epoch: at.epoch, offset: delivery.offset }
    this.#events.deliver(delivery)
  }

  /** Delivers what waits behind a gap; between them there may be another. */
  #release(): void {
    const waiting = this.#behind ?? []
    this.#behind = undefined
    const [first, ...others] = waiting
    if (!first || !this.at) return
    if (first.offset > this.at.offset) this.#deliver(this.at, first)
    for (const delivery of others) this.take(delivery)
  }
}

/** Whether nothing is missing between a position and a delivery. */
function follows(at: Position, { offset, skipped = 0 }: Delivery): boolean {
  return offset - skipped <= at.offset + 1
}
