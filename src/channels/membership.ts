import type { Position, Why } from '../codec/frame.ts'
import { CallError } from '../errors.ts'
import { isStream, type TakenCall } from '../rpc/calls-taken.ts'
import { Backlog } from '../session/backlog.ts'
import { TokenBucket } from '../session/token-bucket.ts'
import type { SessionEvent } from './carrier.ts'
import { type CallOptions, ChannelContext } from './context.ts'
import type { Delivery, Feed, FeedMember, Reset } from './feed.ts'
import type { Room } from './room.ts'
import type { Session } from './session.ts'
import type { StandardSchema } from './standard-schema.ts'
import { type ValueFor, validated } from './validation.ts'

/** How a join went. */
export interface Joined {
  readonly at: Position
  readonly welcome: unknown
  /** What was missed since the position the member named. */
  readonly missed: readonly SessionEvent[]
  readonly resumed: { readonly replayed: number } | undefined
  readonly reset: { readonly reason: string } | undefined
}

/** Deliveries that wait for a slow reader, where the channel does not say how many. */
const defaultMaxWaiting = 100

/** One session in one channel. */
export class Membership implements FeedMember {
  readonly session: Session
  readonly room: Room
  readonly #rate: TokenBucket | undefined
  readonly #ended: (why: Why, message: string | undefined) => void
  #feed: Feed<Membership> | undefined
  #state: 'joining' | 'joined' | 'ended' = 'joining'
  /** What its client asks of it while it is joining. */
  #waiting: (() => void)[] | undefined
  /** Who wants to know when it is over. */
  #dependents: Set<() => void> | undefined
  /** Deliveries up to this one its client has already. */
  #has: Position | undefined
  /** Offset of the last delivery it was given. */
  #offset = 0
  /** Deliveries that wait while the client is behind, in a channel that leaves some out. */
  readonly #late: Backlog<Delivery> | undefined
  #data: Record<string, unknown> | undefined
  #meta: { readonly value: unknown } | undefined

  constructor(session: Session, room: Room, ended: (why: Why, message: string | undefined) => void) {
    this.session = session
    this.room = room
    this.#ended = ended
    const { rate, slowReaders } = room.channel.definition
    this.#rate = rate && new TokenBucket(rate)
    this.#late =
      slowReaders === undefined || slowReaders.policy === 'close'
        ? undefined
        : new Backlog(slowReaders.policy, slowReaders.maxWaiting ?? defaultMaxWaiting)
    room.hold()
  }

  /**
   * Asks the application, and listens to the channel. `admitted` is called in the turn from which on deliveries come.
   *
   * @throws whatever the application refuses with
   */
  async join(
    params: unknown,
    since: Position | undefined,
    admitted: (joined: Joined) => void,
  ): Promise<void> {
    const { definition } = this.room.channel
    try {
      const purpose = { code: 'ERR_INPUT', channel: this.room.name } as const
      const given = await validated(definition.params, params, purpose)
      const merged = { ...(given as object | undefined), ...this.room.params }
      const welcome = await definition.join?.(new ChannelContext(this, undefined), merged as never)
      const feed = await this.room.feed()
      const caughtUp = (missed: readonly SessionEvent[] | undefined): void => {
        if (this.#isOver) throw over(this.room.name)
        this.#feed = feed
        this.#state = 'joined'
        this.#has = missed && since
        this.#offset = feed.position.offset
        const resumed = since && missed && { replayed: missed.length }
        const reason = since?.epoch === feed.position.epoch ? 'overflow' : 'epoch'
        const reset = missed === undefined ? { reason } : undefined
        feed.add(this)
        this.#bePresent()
        admitted({ at: feed.position, welcome, missed: missed ?? [], resumed, reset })
      }
      if (since === undefined) caughtUp([])
      else await feed.catchUp(since, caughtUp)
    } catch (error) {
      if (!this.#isOver) this.room.release()
      this.#state = 'ended'
      throw handlerError(error, this.room.name, undefined)
    } finally {
      const waiting = this.#waiting
      this.#waiting = undefined
      for (const act of waiting ?? []) act()
    }
  }

  /** The application's, for as long as the membership lasts. */
  get data(): Record<string, unknown> {
    this.#data ??= {}
    return this.#data
  }

  /** Calls `act` now, or when it is known whether the member may join. */
  whenDecided(act: () => void): void {
    if (this.#state !== 'joining') act()
    else {
      this.#waiting ??= []
      this.#waiting.push(act)
    }
  }

  /** Calls `act` when the membership ends; what it answers takes that back. */
  whenOver(act: () => void): () => void {
    this.#dependents ??= new Set()
    this.#dependents.add(act)
    return () => void this.#dependents?.delete(act)
  }

  /** Whether it is not known yet. */
  get joining(): boolean {
    return this.#state === 'joining'
  }

  get joined(): boolean {
    return this.#state === 'joined'
  }

  /** A delivery of the channel. */
  write(event: Delivery | Reset): void {
    if (event.type === 'publish') {
      if (this.#has !== undefined) {
        if (event.offset <= this.#has.offset && this.#feed?.position.epoch === this.#has.epoch) {
          this.#offset = event.offset
          return
        }
        this.#has = undefined
      }
      if (this.#late !== undefined && (this.#late.size > 0 || this.session.isBehind)) {
        const { key } = this.room.channel.definition.slowReaders ?? {}
        this.#late.push(event, key?.(event.event, event.body) ?? event.event)
        this.session.waitsWith(this)
        return
      }
      this.session.write(this.#counted(event))
    } else {
      this.#late?.clear()
      this.#offset = event.at.offset
      this.session.write(event)
    }
  }

  /** What waits for a client who was behind, and how much of the channel was left out before it. */
  nextLate(): Delivery | undefined {
    const event = this.joined ? this.#late?.take() : undefined
    return event && this.#counted(event)
  }

  /** A delivery that says how many were left out before it. */
  #counted(event: Delivery): Delivery {
    const skipped = event.offset - this.#offset - 1
    this.#offset = event.offset
    return skipped > 0 ? { ...event, skipped } : event
  }

  /**
   * The client sends an event, or calls it: what the handler answers.
   *
   * @throws {CallError} `ERR_EVENT`, `ERR_INPUT`, `ERR_OUTPUT`, `ERR_RATE`, or what the handler throws
   */
  handle(event: string, body: unknown, call: TakenCall<unknown> | undefined): unknown {
    const definition = this.room.definitionOf(event)
    const handler = this.room.channel.definition.on?.[event]
    if (handler === undefined) {
      const message = 'Clients may not send this event'
      throw new CallError('ERR_EVENT', { message, channel: this.room.name, event })
    }
    const retryAfterMs = this.#rate?.take(this.session.core.now()) ?? 0
    if (retryAfterMs > 0) {
      throw new CallError('ERR_RATE', {
        message: 'Too many events',
        channel: this.room.name,
        event,
        retryAfterMs,
      })
    }
    try {
      const { input, output } = definition
      const context = new ChannelContext(this, call)
      const said = input === undefined ? body : validated(input, body, this.#purpose('ERR_INPUT', event))
      const answer =
        said instanceof Promise
          ? said.then((value) => handler(context, value as never))
          : handler(context, said as never)
      if (!(answer instanceof Promise))
        return output === undefined ? answer : this.#checked(output, event, answer)
      return answer
        .then((value) => this.#checked(output, event, value))
        .catch((error) => {
          throw handlerError(error, this.room.name, event)
        })
    } catch (error) {
      throw handlerError(error, this.room.name, event)
    }
  }

  /** What a handler answered, as it goes out. */
  #checked(output: StandardSchema | undefined, event: string, answer: unknown): unknown {
    if (output === undefined) return answer
    const purpose = this.#purpose('ERR_OUTPUT', event)
    return isStream(answer)
      ? checkedItems(answer, (item) => validated(output, item, purpose))
      : validated(output, answer, purpose)
  }

  #purpose(code: ValueFor['code'], event: string): ValueFor {
    return { code, channel: this.room.name, event }
  }

  /** @throws {CallError} `ERR_EVENT`, `ERR_OUTPUT` */
  send(event: string, body: unknown): void {
    const write = (checked: unknown): void => {
      if (!this.#isOver) this.session.write({ type: 'send', channel: this.room.name, event, body: checked })
    }
    const checked = this.room.delivered(event, body)
    if (checked instanceof Promise) checked.then(write, (error) => this.session.core.report(error))
    else write(checked)
  }

  /** Asks the client. */
  async call(event: string, body: unknown, options?: CallOptions): Promise<unknown> {
    const definition = this.room.definitionOf(event)
    const question = await validated(definition.input, body, this.#purpose('ERR_OUTPUT', event))
    if (this.#isOver) throw over(this.room.name)
    const answer = await this.session.call(this.room.name, event, question, options)
    return validated(definition.output, answer, this.#purpose('ERR_INPUT', event))
  }

  /** Takes this member to another channel. */
  move(to: string, params: unknown): Promise<void> {
    return this.session.move(this, to, params)
  }

  /** What others see of this member. */
  setPresence(meta: unknown): void {
    this.#meta = { value: meta }
    if (this.#state === 'joined') this.#bePresent()
  }

  /** The membership is over; the handler `leave` hears why. */
  end(why: Why, message?: string): void {
    if (this.#isOver) return
    const wasJoined = this.joined
    this.#state = 'ended'
    this.room.release()
    this.#ended(why, message)
    for (const act of [...(this.#dependents ?? [])]) act()
    if (!wasJoined) return
    this.#feed?.remove(this)
    this.room.clearPresence(this.#ref)
    this.session.core.guard(() =>
      this.room.channel.definition.leave?.(new ChannelContext(this, undefined), why),
    )
  }

  get #isOver(): boolean {
    return this.#state === 'ended'
  }

  get #ref(): string {
    return this.session.id
  }

  #bePresent(): void {
    this.room.setPresence(this.#ref, this.session.principal.id ?? this.session.id, this.#meta?.value)
  }
}

/** What a handler threw, as an error for the caller: a `CallError` as it is, anything else as `ERR_HANDLER` with the cause. */
export function handlerError(cause: unknown, channel: string, event: string | undefined): CallError {
  if (cause instanceof CallError) return cause
  const message = 'The server failed to handle this'
  return new CallError('ERR_HANDLER', { side: 'local', message, cause, channel, event })
}

/** What is asked of a channel the session is not in, or no longer. */
export function over(channel: string): CallError {
  return new CallError('ERR_JOIN_FIRST', { message: 'Join the channel first', channel })
}

async function* checkedItems(
  items: AsyncIterable<unknown>,
  check: (item: unknown) => unknown,
): AsyncIterable<unknown> {
  for await (const item of items) yield await check(item)
}
