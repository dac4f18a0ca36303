import type { HistoryEntry, Position } from '../codec/frame.ts'
import type { TakenCall } from '../rpc/calls-taken.ts'
import type { EventDefinitions, PublishedOf, ReceivedOf, SaidOf } from './channel.ts'
import type { Membership } from './membership.ts'
import type { Principal } from './principal.ts'

export interface PublishingOptions {
  /** Publishing again with the same id publishes nothing, and answers with the first position. */
  readonly id?: string | undefined
}

export interface CallOptions {
  /** How long to wait for the answer. @default 30_000 */
  readonly deadlineMs?: number | undefined
}

export interface HistoryOptions {
  readonly since?: Position | undefined
  readonly limit?: number | undefined
}

/** Somebody who is here, once for each device. */
export interface PresenceMember {
  readonly key: string
  readonly ref: string
  readonly meta: unknown
}

/** One member of a channel, as handlers see it; every verb means the same in every dialect. */
export class ChannelContext<Events extends EventDefinitions = EventDefinitions> {
  readonly #membership: Membership
  readonly #call: TakenCall<unknown> | undefined

  /** @internal Made for each event. */
  constructor(membership: Membership, call: TakenCall<unknown> | undefined) {
    this.#membership = membership
    this.#call = call
  }

  /** Yours to fill; it lasts as long as the membership. */
  get data(): Record<string, unknown> {
    return this.#membership.data
  }

  /** Name of the channel, such as `room:1`. */
  get channel(): string {
    return this.#membership.room.name
  }

  /** The named parts of the channel's name. */
  get params(): Readonly<Record<string, string>> {
    return this.#membership.room.params
  }

  /** Name of the session, which others may know. */
  get session(): string {
    return this.#membership.session.id
  }

  /** Who it is. */
  get principal(): Principal {
    return this.#membership.session.principal
  }

  /** Name of the dialect the member speaks. */
  get dialect(): string {
    return this.#membership.session.dialect
  }

  /** Aborted when the caller of this event gives up, its deadline comes, or the session ends. */
  get signal(): AbortSignal | undefined {
    return this.#call?.signal
  }

  /** What the caller of this event sends along, item by item; nothing where it is no call. */
  get items(): AsyncIterable<unknown> | undefined {
    return this.#call?.items
  }

  /** Publishes to all members, on all nodes; resolves with the message's position. */
  publish<Name extends keyof Events & string>(
    event: Name,
    body: PublishedOf<Events[Name]>,
    options?: PublishingOptions,
  ): Promise<Position> {
    return this.#membership.room.publish(event, body, options)
  }

  /** Sends to this member alone. */
  send<Name extends keyof Events & string>(event: Name, body: PublishedOf<Events[Name]>): void {
    this.#membership.send(event, body)
  }

  /** Asks this member's client, and resolves with its answer. */
  call<Name extends keyof Events & string>(
    event: Name,
    body: SaidOf<Events[Name]>,
    options?: CallOptions,
  ): Promise<ReceivedOf<Events[Name]>> {
    return this.#membership.call(event, body, options) as Promise<ReceivedOf<Events[Name]>>
  }

  /** Messages of this channel that are kept. */
  history(options?: HistoryOptions): Promise<{ at: Position; messages: HistoryEntry[] }> {
    return this.#membership.room.history(options)
  }

  /** Who is here. `set` says something about this member; with `presence: true` it is there without. */
  get presence(): { set(meta: unknown): void; list(): PresenceMember[] } {
    const membership = this.#membership
    return { set: (meta) => membership.setPresence(meta), list: () => membership.room.present() }
  }

  /**
   * Takes this member from this channel to another one, whose `join` decides as it does about everybody; `params` is what a
   * client would say when joining, and the client is told it. Resolves when the member is there, and hears nothing of this channel any more.
   *
   * @throws {CallError} what the other channel refuses with, and then the member stays; `ERR_CHANNEL`, `ERR_INPUT`; `ERR_JOIN_FIRST` where the
   * member is not in this channel, or leaves it meanwhile
   */
  move(to: string, params?: unknown): Promise<void> {
    return this.#membership.move(to, params)
  }

  /** Removes this member from the channel. */
  kick(message?: string): void {
    this.#membership.end('kicked', message)
  }
}
