import { randomUUID } from 'node:crypto'
import type { Position } from '../codec/frame.ts'
import { checkOptions, isCount, isFunction } from '../util/options.ts'
import type {
  Bus,
  BusMessage,
  HistoryPage,
  HistoryRequest,
  Lease,
  PublishOptions,
  Subscription,
  TopicListener,
} from './contract.ts'
import { TopicLog } from './topic-log.ts'

export interface MemoryBusOptions {
  /** For how long publishing again with the same id is noticed, in milliseconds. @default 300_000 */
  idWindowMs?: number | undefined
  /** The clock, in milliseconds since 1970. @default that of the system */
  now?: (() => number) | undefined
}

/** New topics between two looks for those that can be forgotten. */
const sweepEvery = 1_000

/** Who listens, and the offset from which on. */
interface Entry {
  readonly listener: TopicListener
  readonly after: number
}

/** A bus within one process: for a server of one node, and for tests with several. */
export function memoryBus(options: MemoryBusOptions = {}): Bus {
  checkOptions('memoryBus()', options, { idWindowMs: isCount(0), now: isFunction })
  return new MemoryBus(options.idWindowMs ?? 300_000, options.now ?? Date.now)
}

class MemoryBus implements Bus {
  readonly #idWindowMs: number
  readonly #now: () => number
  /** Epochs of topics begin with it, so that those of two processes differ. */
  readonly #epoch = randomUUID().slice(0, 8)
  readonly #logs = new Map<string, TopicLog>()
  readonly #listeners = new Map<string, Set<Entry>>()
  readonly #leases = new Map<string, { readonly until: number }>()
  /** What was published while a listener was running, and is delivered behind it. */
  readonly #queue: [topic: string, message: BusMessage][] = []
  #delivering = false
  #created = 0

  constructor(idWindowMs: number, now: () => number) {
    this.#idWindowMs = idWindowMs
    this.#now = now
  }

  publish(topic: string, data: string, { id, retain }: PublishOptions = {}): Promise<Position> {
    const log = this.#logOf(topic)
    const now = this.#now()
    log.expire(now)
    const known = id === undefined ? undefined : log.find(id)
    if (known !== undefined) return Promise.resolve(known)
    const message = log.append(data, id, retain, now)
    this.#queue.push([topic, message])
    if (!this.#delivering) this.#deliver()
    return Promise.resolve(message.position)
  }

  subscribe(topic: string, listener: TopicListener): Promise<Subscription> {
    const { position } = this.#logOf(topic)
    const entry = { listener, after: position.offset }
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners)
    listeners.add(entry)
    const unsubscribe = (): void => {
      listeners.delete(entry)
      if (listeners.size === 0 && this.#listeners.get(topic) === listeners) this.#listeners.delete(topic)
    }
    return Promise.resolve({ position, unsubscribe })
  }

  history(topic: string, request: HistoryRequest): Promise<HistoryPage> {
    return Promise.resolve(this.#logOf(topic).read(request, this.#now()))
  }

  gossip(topic: string, data: string): void {
    for (const { listener } of this.#listeners.get(topic) ?? []) listener.gossip(data)
  }

  lease(name: string, ttlMs: number): Promise<Lease | undefined> {
    const taken = this.#leases.get(name)
    if (taken !== undefined && taken.until > this.#now()) return Promise.resolve(undefined)
    let mine = { until: this.#now() + ttlMs }
    this.#leases.set(name, mine)
    const isMine = (): boolean => this.#leases.get(name) === mine && mine.until > this.#now()
    return Promise.resolve({
      renew: async () => {
        if (!isMine()) return false
        mine = { until: this.#now() + ttlMs }
        this.#leases.set(name, mine)
        return true
      },
      release: async () => {
        if (this.#leases.get(name) === mine) this.#leases.delete(name)
      },
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear()
    this.#logs.clear()
    this.#leases.clear()
  }

  #deliver(): void {
    this.#delivering = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        const [topic, message] = next
        for (const { listener, after } of this.#listeners.get(topic) ?? []) {
          if (message.position.offset > after) listener.message(message)
        }
      }
    } finally {
      this.#delivering = false
    }
  }

  #logOf(topic: string): TopicLog {
    let log = this.#logs.get(topic)
    if (log === undefined) {
      this.#created += 1
      if (this.#created % sweepEvery === 0) this.#sweep()
      log = new TopicLog(`${this.#epoch}.${this.#created}`, this.#idWindowMs)
      this.#logs.set(topic, log)
    }
    log.used = this.#now()
    return log
  }

  /** Forgets topics that nobody uses: whoever comes back to one sees by its epoch that it began anew. */
  #sweep(): void {
    const now = this.#now()
    for (const [topic, log] of this.#logs) {
      log.expire(now)
      const isIdle = log.isEmpty && log.used + this.#idWindowMs <= now
      if (isIdle && !this.#listeners.has(topic)) this.#logs.delete(topic)
    }
  }
}
