import type { HistoryEntry, Position } from '../codec/frame.ts'
import { fromJson, toJson } from '../codec/json.ts'
import { CallError } from '../errors.ts'
import type { WheelEntry } from '../util/timer-wheel.ts'
import type { AnyChannel } from './channel.ts'
import type { HistoryOptions, PresenceMember, PublishingOptions } from './context.ts'
import type { Core } from './core.ts'
import { Feed } from './feed.ts'
import type { Membership } from './membership.ts'
import { RoomPresence } from './room-presence.ts'
import { validated } from './validation.ts'

/** Messages of history in one answer, where nobody asks for fewer. */
const maxHistory = 1_000
/** Devices that are named in a channel with presence, where nobody says how many. */
const defaultMaxListed = 1_000
/** How long a channel is listened to after its last member has left. */
const lingerMs = 5_000
/**
 * How often a channel is looked after: whether the last messages were lost, and what other nodes should know of who is here.
 * A node that is silent for thrice as long is gone.
 */
const lookEveryMs = 10_000

/** A channel on this node: its members, its feed from the bus, and who is present. */
export class Room implements WheelEntry {
  readonly name: string
  readonly params: Readonly<Record<string, string>>
  readonly channel: AnyChannel
  wheelTick = -1
  readonly #core: Core
  readonly #presence: RoomPresence | undefined
  #feed: Promise<Feed<Membership>> | undefined
  #opened: Feed<Membership> | undefined
  /** Members, joined or joining. */
  #users = 0
  #emptySince = 0
  #lookedAt = 0

  constructor(core: Core, channel: AnyChannel, name: string, params: Readonly<Record<string, string>>) {
    this.#core = core
    this.channel = channel
    this.name = name
    this.params = params
    this.#presence = this.#presenceIn(core, channel.definition)
  }

  /** Somebody uses the channel here, until `release`. */
  hold(): void {
    this.#users += 1
  }

  /** A user is gone; after the last one the channel is listened to a little longer. */
  release(): void {
    this.#users -= 1
    if (this.#users > 0) return
    this.#emptySince = this.#core.now()
    this.#core.wait(this, lingerMs)
  }

  /** The feed, which is listened to from now on. */
  async feed(): Promise<Feed<Membership>> {
    this.#feed ??= this.#open()
    try {
      return await this.#feed
    } catch (error) {
      this.#feed = undefined
      throw error
    }
  }

  async #open(): Promise<Feed<Membership>> {
    const feed = await Feed.open<Membership>(this.#core.bus, this.name, {
      gossip: (data) => this.#presence?.heard(data),
      failed: (error) => this.#core.report(error),
    })
    this.#opened = feed
    this.#presence?.ask()
    this.#lookedAt = this.#core.now()
    this.#core.wait(this, lookEveryMs)
    return feed
  }

  /** The wheel: tells members what changed, other nodes what is here, and closes what nobody uses. */
  expire(): void {
    const now = this.#core.now()
    const isBehind = this.#presence?.tell() === true
    if (this.#users <= 0) {
      if (now - this.#emptySince < lingerMs) this.#core.wait(this, lingerMs)
      else this.#close()
      return
    }
    if (now - this.#lookedAt >= lookEveryMs) {
      this.#lookedAt = now
      void this.#opened?.check()
      this.#presence?.renew(now - 3 * lookEveryMs)
    }
    this.#core.wait(this, isBehind ? 0 : lookEveryMs)
  }

  #close(): void {
    this.#opened?.close()
    this.#opened = undefined
    this.#feed = undefined
    this.#core.forget(this)
  }

  // ------------------------------------------------------------------------------------------------ messages

  /** @throws {CallError} `ERR_EVENT`, `ERR_OUTPUT` */
  async publish(event: string, body: unknown, options?: PublishingOptions): Promise<Position> {
    const checked = await this.delivered(event, body)
    const data = toJson({ event, body: checked })
    const { history } = this.channel.definition
    return this.#core.bus.publish(this.name, data, { id: options?.id, retain: history })
  }

  /**
   * `body` as it goes out to members.
   *
   * @throws {CallError} `ERR_EVENT`, `ERR_OUTPUT`
   */
  delivered(event: string, body: unknown): unknown | Promise<unknown> {
    const definition = this.definitionOf(event)
    const schema = definition.delivery ?? definition.input
    return validated(schema, body, { code: 'ERR_OUTPUT', channel: this.name, event })
  }

  /** @throws {CallError} `ERR_EVENT` */
  definitionOf(event: string) {
    const { events } = this.channel.definition
    const definition = events !== undefined && Object.hasOwn(events, event) ? events[event] : undefined
    if (definition !== undefined) return definition
    const message = `The channel has no event '${event.slice(0, 64)}'`
    throw new CallError('ERR_EVENT', { message, channel: this.name, event })
  }

  /** @throws {CallError} `ERR_NO_HISTORY` */
  async history(options: HistoryOptions = {}): Promise<{ at: Position; messages: HistoryEntry[] }> {
    if (this.channel.definition.history === undefined) {
      throw new CallError('ERR_NO_HISTORY', {
        message: 'The channel keeps no history',
        channel: this.name,
      })
    }
    const limit = Math.min(options.limit ?? maxHistory, maxHistory)
    const page = await this.#core.bus.history(this.name, { since: options.since, limit })
    const messages = page.messages.map(({ data, position, time }) => {
      return { offset: position.offset, ...(fromJson(data) as object), time } as HistoryEntry
    })
    return { at: page.position, messages }
  }

  // ------------------------------------------------------------------------------------------------ presence

  /** Everybody who is here. */
  present(): PresenceMember[] {
    return [...(this.#presence?.entries() ?? [])]
  }

  /** Tells somebody who has joined who is here; nothing in a channel without presence. */
  greet(member: Membership): void {
    this.#presence?.greet(member)
  }

  /** A member of this node is here, or says something else of itself. */
  setPresence(ref: string, key: string, meta: unknown): void {
    this.#presence?.set({ ref, key, meta })
  }

  clearPresence(ref: string): void {
    this.#presence?.clear(ref)
  }

  #presenceIn(core: Core, { presence }: AnyChannel['definition']): RoomPresence | undefined {
    if (presence === undefined || presence === false) return undefined
    const { maxListed = defaultMaxListed } = presence === true ? {} : presence
    const room = this
    return new RoomPresence(
      {
        name: this.name,
        node: core.node,
        get members() {
          return room.#opened?.members ?? []
        },
        now: () => core.now(),
        gossip: (data) => core.bus.gossip(this.name, data),
        wake: () => core.wait(this, 0),
      },
      maxListed,
    )
  }
}
