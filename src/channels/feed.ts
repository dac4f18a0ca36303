import type { Bus, BusMessage, HistoryPage, Subscription } from '../bus/contract.ts'
import type { ChannelDownFrame, Position } from '../codec/frame.ts'
import { fromJson } from '../codec/json.ts'

/** A message of a channel, as its members hear it. */
export type Delivery = Extract<ChannelDownFrame, { type: 'publish' }>
/** Word that messages are missing. */
export type Reset = Extract<ChannelDownFrame, { type: 'channel-reset' }>

/** Who is told of a channel's messages. */
export interface FeedMember {
  /** The same object for all members, so that it is encoded once. */
  write(event: Delivery | Reset): void
}

/** What a feed hears besides messages. */
export interface FeedEvents {
  gossip(data: string): void
  /** The bus failed to answer; the feed goes on without. */
  failed(error: unknown): void
}

/** Messages asked for at a time when some are missing. */
const pageSize = 256

/**
 * One channel on one node: passes on what the bus delivers, in order and without a gap. What is missing comes from
 * history; where that has not got it, members are told so.
 */
export class Feed<Member extends FeedMember = FeedMember> {
  readonly channel: string
  readonly #bus: Bus
  readonly #events: FeedEvents
  readonly #members = new Set<Member>()
  #subscription: Subscription | undefined
  /** Position of the last message that was passed on. */
  #position: Position = { epoch: '', offset: 0 }
  /** What comes while missing messages are asked for. */
  #held: BusMessage[] | undefined
  #closed = false

  private constructor(bus: Bus, channel: string, events: FeedEvents) {
    this.#bus = bus
    this.channel = channel
    this.#events = events
  }

  /** Listens to a channel from now on. */
  static async open<Member extends FeedMember>(
    bus: Bus,
    channel: string,
    events: FeedEvents,
  ): Promise<Feed<Member>> {
    const feed = new Feed<Member>(bus, channel, events)
    // A bus may deliver before it has answered.
    feed.#held = []
    const subscription = await bus.subscribe(channel, {
      message: (message) => feed.#heard(message),
      gossip: (data) => feed.#gossiped(data),
    })
    feed.#subscription = subscription
    feed.#position = subscription.position
    const early = feed.#held
    feed.#held = undefined
    for (const message of early) feed.#heard(message)
    return feed
  }

  /** Position of the last message members have been given. */
  get position(): Position {
    return this.#position
  }

  get members(): ReadonlySet<Member> {
    return this.#members
  }

  add(member: Member): void {
    this.#members.add(member)
  }

  remove(member: Member): void {
    this.#members.delete(member)
  }

  close(): void {
    this.#closed = true
    this.#subscription?.unsubscribe()
  }

  /** Looks whether the last messages were lost, which no later one has shown. */
  async check(): Promise<void> {
    if (this.#held !== undefined) return
    try {
      const { position } = await this.#bus.history(this.channel, { limit: 0 })
      const isBehind = position.epoch !== this.#position.epoch || position.offset > this.#position.offset
      if (isBehind && this.#held === undefined && !this.#closed) await this.#fill([])
    } catch (error) {
      this.#events.failed(error)
    }
  }

  /**
   * Finds what was published behind `since`, and hands it to `caughtUp` in the very moment in which it is all that the feed has
   * passed on: who is added there misses nothing and gets nothing twice. Without what was asked for where it is gone.
   */
  async catchUp(since: Position, caughtUp: (missed: Delivery[] | undefined) => void): Promise<void> {
    const missed: Delivery[] = []
    let position = since
    for (;;) {
      if (position.epoch === this.#position.epoch && position.offset >= this.#position.offset) {
        // Another node may have been ahead of this one; or somebody made it up.
        const isAhead = since.offset > this.#position.offset
        const isReal = !isAhead || (await this.#bus.history(this.channel, { since, limit: 0 })).complete
        const passed = missed.filter(({ offset }) => offset <= this.#position.offset)
        return caughtUp(isReal ? passed : undefined)
      }
      const page = await this.#bus.history(this.channel, { since: position, limit: pageSize })
      const last = page.messages.at(-1)
      if (!page.complete || last === undefined) return caughtUp(undefined)
      for (const message of page.messages) missed.push(this.#delivery(message))
      position = last.position
    }
  }

  #gossiped(data: string): void {
    if (!this.#closed) this.#events.gossip(data)
  }

  #heard(message: BusMessage): void {
    if (this.#closed) return
    if (this.#held !== undefined) this.#held.push(message)
    else if (this.#isNext(message)) this.#pass(message)
    else if (!this.#isOld(message)) void this.#fill([message])
  }

  #isNext({ position }: BusMessage): boolean {
    return position.epoch === this.#position.epoch && position.offset === this.#position.offset + 1
  }

  #isOld({ position }: BusMessage): boolean {
    return position.epoch === this.#position.epoch && position.offset <= this.#position.offset
  }

  #pass(message: BusMessage): void {
    this.#position = message.position
    const delivery = this.#delivery(message)
    for (const member of this.#members) member.write(delivery)
  }

  #delivery({ data, position }: BusMessage): Delivery {
    return {
      type: 'publish',
      channel: this.channel,
      ...(fromJson(data) as Pick<Delivery, 'event' | 'body'>),
      offset: position.offset,
    }
  }

  /** Passes on what history has of the missing messages, then what came meanwhile. */
  async #fill(held: BusMessage[]): Promise<void> {
    this.#held = held
    for (;;) {
      const before = this.#position
      let page: HistoryPage | undefined
      try {
        page = await this.#bus.history(this.channel, { since: this.#position, limit: pageSize })
      } catch (error) {
        this.#events.failed(error)
      }
      if (this.#closed) return
      if (page?.complete !== true) this.#skip(page?.position, held[0])
      for (const message of page?.complete === true ? page.messages : []) {
        if (this.#isNext(message)) this.#pass(message)
      }
      while (held[0] !== undefined && (this.#isNext(held[0]) || this.#isOld(held[0]))) {
        const message = held.shift() as BusMessage
        if (this.#isNext(message)) this.#pass(message)
      }
      if (held.length === 0 && (page?.messages.length ?? 0) < pageSize) break
      // A history that is behind what it has delivered would be asked for ever.
      if (this.#position === before) this.#skip(undefined, held[0])
    }
    this.#held = undefined
  }

  /** Goes on behind what is lost, and says so. */
  #skip(newest: Position | undefined, next: BusMessage | undefined): void {
    const at = next === undefined ? newest : { ...next.position, offset: next.position.offset - 1 }
    if (at === undefined) return
    this.#position = at
    const reset: Reset = { type: 'channel-reset', channel: this.channel, reason: 'gap', at }
    for (const member of this.#members) member.write(reset)
  }
}
