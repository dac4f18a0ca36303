import type { Bus } from '../bus/contract.ts'
import { toJson } from '../codec/json.ts'
import { CallError, RealtimeError } from '../errors.ts'
import type { Unit } from '../session/outbox.ts'
import { base64url, type KeySource, SessionKey } from '../session/session-key.ts'
import type { Rate } from '../session/token-bucket.ts'
import type { TimerWheel, WheelEntry } from '../util/timer-wheel.ts'
import type { Encoder } from './carrier.ts'
import type { AnyChannel } from './channel.ts'
import { Feed } from './feed.ts'
import type { Credentials, Principal } from './principal.ts'
import { Relays } from './relay/relays.ts'
import { nodeNameBytes, sessionName, sessionNameBytes } from './relay/session-name.ts'
import { Room } from './room.ts'
import { Session } from './session.ts'

/** What sessions may take of a server; the public options have the words. */
export interface CoreLimits {
  readonly windowMs: number
  readonly unjoinedWindowMs: number
  readonly maxSessions: number
  readonly maxBytes: number
  readonly maxAgeMs: number
  readonly maxChannels: number
  readonly maxCalls: number
  readonly rate: Rate | undefined
}

/** Time, chance and hashing of the platform. */
export interface CoreEnvironment extends KeySource {
  /** Milliseconds of a clock that never goes back. */
  now(): number
  /** Milliseconds since 1970. */
  time(): number
  /** Turns while something waits in it. */
  readonly wheel: TimerWheel
}

/** What is to happen to all sessions of a user, on whatever node. */
export type Order =
  | { readonly what: 'send'; readonly user: string; readonly event: string; readonly body: unknown }
  | {
      readonly what: 'kick'
      readonly user: string
      readonly channel: string
      readonly message: string | undefined
    }
  | {
      readonly what: 'move'
      readonly user: string
      readonly from: string
      readonly to: string
      readonly params: unknown
    }
  | { readonly what: 'revoke'; readonly user: string; readonly message: string | undefined }

/** When somebody may try again for whom there is no room. */
const fullAfterMs = 5_000
/** Who it is where the application does not care. */
const nobody: Principal = Object.freeze({})
/** No channel has such a name. */
const ordersTopic = '\u0000orders'
/** For nodes that missed an order. */
const ordersRetention = { limit: 1_000, ttlMs: 60_000 }

export interface CoreParts {
  readonly channels: readonly AnyChannel[]
  readonly bus: Bus
  readonly limits: CoreLimits
  readonly environment: CoreEnvironment
  authenticate(credentials: Credentials): unknown
  onError(error: Error): void
}

/** All sessions and channels of one node. It knows no dialect: those open sessions, and say what their clients do. */
export class Core {
  /** Name of this node among those of the bus. */
  readonly node: string
  readonly bus: Bus
  readonly limits: CoreLimits
  /** Sessions that go on through another node than their own. */
  readonly relays: Relays
  readonly #parts: CoreParts
  readonly #sessions = new Map<string, Session>()
  /** Sessions of those who have a name. */
  readonly #users = new Map<string, Set<Session>>()
  readonly #rooms = new Map<string, Room>()
  /** Orders that go to all nodes; listened to from the first session on. */
  #orders: Promise<Feed> | undefined
  #closed = false

  constructor(parts: CoreParts) {
    this.#parts = parts
    this.bus = parts.bus
    this.limits = parts.limits
    this.node = base64url(parts.environment.randomBytes(nodeNameBytes))
    this.relays = new Relays({
      node: this.node,
      bus: this.bus,
      sessions: this.#sessions,
      digestOf: (key) => SessionKey.digestOf(key, parts.environment),
      now: () => this.now(),
      wait: (entry, delayMs) => this.wait(entry, delayMs),
      stopWaiting: (entry) => this.stopWaiting(entry),
      report: (error) => this.report(error),
      // No later order may come to show that the last one was lost.
      beat: () => void this.#orders?.then((feed) => feed.check()),
    })
  }

  get sessions(): ReadonlyMap<string, Session> {
    return this.#sessions
  }

  /** Milliseconds of a clock that never goes back. */
  now(): number {
    return this.#parts.environment.now()
  }

  /** Milliseconds since 1970. */
  time(): number {
    return this.#parts.environment.time()
  }

  /** Lets `entry` wait. */
  wait(entry: WheelEntry, delayMs: number): void {
    this.#parts.environment.wheel.add(entry, delayMs)
  }

  stopWaiting(entry: WheelEntry): void {
    this.#parts.environment.wheel.cancel(entry)
  }

  // ------------------------------------------------------------------------------------------------ sessions

  /**
   * Begins a session for whoever shows these credentials, and makes the key it can be resumed with.
   *
   * @throws {CallError} `ERR_UNAUTHORIZED`, or what `authenticate` refuses with; `ERR_TOO_MANY` (limits.maxSessions)
   */
  async open<Encoded extends Unit>(
    encoder: Encoder<Encoded>,
    credentials: Credentials,
  ): Promise<{ session: Session<Encoded>; key: string }> {
    this.#checkRoom()
    const principal = await this.authenticate(credentials)
    this.#orders ??= this.#listen()
    await Promise.all([this.#orders, this.relays.open()])
    if (this.#closed) throw new CallError('ERR_SESSION', { message: 'The server is closing' })
    this.#checkRoom()
    const { text, key } = SessionKey.create(this.#parts.environment)
    const id = sessionName(this.node, base64url(this.#parts.environment.randomBytes(sessionNameBytes)))
    const session = new Session<Encoded>({ core: this, id, key, principal, encoder })
    this.#sessions.set(id, session as unknown as Session)
    if (principal.id !== undefined) {
      const devices = this.#users.get(principal.id) ?? new Set()
      devices.add(session as unknown as Session)
      this.#users.set(principal.id, devices)
    }
    return { session, key: text }
  }

  #checkRoom(): void {
    if (this.#sessions.size < this.limits.maxSessions) return
    const message = 'The server has as many sessions as it can bear (limits.maxSessions)'
    throw new CallError('ERR_TOO_MANY', { message, retryAfterMs: fullAfterMs })
  }

  /** The session of that name, for who has its key and speaks the same dialect. */
  find<Encoded extends Unit>(
    encoder: Encoder<Encoded>,
    id: string,
    key: string,
  ): Session<Encoded> | undefined {
    const session = this.#sessions.get(id)
    if (session === undefined || session.dialect !== encoder.name) return undefined
    return session.key.matches(key) ? (session as unknown as Session<Encoded>) : undefined
  }

  /** @throws {CallError} `ERR_UNAUTHORIZED`, or what the application refuses with */
  async authenticate(credentials: Credentials): Promise<Principal> {
    try {
      const principal = await this.#parts.authenticate(credentials)
      if (principal === undefined || principal === null) return nobody
      if (typeof principal === 'object') return principal as Principal
    } catch (error) {
      if (error instanceof CallError) throw error
      this.report(error)
    }
    throw new CallError('ERR_UNAUTHORIZED', { message: 'The server does not know who this is' })
  }

  /** A session is over. */
  left(session: Session): void {
    this.#sessions.delete(session.id)
    const { id } = session.principal
    const devices = id === undefined ? undefined : this.#users.get(id)
    if (devices?.delete(session) === true && devices.size === 0) this.#users.delete(id as string)
  }

  /** Gives an order about a user to all nodes; resolves when it is safe on the bus. */
  async order(order: Order): Promise<void> {
    const data = toJson({ event: order.what, body: order })
    await this.bus.publish(ordersTopic, data, { retain: ordersRetention })
  }

  async #listen(): Promise<Feed> {
    try {
      const feed = await Feed.open(this.bus, ordersTopic, {
        gossip() {},
        failed: (error) => this.report(error),
      })
      feed.add({
        write: (event) => {
          if (event.type === 'publish') this.#obey(event.body as Order)
        },
      })
      if (this.#closed) feed.close()
      return feed
    } catch (error) {
      this.#orders = undefined
      throw error
    }
  }

  #obey(order: Order): void {
    for (const session of [...(this.#users.get(order.user) ?? [])]) {
      switch (order.what) {
        case 'send':
          session.write({ type: 'send', event: order.event, body: order.body })
          break
        case 'kick':
          session.membership(order.channel)?.end('kicked', order.message)
          break
        case 'move':
          session
            .membership(order.from)
            ?.move(order.to, order.params)
            .catch((error) => this.report(error))
          break
        case 'revoke':
          session.end({ why: 'unauthorized', message: order.message, reconnect: true })
      }
    }
  }

  /** Ends everything. */
  close(message: string | undefined): void {
    this.#closed = true
    void this.#orders?.then((feed) => feed.close())
    for (const session of [...this.#sessions.values()])
      session.end({ why: 'goingAway', message, reconnect: true })
    this.relays.close()
  }

  // ------------------------------------------------------------------------------------------------ channels

  /**
   * The channel of that name, on this node.
   *
   * @throws {CallError} `ERR_CHANNEL`
   */
  room(name: string): Room {
    let room = this.#rooms.get(name)
    if (room !== undefined) return room
    for (const channel of this.#parts.channels) {
      const params = channel.pattern.match(name)
      if (params === undefined) continue
      room = new Room(this, channel, name, params)
      this.#rooms.set(name, room)
      // It is forgotten again, unless somebody joins.
      this.wait(room, 0)
      return room
    }
    throw new CallError('ERR_CHANNEL', { message: 'There is no such channel', channel: name.slice(0, 256) })
  }

  /** Nobody uses the channel any more. */
  forget(room: Room): void {
    if (this.#rooms.get(room.name) === room) this.#rooms.delete(room.name)
  }

  // ------------------------------------------------------------------------------------------------ errors

  /** Tells the application of what went wrong in its own code, or on the bus. */
  report(error: unknown): void {
    const told =
      error instanceof Error
        ? error
        : new RealtimeError('ERR_HANDLER', { side: 'local', message: String(error) })
    try {
      this.#parts.onError(told)
    } catch {
      // Whoever throws on being told of an error cannot be told of that.
    }
  }

  /** Runs a handler nobody waits for. */
  guard(handler: () => unknown): void {
    try {
      const done = handler()
      if (done instanceof Promise) done.catch((error) => this.report(error))
    } catch (error) {
      this.report(error)
    }
  }
}
