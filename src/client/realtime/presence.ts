import type { PresenceEntry } from '../../codec/frame.ts'
import { Listeners } from './observable.ts'

/** What changed about who is here. Somebody in both has changed. */
export interface PresenceChange {
  readonly joins: ReadonlyMap<string, readonly PresenceEntry[]>
  readonly leaves: ReadonlyMap<string, readonly PresenceEntry[]>
}

type Entries = Readonly<Record<string, readonly PresenceEntry[]>>

/** Who is in a channel, kept up to date: for each user the entries of its devices. */
export class Presence implements Iterable<[string, readonly PresenceEntry[]]> {
  readonly #users = new Map<string, readonly PresenceEntry[]>()
  readonly #listeners: Listeners<[PresenceChange]>

  /** @internal */
  constructor(report: (error: unknown) => void) {
    this.#listeners = new Listeners(report)
  }

  /** Users who are here. */
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

  /** @internal Everybody who is here, and nobody else: told as a change from what was known. */
  replace(state: Entries): void {
    const leaves: Record<string, string[]> = {}
    const joins: Record<string, PresenceEntry[]> = {}
    for (const [user, entries] of this.#users) {
      const refs = (state[user] ?? []).map(({ ref }) => ref)
      const gone = entries.filter(({ ref }) => !refs.includes(ref)).map(({ ref }) => ref)
      if (gone.length > 0) leaves[user] = gone
    }
    for (const [user, entries] of Object.entries(state)) {
      const known = new Map(this.#users.get(user)?.map(({ ref, meta }) => [ref, JSON.stringify(meta)]))
      const news = entries.filter(
        ({ ref, meta }) => !known.has(ref) || known.get(ref) !== JSON.stringify(meta),
      )
      if (news.length > 0) joins[user] = news
    }
    this.change(leaves, joins)
  }

  /** @internal Takes entries off, then puts entries on; one with a ref that is known takes its place. */
  change(leaves: Readonly<Record<string, readonly string[]>>, joins: Entries): void {
    const left = new Map<string, readonly PresenceEntry[]>()
    for (const [user, refs] of Object.entries(leaves)) {
      const entries = this.#users.get(user) ?? []
      const gone = entries.filter(({ ref }) => refs.includes(ref))
      if (gone.length === 0) continue
      left.set(user, gone)
      this.#set(
        user,
        entries.filter((entry) => !gone.includes(entry)),
      )
    }
    for (const [user, entries] of Object.entries(joins)) {
      const refs = entries.map(({ ref }) => ref)
      const others = (this.#users.get(user) ?? []).filter(({ ref }) => !refs.includes(ref))
      this.#set(user, [...others, ...entries])
    }
    const joined = new Map(Object.entries(joins))
    if (left.size > 0 || joined.size > 0) this.#listeners.tell('', { joins: joined, leaves: left })
  }

  #set(user: string, entries: readonly PresenceEntry[]): void {
    if (entries.length === 0) this.#users.delete(user)
    else this.#users.set(user, entries)
  }
}
