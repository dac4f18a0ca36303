import type { Position } from '../codec/frame.ts'

/** What a topic keeps for those who were away. */
export interface Retention {
  /** Messages at most. */
  readonly limit: number
  /** How long each, in milliseconds. */
  readonly ttlMs: number
}

export interface PublishOptions {
  /** Publishing again with the same `id` publishes nothing, and answers with the first position. */
  readonly id?: string | undefined
  /** @default nothing is kept */
  readonly retain?: Retention | undefined
}

/** A message on its topic. */
export interface BusMessage {
  readonly data: string
  /** One more than that of the message before, as long as the epoch is the same. */
  readonly position: Position
  /** When it was published, in milliseconds since 1970. */
  readonly time: number
}

/** Who hears of a topic. What it throws is its own affair: a bus never calls it in the middle of `publish` of another. */
export interface TopicListener {
  /** The next message. A bus that lost some goes on with a later position: the listener sees the gap, and asks for history. */
  message(message: BusMessage): void
  /** What somebody gossiped: without position, in no promised order, perhaps never. */
  gossip(data: string): void
}

export interface Subscription {
  /** Position of the last message before the first that is delivered. */
  readonly position: Position
  /** Nothing is delivered any more. */
  unsubscribe(): void
}

/** What a topic still has behind a position. */
export interface HistoryPage {
  /** Oldest first. */
  readonly messages: readonly BusMessage[]
  /** Position of the last message of the topic, returned here or not. */
  readonly position: Position
  /** Whether nothing is missing between `since` and the first of `messages`: same epoch, and all still kept. */
  readonly complete: boolean
}

export interface HistoryRequest {
  /** Messages behind this position; without it the newest ones. */
  readonly since?: Position | undefined
  /** Messages at most; behind `since` the oldest ones first. */
  readonly limit: number
}

/** The right to do something alone, for a time. */
export interface Lease {
  /** Keeps it for as long again. False where it was lost. */
  renew(): Promise<boolean>
  release(): Promise<void>
}

/**
 * What links the nodes of a server. All methods may be called at any time; what cannot be done rejects with an error, and
 * changes nothing.
 */
export interface Bus extends AsyncDisposable {
  /** Puts a message on a topic, and resolves with its position once it is safe there. */
  publish(topic: string, data: string, options?: PublishOptions): Promise<Position>
  /** Delivers what is published from now on, in order of position. */
  subscribe(topic: string, listener: TopicListener): Promise<Subscription>
  history(topic: string, request: HistoryRequest): Promise<HistoryPage>
  /** Tells all subscribers of a topic something that is not kept, not counted, and may be lost. */
  gossip(topic: string, data: string): void
  /** Takes the lease of that name, unless somebody else has it. */
  lease(name: string, ttlMs: number): Promise<Lease | undefined>
}
