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
    if (this.#crowd !== undefined) return this.#crowd
    let count = 0
    for (const entries of this.#users.values()) count += entries.length
    return count
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
    const leaves = new Map<string, string[]>()
    for (const [user, entries] of this.#users) {
      const refs = now.get(user)?.map(({ ref }) => ref) ?? []
      const gone = entries.map(({ ref }) => ref).filter((ref) => !refs.includes(ref))
      if (gone.length > 0) leaves.set(user, gone)
    }
    const joins = new Map<string, PresenceEntry[]>()
    for (const [user, entries] of now) {
      const known = new Map(this.#users.get(user)?.map(({ ref, meta }) => [ref, JSON.stringify(meta)]))
      const news = entries.filter(
        ({ ref, meta }) => !known.has(ref) || known.get(ref) !== JSON.stringify(meta),
      )
      if (news.length > 0) joins.set(user, news)
    }
    this.#apply(leaves, joins)
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
      const [gone, stay] = partition(this.#users.get(user), refs)
      if (gone.length === 0) continue
      left.set(user, gone)
      this.#set(user, stay)
    }
    for (const [user, entries] of joins) {
      const refs = entries.map(({ ref }) => ref)
      const [, others] = partition(this.#users.get(user), refs)
      this.#set(user, [...others, ...entries])
    }
    if (left.size > 0 || joins.size > 0) {
      this.#listeners.tell('', { joins, leaves: left, count: this.count })
    }
  }

  #set(user: string, entries: readonly PresenceEntry[]): void {
    if (entries.length === 0) this.#users.delete(user)
    else this.#users.set(user, entries)
  }
}

/** The entries with one of these refs, and all others. */
function partition(
  entries: readonly PresenceEntry[] = [],
  refs: readonly string[],
): [PresenceEntry[], PresenceEntry[]] {
  const has = ({ ref }: PresenceEntry): boolean => refs.includes(ref)
  return [entries.filter(has), entries.filter((entry) => !has(entry))]
}
