import type { PresenceEntry } from '../codec/frame.ts'
import { fromJson, toJson } from '../codec/json.ts'
import {
  type PresenceChange,
  type PresenceEffect,
  type PresenceGossip,
  PresenceSet,
  type Present,
} from '../topics/presence-set.ts'
import type { SessionEvent } from './carrier.ts'
import type { Membership } from './membership.ts'

/** How often a crowd is counted anew, in milliseconds. */
const countEveryMs = 1_000

/** What presence needs of the channel it belongs to. */
export interface PresenceRoom {
  readonly name: string
  /** Name of this node. */
  readonly node: string
  /** Who has joined here. */
  readonly members: Iterable<Membership>
  now(): number
  /** Says something to the other nodes. */
  gossip(data: string): void
  /** Something is to be told: calls `tell` within a tick. */
  wake(): void
}

/**
 * Who is present in a channel, as its members are told. All changes of a tick make one frame, the same for all of them, so
 * that many can come and go at once. Above `maxListed` devices members hear only how many there are: to tell each of n
 * members of each other would take n² entries.
 */
export class RoomPresence {
  readonly #room: PresenceRoom
  readonly #set: PresenceSet
  readonly #maxListed: number
  /** Changes that members have not been told: what was there before, and what is now, by ref. */
  readonly #untold = new Map<string, { readonly before: Present | undefined; now: Present | undefined }>()
  /** Members who have yet to be told who is here. */
  readonly #ungreeted = new Set<Membership>()
  /** Whether somebody was told since the last tick. */
  #greeted = false
  /** Whether there are too many to be listed. */
  #isCrowd = false
  /** What a crowd was told last, and when. */
  #toldCount = 0
  #toldAt = 0

  constructor(room: PresenceRoom, maxListed: number) {
    this.#room = room
    this.#set = new PresenceSet(room.node)
    this.#maxListed = maxListed
  }

  /** Everybody who is here, on all nodes. */
  entries(): Iterable<Present> {
    return this.#set.entries()
  }

  /**
   * Tells somebody who has joined who is here. The first one of a tick at once, all others of it together, with a state that is
   * encoded once.
   */
  greet(member: Membership): void {
    if (this.#greeted) this.#ungreeted.add(member)
    else member.session.write(this.#state())
    this.#greeted = true
    this.#room.wake()
  }

  /** A member of this node is here, or says something else of itself. */
  set(present: Present): void {
    this.#effect(this.#set.set(present))
  }

  clear(ref: string): void {
    this.#effect(this.#set.clear(ref))
  }

  /** Another node said something. */
  heard(data: string): void {
    this.#effect(this.#set.receive(fromJson(data) as PresenceGossip, this.#room.now()))
  }

  /** Asks all other nodes who is there. */
  ask(): void {
    this.#gossip({ kind: 'ask' })
  }

  /** Tells the other nodes who is here, and forgets those that were not heard since `time`. */
  renew(time: number): void {
    this.#gossip(this.#set.state())
    this.#changed(this.#set.expire(time))
  }

  /** Tells members what has changed since the last tick, and who is here to those who do not know yet. True where more is to be told. */
  tell(): boolean {
    this.#greeted = false
    const ungreeted = new Set(this.#ungreeted)
    this.#ungreeted.clear()
    // A crowd that is about as large as may be is not told the one and the other in turn.
    const isCrowd = this.#set.size > (this.#isCrowd ? this.#maxListed * 0.9 : this.#maxListed)
    const isOther = isCrowd !== this.#isCrowd
    this.#isCrowd = isCrowd
    if (isOther) ungreeted.clear()
    const told = isOther ? this.#toldAnew() : isCrowd ? this.#newCount() : this.#diff()
    if (told !== undefined) {
      for (const member of this.#room.members) if (!ungreeted.has(member)) member.session.write(told)
    }
    if (ungreeted.size > 0) {
      const state = this.#state()
      for (const { joined, session } of ungreeted) if (joined) session.write(state)
    }
    return this.#untold.size > 0
  }

  /** What somebody is told who knows nothing yet. */
  #state(): SessionEvent {
    const { name } = this.#room
    return this.#isCrowd
      ? { type: 'presence', channel: name, count: this.#set.size }
      : { type: 'presence', channel: name, state: byKey(this.#set.entries()) }
  }

  /** What everybody is told. */
  #toldAnew(): SessionEvent {
    this.#untold.clear()
    this.#toldCount = this.#set.size
    this.#toldAt = this.#room.now()
    return this.#state()
  }

  /** What a crowd is told now and then. */
  #newCount(): SessionEvent | undefined {
    if (this.#untold.size === 0 || this.#room.now() - this.#toldAt < countEveryMs) return undefined
    if (this.#set.size !== this.#toldCount) return this.#toldAnew()
    this.#untold.clear()
    return undefined
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
    return { type: 'presence-diff', channel: this.#room.name, leaves, joins }
  }

  #effect({ change, answer }: PresenceEffect): void {
    if (answer !== undefined) this.#gossip(answer)
    this.#changed(change)
  }

  #gossip(gossip: PresenceGossip): void {
    this.#room.gossip(toJson(gossip))
  }

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
    this.#room.wake()
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
