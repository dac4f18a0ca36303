import type { HistoryEntry, Position, PresenceEntry } from '../codec/frame.ts'
import { CallError } from '../errors.ts'
import {
  type PresenceChange,
  type PresenceEffect,
  type PresenceGossip,
  PresenceSet,
  type Present,
} from '../topics/presence-set.ts'
import type { WheelEntry } from '../util/timer-wheel.ts'
import type { SessionEvent } from './carrier.ts'
import type { AnyChannel } from './channel.ts'
import type { HistoryOptions, PresenceMember, PublishingOptions } from './context.ts'
import type { Core } from './core.ts'
import { Feed } from './feed.ts'
import type { Membership } from './membership.ts'
import { validated } from './validation.ts'

/** Messages of history in one answer, where nobody asks for fewer. */
const maxHistory = 1_000
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
  readonly #presence: PresenceSet | undefined
  /** Changes of presence that members have not been told: what was there before, and what is now, by ref. */
  readonly #untold = new Map<string, { readonly before: Present | undefined; now: Present | undefined }>()
  /** Members who have yet to be told who is here. */
  readonly #ungreeted = new Set<Membership>()
  /** Whether somebody was told since the last tick. */
  #greeted = false
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
    this.#presence = channel.definition.presence === true ? new PresenceSet(core.node) : undefined
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
      gossip: (data) => this.#heard(data),
      failed: (error) => this.#core.report(error),
    })
    this.#opened = feed
    if (this.#presence !== undefined) this.#gossip({ kind: 'ask' })
    this.#lookedAt = this.#core.now()
    this.#core.wait(this, lookEveryMs)
    return feed
  }

  /** The wheel: tells members what changed, other nodes what is here, and closes what nobody uses. */
  expire(): void {
    const now = this.#core.now()
    this.#tell()
    if (this.#users <= 0) {
      if (now - this.#emptySince < lingerMs) this.#core.wait(this, lingerMs)
      else this.#close()
      return
    }
    if (now - this.#lookedAt >= lookEveryMs) {
      this.#lookedAt = now
      void this.#opened?.check()
      if (this.#presence !== undefined) {
        this.#gossip(this.#presence.state())
        this.#changed(this.#presence.expire(now - 3 * lookEveryMs))
      }
    }
    this.#core.wait(this, this.#untold.size > 0 ? 0 : lookEveryMs)
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
    const data = JSON.stringify({ event, body: checked })
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
      return { offset: position.offset, ...JSON.parse(data), time } as HistoryEntry
    })
    return { at: page.position, messages }
  }

  // ------------------------------------------------------------------------------------------------ presence

  /** Everybody who is here. */
  present(): PresenceMember[] {
    return [...(this.#presence?.entries() ?? [])]
  }

  /**
   * Tells somebody who has joined who is here; nothing in a channel without presence. The first one of a tick at once, all
   * others of it together, with a state that is encoded once: many may come at a time.
   */
  greet(member: Membership): void {
    if (this.#presence === undefined) return
    if (this.#greeted) this.#ungreeted.add(member)
    else member.session.write(this.#state(this.#presence))
    this.#greeted = true
    this.#core.wait(this, 0)
  }

  #state(presence: PresenceSet): SessionEvent {
    return { type: 'presence', channel: this.name, state: byKey(presence.entries()) }
  }

  /** A member of this node is here, or says something else of itself. */
  setPresence(ref: string, key: string, meta: unknown): void {
    if (this.#presence !== undefined) this.#effect(this.#presence.set({ ref, key, meta }))
  }

  clearPresence(ref: string): void {
    if (this.#presence !== undefined) this.#effect(this.#presence.clear(ref))
  }

  #heard(data: string): void {
    if (this.#presence !== undefined) {
      this.#effect(this.#presence.receive(JSON.parse(data) as PresenceGossip, this.#core.now()))
    }
  }

  #effect({ change, answer }: PresenceEffect): void {
    if (answer !== undefined) this.#gossip(answer)
    this.#changed(change)
  }

  #gossip(gossip: PresenceGossip): void {
    this.#core.bus.gossip(this.name, JSON.stringify(gossip))
  }

  /** Members are told of all changes of one tick together. */
  #changed({ joins, leaves }: PresenceChange): void {
    if (joins.length + leaves.length === 0) return
    for (const present of leaves) {
      const untold = this.#untold.get(present.ref)
      if (untold === undefined) this.#untold.set(present.ref, { before: present, now: undefined })
      else untold.now = undefined
    }
    for (const present of joins) {
      const untold = this.#untold.get(present.ref)
      if (untold === undefined) this.#untold.set(present.ref, { before: undefined, now: present })
      else untold.now = present
    }
    this.#core.wait(this, 0)
  }

  /** Tells members what has changed since the last tick, and who is here to those who do not know yet. */
  #tell(): void {
    this.#greeted = false
    const ungreeted = new Set(this.#ungreeted)
    this.#ungreeted.clear()
    const diff = this.#diff()
    if (diff !== undefined) {
      for (const member of this.#opened?.members ?? []) {
        if (!ungreeted.has(member)) member.session.write(diff)
      }
    }
    if (ungreeted.size === 0 || this.#presence === undefined) return
    const state = this.#state(this.#presence)
    for (const { joined, session } of ungreeted) if (joined) session.write(state)
  }

  #diff(): SessionEvent | undefined {
    const changes = [...this.#untold.values()]
    this.#untold.clear()
    const joins = byKey(changes.flatMap(({ now }) => now ?? []))
    const leaves: Record<string, string[]> = Object.create(null)
    for (const { before } of changes) {
      if (before === undefined) continue
      leaves[before.key] ??= []
      leaves[before.key]?.push(before.ref)
    }
    if (Object.keys(joins).length + Object.keys(leaves).length === 0) return undefined
    return { type: 'presence-diff', channel: this.name, leaves, joins }
  }
}

function byKey(entries: Iterable<Present>): Record<string, PresenceEntry[]> {
  const state: Record<string, PresenceEntry[]> = Object.create(null)
  for (const { key, ref, meta } of entries) {
    state[key] ??= []
    state[key]?.push({ ref, meta })
  }
  return state
}
