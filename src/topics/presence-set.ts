/** One device of somebody who is present. */
export interface Present {
  readonly ref: string
  readonly key: string
  readonly meta: unknown
}

/** What changed for an observer. An entry in both was changed. */
export interface PresenceChange {
  readonly joins: readonly Present[]
  readonly leaves: readonly Present[]
}

/** What nodes tell each other about one topic. Every loss and every order is survived: versions tell. */
export type PresenceGossip =
  | {
      /** `node` went from the version before to this one. */
      readonly kind: 'change'
      readonly node: string
      readonly version: number
      readonly joins: readonly Present[]
      readonly leaves: readonly string[]
    }
  | {
      /** All that `node` has at this version. */
      readonly kind: 'state'
      readonly node: string
      readonly version: number
      readonly entries: readonly Present[]
    }
  /** Whoever is `node`, or everybody where that is absent, is asked for its state. */
  | { readonly kind: 'ask'; readonly node?: string | undefined }

/** What a gossip led to: changes for those who watch, and a gossip to send in turn. */
export interface PresenceEffect {
  readonly change: PresenceChange
  readonly answer: PresenceGossip | undefined
}

interface NodeState {
  version: number
  heardAt: number
  readonly entries: Map<string, Present>
}

const nothing: PresenceChange = { joins: [], leaves: [] }

/**
 * Who is present in a topic, on all nodes. Each node owns the entries of its own sessions and numbers its changes; the
 * others follow, and ask for the whole when they missed one. So all nodes come to agree, whatever is lost or overtakes.
 */
export class PresenceSet {
  readonly #node: string
  readonly #own: NodeState = { version: 0, heardAt: 0, entries: new Map() }
  readonly #others = new Map<string, NodeState>()

  /** `node` is the name of this node, and of no other. */
  constructor(node: string) {
    this.#node = node
  }

  /** Everybody, in no promised order. */
  *entries(): Iterable<Present> {
    yield* this.#own.entries.values()
    for (const { entries } of this.#others.values()) yield* entries.values()
  }

  get size(): number {
    let size = this.#own.entries.size
    for (const { entries } of this.#others.values()) size += entries.size
    return size
  }

  /** Makes a device of this node present, or changes its meta. */
  set(present: Present): PresenceEffect {
    const before = this.#own.entries.get(present.ref)
    this.#own.entries.set(present.ref, present)
    return this.#changed({ joins: [present], leaves: before === undefined ? [] : [before] })
  }

  /** A device of this node is gone. */
  clear(ref: string): PresenceEffect {
    const before = this.#own.entries.get(ref)
    if (before === undefined) return { change: nothing, answer: undefined }
    this.#own.entries.delete(ref)
    return this.#changed({ joins: [], leaves: [before] })
  }

  /** What this node has: for whoever asks, and from time to time for those who missed something. */
  state(): PresenceGossip {
    const entries = [...this.#own.entries.values()]
    return { kind: 'state', node: this.#node, version: this.#own.version, entries }
  }

  /** Another node gossiped. */
  receive(gossip: PresenceGossip, now: number): PresenceEffect {
    if (gossip.kind === 'ask') {
      const isMeant = gossip.node === undefined || gossip.node === this.#node
      return { change: nothing, answer: isMeant ? this.state() : undefined }
    }
    if (gossip.node === this.#node) return { change: nothing, answer: undefined }
    const known = this.#others.get(gossip.node)
    if (gossip.kind === 'state') {
      if (known !== undefined && gossip.version < known.version) return { change: nothing, answer: undefined }
      return { change: this.#replace(gossip.node, gossip.version, gossip.entries, now), answer: undefined }
    }
    if (known !== undefined && gossip.version <= known.version) return { change: nothing, answer: undefined }
    if ((known?.version ?? 0) + 1 !== gossip.version) {
      return { change: nothing, answer: { kind: 'ask', node: gossip.node } }
    }
    const state = known ?? { version: 0, heardAt: now, entries: new Map<string, Present>() }
    this.#others.set(gossip.node, state)
    state.version = gossip.version
    state.heardAt = now
    const leaves: Present[] = []
    for (const ref of [...gossip.leaves, ...gossip.joins.map((present) => present.ref)]) {
      const before = state.entries.get(ref)
      if (before === undefined) continue
      leaves.push(before)
      state.entries.delete(ref)
    }
    for (const present of gossip.joins) state.entries.set(present.ref, present)
    return { change: { joins: gossip.joins, leaves }, answer: undefined }
  }

  /** Forgets nodes that were not heard since `time`: they are gone, and everybody on them. */
  expire(time: number): PresenceChange {
    const leaves: Present[] = []
    for (const [node, state] of this.#others) {
      if (state.heardAt >= time) continue
      leaves.push(...state.entries.values())
      this.#others.delete(node)
    }
    return { joins: [], leaves }
  }

  #changed(change: PresenceChange): PresenceEffect {
    this.#own.version += 1
    const { joins, leaves } = change
    const gone = leaves.map(({ ref }) => ref)
    return {
      change,
      answer: { kind: 'change', node: this.#node, version: this.#own.version, joins, leaves: gone },
    }
  }

  #replace(node: string, version: number, entries: readonly Present[], now: number): PresenceChange {
    const before = this.#others.get(node)?.entries ?? new Map<string, Present>()
    const after = new Map(entries.map((present) => [present.ref, present]))
    this.#others.set(node, { version, heardAt: now, entries: after })
    const isSame = (a: Present, b: Present | undefined): boolean =>
      b !== undefined && a.key === b.key && JSON.stringify(a.meta) === JSON.stringify(b.meta)
    return {
      joins: entries.filter((present) => !isSame(present, before.get(present.ref))),
      leaves: [...before.values()].filter((present) => !isSame(present, after.get(present.ref))),
    }
  }
}
