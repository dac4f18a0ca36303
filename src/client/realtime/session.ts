import type { Codec } from '../../codec/codec.ts'
import {
  type ConnectFrame,
  type CountedFrame,
  type DownFrame,
  isCounted,
  protocolVersion,
  type SessionFacts,
  type UpFrame,
} from '../../codec/frame.ts'
import { fromJson } from '../../codec/json.ts'
import { readDownFrame } from '../../codec/read-frame.ts'
import { CallError } from '../../errors.ts'
import { foreignAnswer } from './http-lines.ts'
import { IdleLimit } from './idle-limit.ts'
import { Liveness } from './liveness.ts'
import { defaultDelays, type ReconnectDelays, reconnectDelay } from './reconnect.ts'
import type { ConnectionState, Reason } from './state.ts'
import type { Alarm, Time } from './time.ts'
import type { Carrier, CarrierEnd, Transport } from './transport.ts'
import { TransportChoice } from './transport-choice.ts'
import type { TransportMemory } from './transport-memory.ts'
import { type Outgoing, Upstream } from './upstream.ts'
import { type Verdict, verdictOfEnd, verdictOfFrame } from './verdict.ts'

export interface SessionSettings {
  readonly url: string
  /** In order of preference. */
  readonly transports: readonly Transport[]
  /** Which of them worked the last time. */
  readonly memory?: TransportMemory | undefined
  readonly reconnect: ReconnectDelays | false
  /** Time for a carrier to open, and then for the server to answer on it. */
  readonly openTimeoutMs: number
  readonly maxQueueBytes: number
  /** Whether another connection goes on with the session. */
  readonly resume?: boolean | undefined
  /** What frames may be written in besides JSON. */
  readonly codec?: Codec | undefined
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
  carrier?: Carrier
  opened?: boolean
  /** Whether it takes the place of a connection that works. */
  replaces?: boolean
}

/** What a session is doing. */
interface Phase {
  /** Nothing happens by itself where it is `resting`, and nothing at all when it is `over`. */
  readonly name: 'token' | 'opening' | 'live' | 'waiting' | 'resting' | 'over'
  /** When `opening` or `waiting` ends. */
  readonly until?: number
  /** The one that counts, while it is `opening` or `live`. */
  readonly attempt?: Attempt
  /** While it is `live`. */
  readonly liveness?: Liveness
}

const never = Number.POSITIVE_INFINITY
const resting: Phase = { name: 'resting' }
const ackEveryFrames = 32
/** What a server keeps is bounded by its length, too. */
const ackEveryLength = 65_536
/** The protocol allows a second. */
const ackEveryMs = 900
/** A connection that lasted for so long was a good one: the next trouble is a new one. */
const steadyMs = 10_000
/** A transport that has not opened after so long is not waited for alone. */
const slowMs = 3_000

/**
 * The client's end of a session, over any number of carriers (PROTOCOL.md): opens them, says what it has, counts, acknowledges,
 * sends again, notices silence, and comes back when and where the server says. Carriers, time and chance are handed in.
 */
export class ClientSession {
  readonly #settings: SessionSettings
  readonly #events: SessionEvents
  readonly #time: Time
  readonly #alarm: Alarm
  /** What waits to be sent, or to be acknowledged. */
  readonly upstream: Upstream
  #phase = resting
  #state: ConnectionState
  #url: string
  readonly #choice: TransportChoice
  /** What is known best of why transports do not get through, while they do not. */
  #hindrance: Verdict | undefined
  readonly #idleLimit = new IdleLimit()
  /** A better transport that is being tried beside the connection. */
  #better: Attempt | undefined
  /** When to try one, or to give the one that is tried up. */
  #betterAt = never
  #failures = 0
  #token: string | undefined
  #tokenRefused = false
  #session: SessionFacts | undefined
  /** Connections that were greeted. */
  #attempt = 0
  /** Counted frames that have come, and those that were acknowledged. */
  #position = 0
  #acknowledged = 0
  #acknowledgeAt = never
  /** About how long everything was that came since. */
  #length = 0
  #online = true
  /** The last connection ended because a frame of ours was too large. */
  #tooBig = false

  constructor(settings: SessionSettings, events: SessionEvents) {
    this.#settings = settings
    this.#events = events
    this.#time = settings.time
    this.#alarm = settings.time.alarm(() => this.#advance())
    this.upstream = new Upstream(settings.maxQueueBytes)
    this.#choice = new TransportChoice(settings.transports, settings.memory?.recall())
    this.#url = settings.url
    this.#state = { status: 'connecting', transport: this.#choice.current.name }
  }

  get state(): ConnectionState {
    return this.#state
  }

  // ------------------------------------------------------------------------------------------------ what is wanted

  /** Begins to connect. */
  start(): void {
    this.#begin(undefined)
  }

  /** Sends a frame, now or when there is a connection. False where the queue is full, and it need not fit. */
  send(frame: Outgoing, required: boolean): boolean {
    if (this.#phase.name === 'over') return false
    if (!this.upstream.push(frame, required)) return false
    this.#pump()
    return true
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
    else {
      // Another network, perhaps, in which more is allowed.
      if (online && this.#betterAt < never && !this.#better) this.#betterAt = this.#time.now()
      this.#doubt()
    }
  }

  /** The page is put away, and its connections with it; or it is back. */
  setHidden(hidden: boolean): void {
    if (hidden) {
      if (this.#phase.name === 'over' || this.#state.status === 'refused') return
      this.#drop(closeNormal)
      this.#tell({ status: 'waiting', until: never, reason: { why: 'hidden' } })
    } else if ('until' in this.#state) this.reconnect()
    else this.#doubt()
  }

  /** Ends the session, here and at the server where there is a connection. */
  close(): void {
    if (this.#phase.name === 'over') return
    if (this.#phase.liveness) this.#say({ type: 'close' })
    this.#end({ why: 'closed' })
  }

  // ------------------------------------------------------------------------------------------------ connecting

  #begin(reason: Reason | undefined): void {
    const phase: Phase = { name: 'token' }
    this.#phase = phase
    this.#tellConnecting(reason)
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
        if (this.#phase === phase) this.#leave(comeBack({ why: 'auth', message: messageOf(error) }))
      },
    )
  }

  #open(): void {
    this.#greetOn({ transport: this.#choice.current })
  }

  /** From now on this attempt is the one that counts; it may be open already. */
  #greetOn(attempt: Attempt): void {
    const { openTimeoutMs } = this.#settings
    const isHurried = this.#choice.hasNext && !attempt.opened
    const patienceMs = isHurried ? Math.min(slowMs, openTimeoutMs) : openTimeoutMs
    this.#phase = { name: 'opening', attempt, until: this.#time.now() + patienceMs }
    if (attempt.opened) this.#say(this.#greeting())
    else this.#openCarrier(attempt)
    this.#schedule()
  }

  /** What an attempt has to say is heard only while it is the one that counts, or may become that. */
  #openCarrier(attempt: Attempt): void {
    const closed = (end: CarrierEnd): void => {
      if (attempt === this.#better) this.#betterFailed()
      else if (attempt === this.#phase.attempt) this.#closed(attempt, end)
    }
    try {
      attempt.carrier = attempt.transport.open(this.#url, {
        opened: () => {
          attempt.opened = true
          if (attempt === this.#better) this.#moveToBetter(attempt)
          else if (attempt === this.#phase.attempt) this.#greetOn(attempt)
        },
        received: (data) => {
          if (attempt === this.#phase.attempt) this.#received(data)
        },
        closed,
        greeting: () => this.#greeting(),
      })
    } catch (error) {
      // A page that came over TLS may not even try to connect without.
      closed({ message: messageOf(error) })
    }
  }

  #greeting(): ConnectFrame {
    // Within a connection of many requests each goes on with the session of that connection.
    const resumes = this.#settings.resume !== false || this.#phase.liveness
    const session = resumes ? this.#session : undefined
    this.#attempt += 1
    return {
      type: 'connect',
      version: protocolVersion,
      token: this.#token,
      resume: session && {
        session: session.session,
        key: session.key,
        position: this.#position,
        attempt: this.#attempt,
      },
      heartbeatMs: this.#idleLimit.everyMs,
      codec: this.#settings.codec?.name,
    }
  }

  #closed({ opened }: Attempt, end: CarrierEnd): void {
    const verdict = verdictOfEnd(end, opened)
    const { again, afterMs } = verdict
    // Who says when to come back mostly speaks of the server, and not of the way to it: two are believed.
    const isTold = afterMs > 0 && this.#hindrance
    if (again === 'token' || again === 'never' || isTold) this.#leave(verdict)
    else this.#fallBack(verdict)
  }

  /** Tries the next transport at once, where there is one that was not tried; one that is only slow may still take over. */
  #fallBack(verdict: Verdict, isSlow = false): void {
    const { name, attempt } = this.#phase
    if (name !== 'opening') {
      this.#leave(verdict)
      return
    }
    if (!this.#hindrance || tells(verdict) > tells(this.#hindrance)) this.#hindrance = verdict
    if (!this.#choice.failed()) {
      this.#leave(this.#hindrance)
      return
    }
    this.#phase = resting
    if (isSlow && !this.#better) {
      this.#better = attempt
      this.#betterAt = this.#time.now() + this.#settings.openTimeoutMs
    } else attempt?.carrier?.close(closeGoingAway)
    this.#tellConnecting(verdict.reason)
    if (this.#phase === resting) this.#open()
  }

  /** Lets go of the connection, and comes back as the verdict allows. */
  #leave(verdict: Verdict): void {
    const { reason, again } = verdict
    const { liveness } = this.#phase
    if (liveness) this.#judge(liveness, reason)
    // Where the server sent us nobody may be: then we go home.
    else {
      this.#url = this.#settings.url
      this.#choice.restart()
      this.#hindrance = undefined
    }
    this.#drop(closeNormal)
    // Then it is the first frame that has not arrived, and that is not sent again.
    if (liveness) this.#tooBig = reason.why === 'tooBig'
    if (again === 'never' || (again === 'yes' && this.#settings.reconnect === false)) this.#end(reason)
    else if (again === 'yes') this.#wait(verdict)
    else if (again === 'asked' || this.#tokenRefused) this.#rest(reason)
    else {
      this.#tokenRefused = true
      this.#begin(reason)
    }
  }

  /** What the end of a connection says about the way it went. */
  #judge({ since, heardAt }: Liveness, { why }: Reason): void {
    const now = this.#time.now()
    const isSteady = now - since >= steadyMs
    if (isSteady) this.#failures = 0
    // Kept busy, one that is cut when it is quiet is as good as any other.
    const isQuiet = why === 'lost' && this.#idleLimit.lost(now - heardAt)
    this.#choice.lost(!isSteady && !isQuiet && (why === 'lost' || why === 'silent'))
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
  }

  /** Where the server sends us, if that is as well protected as where we are. */
  #destination(url: string): string {
    const href = URL.canParse(url, this.#url) ? new URL(url, this.#url).href : ''
    const isSecure = /^(ws|http)s:/
    const isAllowed = isSecure.test(this.#settings.url) ? isSecure : /^(ws|http)s?:/
    return isAllowed.test(href) ? href : this.#url
  }

  /** Nothing happens until the program asks for it. */
  #rest(reason: Reason): void {
    this.#tokenRefused = false
    this.#phase = resting
    this.#tell({ status: 'refused', reason })
  }

  #end(reason: Reason): void {
    this.#drop(closeNormal)
    this.#phase = { name: 'over' }
    this.#session = undefined
    this.#tell({ status: 'closed', reason })
  }

  /** Lets go of the carrier, if there is one. */
  #drop(code: number): void {
    const { attempt } = this.#phase
    this.#phase = resting
    if (!attempt) return
    attempt.carrier?.close(code)
    this.#betterAt = never
    this.#forgetBetter()
  }

  // ------------------------------------------------------------------------------------------------ moving

  /** Tries a better transport beside the connection. What is said stays on the one that works until the other is open. */
  #tryBetter(): void {
    this.#betterAt = this.#time.now() + this.#settings.openTimeoutMs
    this.#better = { transport: this.#choice.nextBetter() }
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
    this.#choice.take(attempt.transport)
    attempt.replaces = this.#phase.liveness !== undefined
    this.#drop(closeGoingAway)
    this.#greetOn(attempt)
  }

  #tell(state: ConnectionState): void {
    this.#state = state
    this.#events.state(state)
    this.#schedule()
  }

  #tellConnecting(reason: Reason | undefined): void {
    this.#tell({ status: 'connecting', transport: this.#choice.current.name, reason })
  }

  // ------------------------------------------------------------------------------------------------ frames

  #received(data: string | Uint8Array): void {
    const read = readDownFrame(data, this.#settings.codec)
    this.#length += data.length
    const { liveness } = this.#phase
    // An acknowledgement may have come another way than what is said.
    if (!('frame' in read && read.frame.type === 'ack')) liveness?.heard(this.#time.now())
    if ('frame' in read) this.#take(read.frame)
    else {
      // What cannot be read was counted by its sender; and what it was is lost, which somebody should hear.
      if (liveness) this.#count()
      this.#events.fault(new CallError('ERR_FRAME', { message: read.wrong }))
    }
    this.#schedule()
  }

  #take(frame: DownFrame): void {
    const isLive = this.#phase.liveness !== undefined
    if (isCounted(frame)) {
      // Before its greeting a server has nothing to say.
      if (!isLive) return
      this.#count()
      this.#events.frame(frame)
    } else if (frame.type === 'close') this.#leave(verdictOfFrame(frame))
    else if (frame.type === 'ping') this.#say({ type: 'pong' })
    else if (!isLive || frame.type === 'reset') this.#answered(frame)
    else if (frame.type === 'ack') this.upstream.acknowledge(frame.position)
    else if (frame.type === 'resumed' && this.#isHere(frame.position))
      this.upstream.acknowledge(frame.received)
  }

  #answered(frame: DownFrame): void {
    const before = this.#session
    if (frame.type === 'resumed' && before) {
      if (!this.#isHere(frame.position)) return
      this.upstream.rewind(frame.received)
      this.#withoutTooBig()
      this.#goLive(before, { kind: 'resumed', replayed: frame.replayed })
    } else if (frame.type === 'connected' || frame.type === 'reset') {
      const reason = frame.type === 'reset' ? frame.reason : 'unknown'
      this.#session = frame
      this.#position = 0
      this.#tooBig = false
      const unconfirmed = this.upstream.renew()
      this.#goLive(frame, before ? { kind: 'reset', reason, unconfirmed } : { kind: 'connected' })
    }
  }

  /** Whether an answer follows what came before. One that does not was kept by somebody in between, and comes again. */
  #isHere(position = this.#position): boolean {
    if (position === this.#position) return true
    const error = foreignAnswer('is one of before')
    this.#fallBack(verdictOfEnd({ error }, false))
    return false
  }

  /** Frames arrive in order, so the first that did not is the one that was too large: sent again, it would end this connection too. */
  #withoutTooBig(): void {
    const frame = this.#tooBig ? this.upstream.dropFirst() : undefined
    this.#tooBig = false
    if (frame) this.#events.refused(frame)
  }

  #goLive({ heartbeat }: SessionFacts, how: Beginning): void {
    const phase = this.#phase
    const { attempt } = phase
    if (!attempt) return
    this.#acknowledged = this.#position
    this.#acknowledgeAt = never
    this.#tokenRefused = false
    // Who moves was never away.
    if (!attempt.replaces || how.kind !== 'resumed') this.#events.began(how)
    // Whoever was told may have closed it.
    if (this.#phase !== phase) return
    const now = this.#time.now()
    const everyMs = Math.min(heartbeat.everyMs, this.#idleLimit.everyMs ?? never)
    const liveness = new Liveness({ everyMs, graceMs: heartbeat.graceMs }, now)
    this.#phase = { name: 'live', attempt, liveness }
    const betterMs = this.#choice.worked()
    if (!this.#better) this.#betterAt = now + betterMs
    const { isBest } = this.#choice
    const transport = attempt.transport.name
    this.#settings.memory?.keep(isBest ? undefined : transport)
    if (isBest) this.#hindrance = undefined
    this.#pump()
    const reason: Reason = { ...this.#hindrance?.reason, why: 'blocked' }
    this.#tell({ status: 'open', transport, ...(!isBest && { reason }) })
  }

  #pump(): void {
    const { attempt, liveness } = this.#phase
    const carrier = attempt?.carrier
    if (!liveness || !carrier) return
    const { codec } = this.#settings
    const packs = codec && this.#session?.codec === codec.name
    const now = this.#time.now()
    for (let text = this.upstream.take(now); text !== undefined; text = this.upstream.take(now)) {
      const bytes = packs && codec.encode(fromJson(text))
      if (!bytes) carrier.send(text)
      else if (carrier.sendBytes) carrier.sendBytes(bytes)
      else carrier.send(codec.toText(bytes))
    }
  }

  #say(frame: UpFrame): void {
    this.#phase.attempt?.carrier?.send(JSON.stringify(frame))
  }

  #count(): void {
    this.#position += 1
    if (this.#position - this.#acknowledged >= ackEveryFrames || this.#length >= ackEveryLength)
      this.#acknowledge()
    else this.#acknowledgeAt = Math.min(this.#acknowledgeAt, this.#time.now() + ackEveryMs)
  }

  #acknowledge(): void {
    this.#acknowledgeAt = never
    this.#acknowledged = this.#position
    this.#length = 0
    this.#say({ type: 'ack', position: this.#position })
  }

  // ------------------------------------------------------------------------------------------------ time

  /** There is reason to doubt that the connection lives. */
  #doubt(): void {
    const { liveness } = this.#phase
    if (!liveness) return
    liveness.doubt(this.#time.now())
    this.#say({ type: 'ping' })
    this.#schedule()
  }

  #advance(): void {
    const { until = never, attempt, liveness } = this.#phase
    const now = this.#time.now()
    if (until <= now) {
      if (!attempt) this.reconnect()
      else if (attempt.opened) this.#fallBack(comeBack({ why: 'silent' }))
      else this.#fallBack(comeBack({ why: 'unreachable' }), true)
    } else if (liveness) {
      if (this.#acknowledgeAt <= now) this.#acknowledge()
      if (this.#betterAt <= now) {
        if (!this.#better) this.#tryBetter()
        else this.#betterFailed()
      }
      const look = liveness.look(now)
      if (look === 'ask') this.#say({ type: 'ping' })
      else if (look === 'give up') this.#leave(comeBack({ why: 'silent' }))
    }
    this.#schedule()
  }

  #schedule(): void {
    const { until, liveness } = this.#phase
    this.#alarm.set(liveness ? Math.min(liveness.due, this.#acknowledgeAt, this.#betterAt) : until)
  }
}

/** Close codes of our own end. */
const closeNormal = 1000
/** We want another connection, and the session with it. */
const closeGoingAway = 4000

function comeBack(reason: Reason): Verdict {
  return { reason, again: 'yes', afterMs: 0 }
}

/** How much is known: that somebody answered says more than that nobody did. */
function tells({ reason }: Verdict): number {
  return reason.status !== undefined ? 2 : reason.why === 'unreachable' ? 0 : 1
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function reasonOf(state: ConnectionState): Reason | undefined {
  return state.status === 'open' ? undefined : state.reason
}
