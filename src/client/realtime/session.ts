import {
  type CountedFrame,
  type DownFrame,
  isCounted,
  protocolVersion,
  type SessionFacts,
  type UpFrame,
} from '../../codec/frame.ts'
import { readDownFrame } from '../../codec/read-frame.ts'
import { CallError } from '../../errors.ts'
import { Liveness } from './liveness.ts'
import { defaultDelays, type ReconnectDelays, reconnectDelay } from './reconnect.ts'
import type { ConnectionState, Reason } from './state.ts'
import type { Alarm, Time } from './time.ts'
import type { Carrier, CarrierEnd, Transport } from './transport.ts'
import { TransportChoice } from './transport-choice.ts'
import { type Outgoing, Upstream } from './upstream.ts'
import { type Verdict, verdictOfEnd, verdictOfFrame } from './verdict.ts'

export interface SessionSettings {
  readonly url: string
  /** In order of preference. */
  readonly transports: readonly Transport[]
  readonly reconnect: ReconnectDelays | false
  /** Time for a carrier to open, and for the server to answer on it. */
  readonly openTimeoutMs: number
  readonly maxQueueBytes: number
  readonly time: Time
}

/** How a connection begins: with a session, with the one before, or with a new one because that was impossible. */
export type Beginning =
  | { readonly kind: 'connected' }
  | { readonly kind: 'resumed'; readonly replayed: number }
  | { readonly kind: 'reset'; readonly reason: string; readonly unconfirmed: number }

export interface SessionEvents {
  state(state: ConnectionState): void
  /** Wants the token for the next connection; `refused`: the one before was not good enough. */
  token(refused: boolean, given: (token: string | undefined) => void, failed: (error: unknown) => void): void
  /** A connection begins. What is put in front of the queue now goes before everything else. */
  began(how: Beginning): void
  frame(frame: CountedFrame): void
  /** A frame that was sent is larger than the server takes, and is not sent again. */
  refused(frame: Outgoing): void
  /** Something came that is no frame. */
  fault(error: CallError): void
}

/** One try with one carrier. */
interface Attempt {
  readonly transport: Transport
  /** Whether it is to take the place of a connection that works. */
  readonly replaces: boolean
  carrier: Carrier | undefined
  opened: boolean
}

/** What a session is doing; each phase knows until when. */
type Phase =
  | { readonly name: 'token' }
  | { readonly name: 'opening'; readonly attempt: Attempt; readonly until: number }
  | { readonly name: 'live'; readonly attempt: Attempt; readonly since: number; readonly liveness: Liveness }
  | { readonly name: 'waiting'; readonly until: number }
  /** Nothing happens by itself. */
  | { readonly name: 'resting' }
  | { readonly name: 'over' }

const ackEveryFrames = 32
/** The protocol allows a second. */
const ackEveryMs = 900
/** A connection that lasted for so long was a good one: the next trouble is a new one. */
const steadyMs = 10_000

/**
 * The client's end of a session, over any number of carriers (PROTOCOL.md): opens them, says what it has, counts, acknowledges,
 * sends again, notices silence, and comes back when and where the server says. Carriers, time and chance are handed in.
 */
export class ClientSession {
  readonly #settings: SessionSettings
  readonly #events: SessionEvents
  readonly #time: Time
  readonly #alarm: Alarm
  readonly #upstream: Upstream
  #phase: Phase = { name: 'resting' }
  #state: ConnectionState
  #url: string
  readonly #choice: TransportChoice
  /** A better transport that is being tried beside the connection. */
  #better: Attempt | undefined
  /** When to try one, or to give the one that is tried up. */
  #betterAt: number | undefined
  #failures = 0
  #token: string | undefined
  #tokenRefused = false
  #session: SessionFacts | undefined
  /** Connections that were greeted. */
  #attempt = 0
  /** Counted frames that have come, and those that were acknowledged. */
  #position = 0
  #acknowledged = 0
  #acknowledgeAt: number | undefined
  #online = true
  /** The last connection ended because a frame of ours was too large. */
  #tooBig = false

  constructor(settings: SessionSettings, events: SessionEvents) {
    this.#settings = settings
    this.#events = events
    this.#time = settings.time
    this.#alarm = settings.time.alarm(() => this.#advance())
    this.#upstream = new Upstream(settings.maxQueueBytes)
    this.#choice = new TransportChoice(settings.transports)
    this.#url = settings.url
    this.#state = { status: 'connecting', transport: this.#choice.current.name }
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Bytes that wait or were not acknowledged. */
  get queuedBytes(): number {
    return this.#upstream.bytes
  }

  // ------------------------------------------------------------------------------------------------ what is wanted

  /** Begins to connect. */
  start(): void {
    this.#begin(undefined)
  }

  /** Sends a frame, now or when there is a connection. False where the queue is full, and it need not fit. */
  send(frame: Outgoing, required: boolean): boolean {
    if (this.#phase.name === 'over') return false
    if (!this.#upstream.push(frame, required)) return false
    this.#pump()
    return true
  }

  /** Puts frames before all that wait; only while a connection begins. */
  sendFirst(frames: readonly Outgoing[]): void {
    this.#upstream.putFirst(frames)
  }

  /** Takes a frame back. False where it was sent. */
  withdraw(frame: Outgoing): boolean {
    return this.#upstream.withdraw(frame)
  }

  /** Tries now, unless there is a connection or one on the way. */
  reconnect(): void {
    const { name } = this.#phase
    if (name === 'waiting' || name === 'resting') this.#begin(reasonOf(this.#state))
  }

  /** The platform says whether there is a network. */
  setOnline(online: boolean): void {
    this.#online = online
    if (online && this.#phase.name === 'waiting') this.reconnect()
    else this.#doubt()
  }

  /** The page is put away, and its connections with it; or it is back. */
  setHidden(hidden: boolean): void {
    const { name } = this.#phase
    if (!hidden) {
      // A connection that is refused rests too, and stays so.
      if (name === 'waiting' || (name === 'resting' && this.#state.status === 'waiting')) this.reconnect()
      else this.#doubt()
    } else if (name !== 'over' && this.#state.status !== 'refused') {
      this.#drop(closeGoingAway)
      this.#phase = { name: 'resting' }
      this.#tell({ status: 'waiting', until: Number.POSITIVE_INFINITY, reason: { why: 'hidden' } })
    }
  }

  /** Ends the session, here and at the server where there is a connection. */
  close(): void {
    if (this.#phase.name === 'over') return
    if (this.#phase.name === 'live') this.#say({ type: 'close' })
    this.#end({ why: 'closed' })
  }

  // ------------------------------------------------------------------------------------------------ connecting

  #begin(reason: Reason | undefined): void {
    const phase: Phase = { name: 'token' }
    this.#phase = phase
    this.#tell({ status: 'connecting', transport: this.#choice.current.name, reason })
    if (this.#phase !== phase) return
    this.#events.token(
      this.#tokenRefused,
      (token) => {
        if (this.#phase !== phase) return
        if (this.#tokenRefused && token === this.#token) this.#rest(reason ?? { why: 'unauthorized' })
        else {
          this.#token = token
          this.#open()
        }
      },
      (error) => {
        if (this.#phase !== phase) return
        this.#leave({ reason: { why: 'auth', message: messageOf(error) }, again: 'yes', afterMs: 0 })
      },
    )
  }

  #open(): void {
    this.#greetOn({ transport: this.#choice.current, replaces: false, carrier: undefined, opened: false })
  }

  /** From now on this attempt is the one that counts; it may be open already. */
  #greetOn(attempt: Attempt): void {
    this.#phase = { name: 'opening', attempt, until: this.#time.now() + this.#settings.openTimeoutMs }
    if (attempt.opened) this.#greet()
    else this.#openCarrier(attempt)
    this.#schedule()
  }

  #openCarrier(attempt: Attempt): void {
    const closed = (end: CarrierEnd): void => {
      if (attempt === this.#better) this.#betterFailed()
      else if (this.#isCurrent(attempt)) this.#closed(attempt, end)
    }
    try {
      attempt.carrier = attempt.transport.open(this.#url, {
        opened: () => {
          attempt.opened = true
          if (attempt === this.#better) this.#moveToBetter(attempt)
          else if (this.#isCurrent(attempt)) this.#greet()
        },
        received: (text) => {
          if (this.#isCurrent(attempt)) this.#received(text)
        },
        closed,
      })
    } catch (error) {
      // A page that came over TLS may not even try to connect without.
      closed({ message: messageOf(error) })
    }
  }

  /** What an attempt has to say is heard only while it is the one that counts. */
  #isCurrent(attempt: Attempt): boolean {
    const phase = this.#phase
    return (phase.name === 'opening' || phase.name === 'live') && phase.attempt === attempt
  }

  #greet(): void {
    const session = this.#session
    this.#attempt += 1
    this.#say({
      type: 'connect',
      version: protocolVersion,
      token: this.#token,
      resume: session && {
        session: session.session,
        key: session.key,
        position: this.#position,
        attempt: this.#attempt,
      },
    })
  }

  #closed(attempt: Attempt, end: CarrierEnd): void {
    const verdict = verdictOfEnd(end, attempt.opened)
    const mayFallBack = verdict.again === 'yes' || verdict.again === 'asked'
    if (this.#phase.name === 'opening' && mayFallBack && this.#fallBack(verdict.reason)) return
    this.#leave(verdict)
  }

  /** Tries the next transport at once, as long as there is one that was not tried. */
  #fallBack(reason: Reason): boolean {
    if (!this.#choice.failed()) return false
    this.#drop(closeGoingAway)
    this.#tell({ status: 'connecting', transport: this.#choice.current.name, reason })
    if (this.#phase.name === 'resting') this.#open()
    return true
  }

  /** Lets go of the connection, and comes back as the verdict allows. */
  #leave(verdict: Verdict): void {
    const { reason, again } = verdict
    const phase = this.#phase
    const isSteady = phase.name === 'live' && this.#time.now() - phase.since >= steadyMs
    if (isSteady) this.#failures = 0
    // Where the server sent us nobody may be: then we go home.
    if (phase.name !== 'live') this.#url = this.#settings.url
    this.#drop(closeNormal)
    if (phase.name === 'live' && reason.why === 'tooBig') this.#tooBig = true
    if (again === 'never' || (again === 'yes' && this.#settings.reconnect === false)) this.#end(reason)
    else if (again === 'yes') this.#wait(verdict)
    else if (again === 'asked' || this.#tokenRefused) this.#rest(reason)
    else {
      this.#tokenRefused = true
      this.#begin(reason)
    }
  }

  #wait({ reason, afterMs, url }: Verdict): void {
    const { reconnect, time } = this.#settings
    const delays = reconnect || defaultDelays
    if (url !== undefined) this.#url = this.#destination(url)
    const delayMs = this.#online
      ? reconnectDelay(delays, this.#failures, afterMs, () => time.random())
      : delays.maxMs
    this.#failures += 1
    const until = time.now() + delayMs
    this.#phase = { name: 'waiting', until }
    this.#tell({ status: this.#online ? 'waiting' : 'offline', until, reason })
    this.#schedule()
  }

  /** Where the server sends us, if that is as well protected as where we are. */
  #destination(url: string): string {
    if (!URL.canParse(url, this.#url)) return this.#url
    const { protocol, href } = new URL(url, this.#url)
    const isSecure = /^(wss|https):/
    const isWeb = /^(ws|http)s?:$/.test(protocol)
    return isWeb && (isSecure.test(href) || !isSecure.test(this.#settings.url)) ? href : this.#url
  }

  /** Nothing happens until the program asks for it. */
  #rest(reason: Reason): void {
    this.#tokenRefused = false
    this.#phase = { name: 'resting' }
    this.#tell({ status: 'refused', reason })
    this.#schedule()
  }

  #end(reason: Reason): void {
    this.#drop(closeNormal)
    this.#phase = { name: 'over' }
    this.#session = undefined
    this.#tell({ status: 'closed', reason })
    this.#schedule()
  }

  /** Lets go of the carrier, if there is one. */
  #drop(code: number): void {
    const phase = this.#phase
    if (phase.name !== 'opening' && phase.name !== 'live') return
    this.#phase = { name: 'resting' }
    phase.attempt.carrier?.close(code)
    this.#betterAt = undefined
    this.#forgetBetter()
  }

  // ------------------------------------------------------------------------------------------------ moving

  /** Tries a better transport beside the connection. What is said stays on the one that works until the other is open. */
  #tryBetter(): void {
    this.#betterAt = this.#time.now() + this.#settings.openTimeoutMs
    this.#better = { transport: this.#choice.nextBetter(), replaces: true, carrier: undefined, opened: false }
    this.#openCarrier(this.#better)
  }

  #betterFailed(): void {
    this.#forgetBetter()
    this.#betterAt = this.#time.now() + this.#choice.betterFailed()
    this.#schedule()
  }

  #forgetBetter(): void {
    const better = this.#better
    this.#better = undefined
    better?.carrier?.close(closeGoingAway)
  }

  /** Goes on with the better one. To move is to resume: nothing is lost by it, nor overtakes anything. */
  #moveToBetter(attempt: Attempt): void {
    this.#better = undefined
    this.#choice.takeBetter()
    this.#drop(closeGoingAway)
    this.#greetOn(attempt)
  }

  #tell(state: ConnectionState): void {
    this.#state = state
    this.#events.state(state)
  }

  // ------------------------------------------------------------------------------------------------ frames

  #received(text: string): void {
    if (this.#phase.name === 'live') this.#phase.liveness.heard(this.#time.now())
    const read = readDownFrame(text)
    if ('frame' in read) this.#take(read.frame)
    else {
      // What cannot be read was counted by its sender; and what it was is lost, which somebody should hear.
      if (this.#phase.name === 'live') this.#count()
      this.#events.fault(new CallError('ERR_FRAME', { message: read.wrong }))
    }
    this.#schedule()
  }

  #take(frame: DownFrame): void {
    const isLive = this.#phase.name === 'live'
    if (isCounted(frame)) {
      // Before its greeting a server has nothing to say.
      if (!isLive) return
      this.#count()
      this.#events.frame(frame)
    } else if (frame.type === 'close') this.#leave(verdictOfFrame(frame))
    else if (frame.type === 'ping') this.#say({ type: 'pong' })
    else if (!isLive) this.#answered(frame)
    else if (frame.type === 'ack') this.#upstream.acknowledge(frame.position)
  }

  #answered(frame: DownFrame): void {
    const before = this.#session
    if (frame.type === 'resumed' && before !== undefined) {
      this.#upstream.rewind(frame.received)
      this.#withoutTooBig()
      this.#goLive(before, { kind: 'resumed', replayed: frame.replayed })
    } else if (frame.type === 'connected' || frame.type === 'reset') {
      const reason = frame.type === 'reset' ? frame.reason : 'unknown'
      this.#session = frame
      this.#position = 0
      this.#tooBig = false
      const unconfirmed = this.#upstream.renew()
      this.#goLive(frame, before ? { kind: 'reset', reason, unconfirmed } : { kind: 'connected' })
    }
  }

  /** Frames arrive in order, so the first that did not is the one that was too large: sent again, it would end this connection too. */
  #withoutTooBig(): void {
    const frame = this.#tooBig ? this.#upstream.dropFirst() : undefined
    this.#tooBig = false
    if (frame !== undefined) this.#events.refused(frame)
  }

  #goLive({ heartbeat }: SessionFacts, how: Beginning): void {
    const phase = this.#phase
    if (phase.name !== 'opening') return
    this.#acknowledged = this.#position
    this.#acknowledgeAt = undefined
    this.#tokenRefused = false
    // Who moves was never away.
    if (!phase.attempt.replaces || how.kind !== 'resumed') this.#events.began(how)
    // Whoever was told may have closed it.
    if (this.#phase !== phase) return
    const { attempt } = phase
    const since = this.#time.now()
    this.#phase = { name: 'live', attempt, since, liveness: new Liveness(heartbeat, since) }
    const betterMs = this.#choice.worked()
    this.#betterAt = betterMs && since + betterMs
    this.#pump()
    this.#tell({ status: 'open', transport: attempt.transport.name })
  }

  #pump(): void {
    const phase = this.#phase
    if (phase.name !== 'live') return
    const now = this.#time.now()
    for (let text = this.#upstream.take(now); text !== undefined; text = this.#upstream.take(now))
      phase.attempt.carrier?.send(text)
  }

  #say(frame: UpFrame): void {
    const phase = this.#phase
    if (phase.name === 'opening' || phase.name === 'live') phase.attempt.carrier?.send(JSON.stringify(frame))
  }

  #count(): void {
    this.#position += 1
    if (this.#position - this.#acknowledged >= ackEveryFrames) this.#acknowledge()
    else this.#acknowledgeAt ??= this.#time.now() + ackEveryMs
  }

  #acknowledge(): void {
    this.#acknowledgeAt = undefined
    this.#acknowledged = this.#position
    this.#say({ type: 'ack', position: this.#position })
  }

  // ------------------------------------------------------------------------------------------------ time

  /** There is reason to doubt that the connection lives. */
  #doubt(): void {
    const phase = this.#phase
    if (phase.name !== 'live') return
    phase.liveness.doubt(this.#time.now())
    this.#say({ type: 'ping' })
    this.#schedule()
  }

  #advance(): void {
    const phase = this.#phase
    const now = this.#time.now()
    if (phase.name === 'waiting' && phase.until <= now) this.reconnect()
    else if (phase.name === 'opening' && phase.until <= now) {
      const why = phase.attempt.opened ? 'silent' : 'unreachable'
      if (!this.#fallBack({ why })) this.#leave({ reason: { why }, again: 'yes', afterMs: 0 })
    } else if (phase.name === 'live') {
      if (this.#acknowledgeAt !== undefined && this.#acknowledgeAt <= now) this.#acknowledge()
      if (this.#betterAt !== undefined && this.#betterAt <= now) {
        if (this.#better === undefined) this.#tryBetter()
        else this.#betterFailed()
      }
      const look = phase.liveness.look(now)
      if (look === 'ask') this.#say({ type: 'ping' })
      else if (look === 'give up') this.#leave({ reason: { why: 'silent' }, again: 'yes', afterMs: 0 })
    }
    this.#schedule()
  }

  #schedule(): void {
    const phase = this.#phase
    if (phase.name === 'waiting' || phase.name === 'opening') this.#alarm.set(phase.until)
    else if (phase.name === 'live')
      this.#alarm.set(Math.min(phase.liveness.due, this.#acknowledgeAt ?? never, this.#betterAt ?? never))
    else this.#alarm.set(undefined)
  }
}

const never = Number.POSITIVE_INFINITY
/** Close codes of our own end. */
const closeNormal = 1000
/** We want another connection, and the session with it. */
const closeGoingAway = 4000

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function reasonOf(state: ConnectionState): Reason | undefined {
  return state.status === 'open' ? undefined : state.reason
}
