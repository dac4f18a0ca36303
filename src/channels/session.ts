import {
  type CallFrame,
  errorOf,
  type NumberedFrame,
  type Position,
  type WireError,
  wireError,
} from '../codec/frame.ts'
import { CallError } from '../errors.ts'
import { CallsMade } from '../rpc/calls-made.ts'
import { CallsTaken } from '../rpc/calls-taken.ts'
import { AnswerWindow } from '../session/answer-window.ts'
import { type Attachment, Line } from '../session/line.ts'
import type { Unit } from '../session/outbox.ts'
import type { SessionKey } from '../session/session-key.ts'
import { TokenBucket } from '../session/token-bucket.ts'
import type { WheelEntry } from '../util/timer-wheel.ts'
import type { Carrier, Encoder, Ending, SessionEvent, Transfer } from './carrier.ts'
import type { CallOptions } from './context.ts'
import type { Core } from './core.ts'
import { handlerError, Membership, over } from './membership.ts'
import type { Principal } from './principal.ts'
import type { SessionPort } from './session-port.ts'

/** What a session is made of. */
export interface SessionParts<Encoded extends Unit> {
  readonly core: Core
  readonly id: string
  readonly key: SessionKey
  readonly principal: Principal
  readonly encoder: Encoder<Encoded>
}

/** What an error says of the frame it answers. */
interface Refused {
  readonly id: number
  readonly type: string
  readonly channel?: string | undefined
  readonly event?: string | undefined
}

/** Answers to a frame's number come in these. */
type AnswerEvent = Extract<SessionEvent, { readonly to?: number | undefined }>

const defaultDeadlineMs = 30_000

/**
 * One logical peer: it outlives its connections. A dialect hands in what the client does (`receive`), attaches carriers,
 * and takes from the line what the client has to hear, in order.
 */
export class Session<Encoded extends Unit = Unit> implements SessionPort<Encoded>, WheelEntry {
  readonly core: Core
  readonly id: string
  readonly key: SessionKey
  principal: Principal
  wheelTick = -1
  readonly #encoder: Encoder<Encoded>
  readonly #line: Line<Carrier, Encoded>
  readonly #answers = new AnswerWindow()
  readonly #rate: TokenBucket | undefined
  readonly #memberships = new Map<string, Membership>()
  /** Made when the first call comes. */
  #made: CallsMade<unknown> | undefined
  #taken: CallsTaken<unknown> | undefined
  #calls = 0
  /** The last attempt to connect that the client made, as far as it counts them. */
  #attempt = -1
  /** Members for whom something waits, because the client was too slow for their channel. */
  #behind: Set<Membership> | undefined
  #ended = false

  constructor({ core, id, key, principal, encoder }: SessionParts<Encoded>) {
    this.core = core
    this.id = id
    this.key = key
    this.principal = principal
    this.#encoder = encoder
    this.#line = new Line(core.limits, core.now())
    this.#rate = core.limits.rate && new TokenBucket(core.limits.rate)
    this.#wait()
  }

  /** Name of the dialect the client speaks. */
  get dialect(): string {
    return this.#encoder.name
  }

  /** How its units travel between nodes. */
  get transfer(): Transfer<Encoded> | undefined {
    return this.#encoder.transfer
  }

  /** The largest number of a frame that has come. */
  get received(): number {
    return this.#answers.received
  }

  get ended(): boolean {
    return this.#ended
  }

  membership(channel: string): Membership | undefined {
    return this.#memberships.get(channel)
  }

  // ------------------------------------------------------------------------------------------------ carriers

  /**
   * Lets `carrier` take what the client has not heard, behind `position`; without one, behind what it acknowledged. The
   * carrier before is closed as `replaced`. The dialect calls `carrier.wake` when it has said what comes first.
   */
  attach(carrier: Carrier, position?: number): Attachment<Carrier> {
    const attachment = this.#line.attach(carrier, position)
    if (attachment.resumed) attachment.replaced?.close({ why: 'replaced', reconnect: false })
    return attachment
  }

  /**
   * Whether the client's `attempt` to connect is later than all that came: one that was under way for so long that another
   * has overtaken it, or that somebody between has sent twice, must not take the session from the one that counts.
   */
  isLatest(attempt: number | undefined): boolean {
    if (attempt === undefined) return true
    if (attempt <= this.#attempt) return false
    this.#attempt = attempt
    return true
  }

  /** The carrier is gone; the session waits for another one. */
  detach(carrier: Carrier): void {
    if (this.#line.detach(carrier, this.core.now())) this.#wait()
  }

  /** The client was heard by another way than its carrier; with `asks` it wants to hear something by the carrier. */
  alive(asks: boolean): void {
    this.#line.carrier?.alive?.(asks)
  }

  /** The next unit for `carrier`. */
  take(carrier: Carrier): Encoded | undefined {
    const unit = this.#line.take(carrier)
    return unit === undefined && this.#behind !== undefined ? this.#takeLate(carrier) : unit
  }

  /** Whether its client has yet to take what was said. */
  get isBehind(): boolean {
    return this.#line.waiting > 0
  }

  /** Something waits with this member, to be said when everything else is. */
  waitsWith(membership: Membership): void {
    this.#behind ??= new Set()
    this.#behind.add(membership)
  }

  /** Says what waits with members, one of each in turn. */
  #takeLate(carrier: Carrier): Encoded | undefined {
    const behind = this.#behind
    if (behind === undefined || carrier !== this.#line.carrier) return undefined
    for (const membership of behind) {
      behind.delete(membership)
      const event = membership.nextLate()
      if (event === undefined) continue
      behind.add(membership)
      this.#line.push(this.#encoder.encode(event))
      if (this.#line.overflowed) this.#overflow()
      return this.#line.take(carrier)
    }
    this.#behind = undefined
    return undefined
  }

  /** Position of the last unit any carrier took. */
  get position(): number {
    return this.#line.position
  }

  /** The client has everything up to `position`. False where it cannot have. */
  acknowledge(position: number): boolean {
    if (!this.#line.acknowledge(position)) return false
    this.#answers.forget(this.#line.firstPosition)
    return true
  }

  /** Says something to the client, behind everything said before. */
  write(event: SessionEvent): void {
    if (this.#ended) return
    this.#line.push(this.#encoder.encode(event))
    this.#pushed()
  }

  #pushed(): void {
    if (this.#line.overflowed) this.#overflow()
    else {
      this.#line.carrier?.wake()
      this.#wait()
    }
  }

  #overflow(): void {
    this.end({ why: 'overload', message: 'Too much waited', reconnect: true })
  }

  /** The session is over, for whatever reason: its channels are left, its calls fail. */
  end(ending: Ending): void {
    if (this.#ended) return
    this.#ended = true
    const { carrier } = this.#line
    const error = new CallError('ERR_SESSION', { message: 'The session is over' })
    for (const membership of [...this.#memberships.values()]) membership.end(ending.why)
    this.#made?.fail(error)
    this.#taken?.fail(error)
    this.core.left(this)
    if (carrier === undefined) return
    this.#line.detach(carrier, this.core.now())
    carrier.close(ending)
  }

  /** The wheel: looks for what is late, and whether anybody still comes. */
  expire(): void {
    const now = this.core.now()
    this.#taken?.expire(now)
    for (const of of this.#made?.expire(now) ?? []) this.write({ type: 'cancel', of })
    if (this.#line.expire(now, this.#windowMs)) this.end({ why: 'timeout' })
    else if ((this.principal.expiresAt ?? Number.POSITIVE_INFINITY) <= this.core.time()) {
      this.end({ why: 'unauthorized', message: 'The token has expired', reconnect: true })
    } else if (!this.#ended) this.#wait()
  }

  /** Somebody unknown who is in no channel misses nothing, and is not worth much memory. */
  get #windowMs(): number {
    const { windowMs, unjoinedWindowMs } = this.core.limits
    const isWanted = this.#memberships.size > 0 || this.principal.id !== undefined
    return isWanted ? windowMs : Math.min(windowMs, unjoinedWindowMs)
  }

  /** Looks again in a second while there is anything to look after; an idle session costs nothing. */
  #wait(): void {
    if (this.wheelTick >= 0) return
    const isBusy =
      this.#line.carrier === undefined ||
      this.#line.bytes > 0 ||
      (this.#made?.size ?? 0) + (this.#taken?.size ?? 0) > 0 ||
      this.principal.expiresAt !== undefined
    if (isBusy) this.core.wait(this, 1_000)
  }

  // ------------------------------------------------------------------------------------------------ from the client

  /** The client says something that has a number. It takes effect once, however often it comes. */
  receive(frame: NumberedFrame): void {
    if (this.#ended) return
    const { id } = frame
    const expectsAnswer = answered.has(frame.type)
    const seen = this.#answers.see(id, expectsAnswer)
    if (seen === 'fresh') this.#act(frame)
    else if (typeof seen === 'object' && this.#line.repeat(seen.answeredAt)) this.#pushed()
    else if (seen !== 'running' && expectsAnswer) {
      const message = 'This frame has been answered before, too long ago'
      this.write({ type: 'error', to: id, error: this.#wire(new CallError('ERR_FORGOTTEN', { message })) })
    }
    this.#wait()
  }

  #act(frame: NumberedFrame): void {
    if (frame.type in callFrames) {
      this.#actOnCall(frame as CallFrame)
      return
    }
    const retryAfterMs = this.#rate?.take(this.core.now()) ?? 0
    if (retryAfterMs > 0) {
      this.#refuse(frame, new CallError('ERR_RATE', { message: 'Too fast', retryAfterMs }))
      return
    }
    switch (frame.type) {
      case 'join':
        void this.#join(frame.id, frame.channel, frame.params, frame.since)
        break
      case 'leave':
        this.#leave(frame.id, frame.channel)
        break
      case 'send':
        this.#send(frame)
        break
      case 'call':
        this.#call(frame)
        break
      case 'history':
        this.#within(frame, async ({ room }) => {
          const body = await room.history(frame)
          this.#answer(frame.id, { type: 'reply', to: frame.id, body })
        })
        break
      case 'authenticate':
        void this.#authenticate(frame.id, frame.token)
    }
  }

  /** What belongs to a call that is under way. */
  #actOnCall(frame: CallFrame): void {
    switch (frame.type) {
      case 'reply':
        this.#made?.reply(frame.to, frame.body)
        break
      case 'error':
        if (frame.to !== undefined) this.#made?.error(frame.to, errorOf(frame.error))
        break
      case 'item':
        if (frame.of !== undefined) this.#taken?.item(frame.of, frame.body)
        else if (frame.to !== undefined) this.#made?.item(frame.to, frame.body)
        break
      case 'end':
        if (frame.of !== undefined) this.#taken?.end(frame.of)
        else if (frame.to !== undefined) this.#made?.end(frame.to)
        break
      case 'more':
        if (frame.of !== undefined) this.#taken?.more(frame.of, frame.items)
        else if (frame.to !== undefined) this.#made?.more(frame.to, frame.items)
        break
      case 'cancel':
        this.#taken?.cancel(frame.of)
    }
  }

  async #join(id: number, name: string, params: unknown, since: Position | undefined): Promise<void> {
    let membership: Membership | undefined
    try {
      if (this.#memberships.size >= this.core.limits.maxChannels) {
        const message = 'The session is in too many channels (limits.maxChannels)'
        throw new CallError('ERR_TOO_MANY', { message, channel: name })
      }
      membership = this.#enter(name)
      await membership.join(params, since, ({ at, welcome, missed, resumed, reset }) => {
        this.#answer(id, { type: 'joined', to: id, channel: name, at, welcome, resumed, reset })
        for (const event of missed) this.write(event)
        if (membership !== undefined) membership.room.greet(membership)
      })
    } catch (error) {
      if (membership !== undefined) this.#forget(membership)
      this.#answer(id, { type: 'error', to: id, error: this.#wire(error, name) })
    }
  }

  /** @throws {CallError} `ERR_CHANNEL` */
  #enter(name: string): Membership {
    if (this.#memberships.has(name)) {
      const message = 'The session is in this channel already'
      throw new CallError('ERR_CHANNEL', { message, channel: name })
    }
    const membership = new Membership(this, this.core.room(name), (why, message) => {
      this.#memberships.delete(name)
      if (!this.#ended && why !== 'normal') this.write({ type: 'left', channel: name, why, message })
    })
    this.#memberships.set(name, membership)
    return membership
  }

  /** A membership came to nothing. */
  #forget(membership: Membership): void {
    const { name } = membership.room
    if (this.#memberships.get(name) === membership) this.#memberships.delete(name)
  }

  /**
   * Takes the session out of the channel of `old` and into `to`, in one turn: the client hears one frame, behind it nothing of the
   * old channel and everything of the new one. Where the new one refuses, it stays where it is.
   *
   * @throws {CallError} what `join` of the new channel refuses with; `ERR_JOIN_FIRST` where the old one is left meanwhile
   */
  async move(old: Membership, to: string, params: unknown): Promise<void> {
    const from = old.room.name
    if (!old.joined) throw over(from)
    const next = this.#enter(to)
    const stop = old.whenOver(() => next.end('normal'))
    try {
      await next.join(params, undefined, ({ at, welcome }) => {
        stop()
        old.end('normal')
        this.write({ type: 'moved', from, channel: to, at, params, welcome })
        next.room.greet(next)
      })
    } catch (error) {
      this.#forget(next)
      throw handlerError(error, to, undefined)
    } finally {
      stop()
    }
  }

  #leave(id: number, name: string): void {
    const membership = this.#memberships.get(name)
    if (membership === undefined) this.#fail(id, over(name))
    else {
      membership.whenDecided(() => {
        membership.end('normal')
        this.#answer(id, { type: 'left', to: id, channel: name, why: 'normal' })
      })
    }
  }

  #send(frame: Extract<NumberedFrame, { type: 'send' }>): void {
    this.#within(frame, (membership) => membership.handle(frame.event, frame.body, undefined))
  }

  #call(frame: Extract<NumberedFrame, { type: 'call' }>): void {
    const { id, channel, event, body, deadlineMs = defaultDeadlineMs } = frame
    const taken = this.#callsTaken()
    if (taken.size >= this.core.limits.maxCalls) {
      const message = 'Too many calls at a time (limits.maxCalls)'
      this.#fail(id, new CallError('ERR_TOO_MANY', { message, channel, event }))
      return
    }
    this.#within(frame, (membership) => {
      taken.take(id, this.core.now() + deadlineMs, (call) => membership.handle(event, body, call))
    })
  }

  #callsTaken(): CallsTaken<unknown> {
    this.#taken ??= new CallsTaken({
      reply: (to, body) => this.#answer(to, { type: 'reply', to, body }),
      error: (to, error) => this.#answer(to, { type: 'error', to, error: this.#wire(error) }),
      item: (to, body) => this.write({ type: 'item', to, body }),
      end: (to) => this.#answer(to, { type: 'end', to }),
      more: (to, items) => this.write({ type: 'more', to, items }),
    })
    return this.#taken
  }

  async #authenticate(id: number, token: string): Promise<void> {
    try {
      const principal = await this.core.authenticate({ token })
      if (principal.id !== this.principal.id) {
        throw new CallError('ERR_UNAUTHORIZED', { message: 'The token is of somebody else' })
      }
      this.principal = principal
      this.#answer(id, { type: 'reply', to: id })
      this.#wait()
    } catch (error) {
      this.#fail(id, error)
    }
  }

  /** Does something in a channel the session is in, as soon as that is decided. */
  #within(frame: Refused, act: (membership: Membership) => unknown): void {
    const { channel = '' } = frame
    const membership = this.#memberships.get(channel)
    if (membership === undefined) this.#refuse(frame, over(channel))
    else if (membership.joining) membership.whenDecided(() => this.#actIn(membership, frame, act))
    else this.#actIn(membership, frame, act)
  }

  #actIn(membership: Membership, frame: Refused, act: (membership: Membership) => unknown): void {
    try {
      if (!membership.joined) throw over(membership.room.name)
      const done = act(membership)
      if (done instanceof Promise) done.catch((error) => this.#refuse(frame, error))
    } catch (error) {
      this.#refuse(frame, error)
    }
  }

  #refuse(frame: Refused, error: unknown): void {
    const wire = this.#wire(error, frame.channel, frame.event)
    if (answered.has(frame.type)) this.#answer(frame.id, { type: 'error', to: frame.id, error: wire })
    else this.write({ type: 'error', error: wire })
  }

  #fail(id: number, error: unknown): void {
    this.#answer(id, { type: 'error', to: id, error: this.#wire(error) })
  }

  #answer(id: number, event: AnswerEvent): void {
    this.#answers.settle(id, this.#line.lastPosition + 1)
    this.write(event)
  }

  /** An error as the client may know it; what is our own mistake is reported. */
  #wire(error: unknown, channel = '', event?: string): WireError {
    const told = handlerError(error, channel, event)
    if (told.side === 'local' && (told.code === 'ERR_HANDLER' || told.code === 'ERR_OUTPUT')) {
      this.core.report(told)
    }
    return wireError(told)
  }

  // ------------------------------------------------------------------------------------------------ to the client

  /** Asks the client. Rejects with its error, `ERR_DEADLINE` or `ERR_SESSION`. */
  call(
    channel: string | undefined,
    event: string,
    body: unknown,
    options: CallOptions = {},
  ): Promise<unknown> {
    const { deadlineMs = defaultDeadlineMs } = options
    if (this.#ended) {
      return Promise.reject(new CallError('ERR_SESSION', { message: 'The session is over', channel, event }))
    }
    this.#calls += 1
    const id = this.#calls
    this.#made ??= new CallsMade()
    const made = this.#made
    return new Promise((resolve, reject) => {
      const refuseStream = (): void => {
        if (!made.cancel(id)) return
        this.write({ type: 'cancel', of: id })
      }
      made.add(
        id,
        { reply: resolve, error: reject, item: refuseStream, end: () => resolve(undefined), more() {} },
        this.core.now() + deadlineMs,
      )
      this.write({ type: 'call', id, channel, event, body, deadlineMs })
      this.#wait()
    })
  }
}

const answered: ReadonlySet<string> = new Set(['join', 'leave', 'call', 'history', 'authenticate'])
const callFrames = { reply: 1, error: 1, item: 1, end: 1, more: 1, cancel: 1 }
