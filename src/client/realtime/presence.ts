import type { PresenceEntry } from '../../codec/frame.ts'
import { Listeners } from './observable.ts'

/** What changed about who is here. Somebody in both has changed. */
export interface PresenceChange {
  readonly joins: ReadonlyMap<string, readonly PresenceEntry[]>
  readonly leaves: ReadonlyMap<string, readonly PresenceEntry[]>
  /** Devices that are here now. */
  readonly count: number
}

type Entries = Readonly<Record<string, readonly PresenceEntry[]>>

/**
 * Who is in a channel, kept up to date: for each user the entries of its devices. Where they are too many to be named it is
 * empty, and knows only how many.
 */
export class Presence implements Iterable<[string, readonly PresenceEntry[]]> {
  readonly #users = new Map<string, readonly PresenceEntry[]>()
  /** How many are here, where they are not listed. */
  #crowd: number | undefined
  readonly #listeners: Listeners<[PresenceChange]>

  /** @internal */
  constructor(report: (error: unknown) => void) {
    this.#listeners = new Listeners(report)
  }

  /** Devices that are here. */
  get count(): number {
    return this.#crowd ?? [...this.#users.values()].flat().length
  }

  /** Whether all who are here are in this map: not where they are too many. */
  get isListed(): boolean {
    return this.#crowd === undefined
  }

  /** Users who are in this map. */
  get size(): number {
    return this.#users.size
  }

  get(user: string): readonly PresenceEntry[] | undefined {
    return this.#users.get(user)
  }

  has(user: string): boolean {
    return this.#users.has(user)
  }

  keys(): IterableIterator<string> {
    return this.#users.keys()
  }

  entries(): IterableIterator<[string, readonly PresenceEntry[]]> {
    return this.#users.entries()
  }

  [Symbol.iterator](): IterableIterator<[string, readonly PresenceEntry[]]> {
    return this.#users.entries()
  }

  /** Calls `listener` with each change from now on; what it answers ends that. */
  subscribe(listener: (change: PresenceChange) => void): () => void {
    return this.#listeners.add('', listener)
  }

  /** @internal Everybody who is here, and nobody else: told as a change from what was known; or how many there are. */
  replace(state: Entries = {}, crowd?: number): void {
    this.#crowd = crowd
    if (crowd !== undefined) {
      // Nobody has left: they are only named no longer.
      this.#users.clear()
      this.#listeners.tell('', { joins: new Map(), leaves: new Map(), count: crowd })
      return
    }
    const now = new Map(Object.entries(state))
    const leaves = [...this.#users].map(([user, entries]) => {
      const refs = refsOf(now.get(user))
      return [user, refsOf(entries).filter((ref) => !refs.includes(ref))] as const
    })
    const joins = [...now].map(([user, entries]) => {
      const known = this.#users.get(user)?.map((entry) => JSON.stringify(entry))
      return [user, entries.filter((entry) => !known?.includes(JSON.stringify(entry)))] as const
    })
    this.#apply(leaves, new Map(joins.filter(([, entries]) => entries.length > 0)))
  }

  /** @internal Takes entries off, then puts entries on; one with a ref that is known takes its place. */
  change(leaves: Readonly<Record<string, readonly string[]>>, joins: Entries): void {
    this.#apply(Object.entries(leaves), new Map(Object.entries(joins)))
  }

  #apply(
    leaves: Iterable<readonly [string, readonly string[]]>,
    joins: ReadonlyMap<string, readonly PresenceEntry[]>,
  ): void {
    const left = new Map<string, readonly PresenceEntry[]>()
    for (const [user, refs] of leaves) {
      const gone = this.#take(user, refs)
      if (gone.length > 0) left.set(user, gone)
    }
    for (const [user, entries] of joins) {
      this.#take(user, refsOf(entries))
      this.#users.set(user, [...(this.#users.get(user) ?? []), ...entries])
    }
    if (left.size > 0 || joins.size > 0) {
      this.#listeners.tell('', { joins, leaves: left, count: this.count })
    }
  }

  /** Takes the entries with these refs off, and answers with them. */
  #take(user: string, refs: readonly string[]): readonly PresenceEntry[] {
    const entries = this.#users.get(user) ?? []
    const stay = entries.filter(({ ref }) => !refs.includes(ref))
    if (stay.length > 0) this.#users.set(user, stay)
    else this.#users.delete(user)
    return entries.filter((entry) => !stay.includes(entry))
  }
}

function refsOf(entries: readonly PresenceEntry[] = []): readonly string[] {
  return entries.map(({ ref }) => ref)
}
