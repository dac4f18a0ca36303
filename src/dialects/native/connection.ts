import type { Ending } from '../../channels/carrier.ts'
import type { Core } from '../../channels/core.ts'
import type { Credentials } from '../../channels/principal.ts'
import type { Session } from '../../channels/session.ts'
import type { DistantCarrier, SessionPort } from '../../channels/session-port.ts'
import {
  type CloseFrame,
  type ConnectFrame,
  closeCodes,
  type DownFrame,
  type NumberedFrame,
  protocolVersion,
  type SessionFacts,
  type UpFrame,
  type Why,
  type WireError,
  wireError,
} from '../../codec/frame.ts'
import { readUpFrame } from '../../codec/read-up-frame.ts'
import { CallError, type ErrorCode } from '../../errors.ts'
import type { SharedMessage } from '../../protocol/shared-message.ts'
import type { ResetReason } from '../../session/line.ts'
import type { WheelEntry } from '../../util/timer-wheel.ts'
import type { FrameEncoders } from './encoder.ts'

/** What frames travel on: a WebSocket, a stream, the answer to a poll. */
export interface Wire {
  /** Header fields of the request it came with. */
  readonly headers: Headers
  readonly remoteAddress: string | undefined
  /** Sends a frame. False where there is no room for another one until `drained`. */
  send(frame: string | SharedMessage): boolean
  /** Says something at least so often; absent where the other end can ask by itself. */
  keepUp?(everyMs: number): void
  /** Reads nothing more until `resume`, where there is more to read. */
  pause(): void
  resume(): void
  /** Nothing more is sent. */
  close(code: number, reason: string): void
  /** The client was heard by another way. */
  alive?(): void
}

/** What all connections of a server share. */
export interface ConnectionSettings {
  readonly core: Core
  readonly frames: FrameEncoders
  /** The pings a client may rely on. */
  readonly heartbeat: { readonly everyMs: number; readonly graceMs: number }
  /** Time until a session is begun or taken up. */
  readonly connectTimeoutMs: number
}

type Resume = NonNullable<ConnectFrame['resume']>

/** Why a connection ends for which no session is opened; `unauthorized` for all other errors. */
const refusals: Partial<Record<ErrorCode, Why>> = { ERR_SESSION: 'goingAway', ERR_TOO_MANY: 'overload' }

/** What the client shows of itself. Most applications look at the token alone, so the rest is not made before it is asked for. */
class Shown implements Credentials {
  readonly token: string | undefined
  readonly #wire: Wire

  constructor(token: string | undefined, wire: Wire) {
    this.token = token
    this.#wire = wire
  }

  get headers(): Headers {
    return this.#wire.headers
  }

  get remoteAddress(): string | undefined {
    return this.#wire.remoteAddress
  }
}

/** Numbered frames after which they are acknowledged at once. */
const framesPerAck = 32
const ackDelayMs = 1_000
/** More often than that nobody is told that there is nothing to tell. */
const leastHeartbeatMs = 1_000
/** Frames a client may send before it knows that it is connected. */
const maxEarlyFrames = 1_000

/** One connection that speaks `polyplex.1`: a carrier of a session, once `connect` has said of which. */
export class Connection implements DistantCarrier, WheelEntry {
  wheelTick = -1
  readonly #settings: ConnectionSettings
  readonly #wire: Wire
  #session: SessionPort<SharedMessage> | undefined
  /** What came while it is found out who this is. */
  #early: UpFrame[] | undefined
  /** The largest number the client has been told of. */
  #acknowledged = 0
  #slow = false
  #closed = false

  constructor(settings: ConnectionSettings, wire: Wire) {
    this.#settings = settings
    this.#wire = wire
    settings.core.wait(this, settings.connectTimeoutMs)
  }

  /** The client has sent a message. */
  received(data: string | Uint8Array): void {
    if (this.#closed) return
    const read = readUpFrame(data, this.#settings.frames.codec)
    if ('frame' in read) this.#take(read.frame)
    else this.#refuse(new CallError('ERR_FRAME', { message: read.wrong }), read.id)
  }

  /** The wire has room again. */
  drained(): void {
    this.#slow = false
    this.wake()
  }

  /** The wire is gone; the session stays. */
  lost(): void {
    this.#closed = true
    this.#settings.core.stopWaiting(this)
    this.#session?.detach(this)
  }

  wake(): void {
    const session = this.#session
    if (session === undefined) return
    while (!this.#slow) {
      const unit = session.take(this)
      if (unit === undefined) return
      this.#slow = !this.#wire.send(unit)
    }
  }

  close({ why, message, reconnect, afterMs, url }: Ending): void {
    this.#end({ type: 'close', why, message, reconnect, afterMs, url })
  }

  /** A session of another node has what the client said. */
  confirm(): void {
    if (this.#session !== undefined) this.#acknowledgeSoon(this.#session)
  }

  /** The node of the session has no room for more. */
  pause(): void {
    this.#wire.pause()
  }

  resume(): void {
    this.#wire.resume()
  }

  /** The client was heard over another request; with `asks` it wants to know whether this one still brings something. */
  alive(asks: boolean): void {
    this.#wire.alive?.()
    if (asks) this.#send({ type: 'pong' })
  }

  /** The wheel: the first frame is late, or an acknowledgement is due. */
  expire(): void {
    if (this.#session === undefined) {
      const message = 'It took too long to connect (option connectTimeoutMs)'
      this.#end({ type: 'close', why: 'timeout', message, reconnect: true })
    } else this.#acknowledge(this.#session)
  }

  #take(frame: UpFrame): void {
    if (frame.type === 'connect') {
      if (this.#session === undefined && this.#early === undefined) void this.#connect(frame)
      else this.#refuse(new CallError('ERR_FRAME', { message: 'This connection is connected already' }))
    } else if (this.#early !== undefined) {
      if (this.#early.push(frame) <= maxEarlyFrames) return
      const message = 'Too many frames before connected'
      this.#end({ type: 'close', why: 'overload', message, reconnect: true })
    } else if (frame.type === 'ping') this.#send({ type: 'pong' })
    else if (this.#session !== undefined) this.#hear(this.#session, frame)
    else this.#refuse(new CallError('ERR_FRAME', { message: 'The first frame is connect' }))
  }

  #hear(session: SessionPort<SharedMessage>, frame: UpFrame): void {
    switch (frame.type) {
      case 'ack':
        if (session.acknowledge(frame.position)) return
        this.#refuse(new CallError('ERR_FRAME', { message: 'Nothing was sent at this position' }))
        break
      case 'close':
        session.end({ why: 'normal', reconnect: false })
        break
      case 'connect':
      case 'ping':
      case 'pong':
        break
      default:
        this.#hearNumbered(session, frame)
    }
  }

  #hearNumbered(session: SessionPort<SharedMessage>, frame: NumberedFrame): void {
    session.receive(frame)
    this.#acknowledgeSoon(session)
  }

  #acknowledgeSoon(session: SessionPort<SharedMessage>): void {
    if (session.received - this.#acknowledged >= framesPerAck) this.#acknowledge(session)
    else if (this.wheelTick < 0 && !this.#closed) this.#settings.core.wait(this, ackDelayMs)
  }

  #acknowledge(session: SessionPort<SharedMessage>): void {
    if (session.received === this.#acknowledged || this.#closed) return
    this.#acknowledged = session.received
    this.#send({ type: 'ack', position: session.received })
  }

  async #connect({
    version = protocolVersion,
    token,
    resume,
    heartbeatMs,
    codec,
  }: ConnectFrame): Promise<void> {
    if (version !== protocolVersion) {
      const message = `This server speaks version ${protocolVersion}`
      this.#end({ type: 'close', why: 'protocolError', code: 'ERR_VERSION', message, reconnect: false })
      return
    }
    const { core, frames } = this.#settings
    const isPacked = codec !== undefined && codec === frames.codec?.name
    if (heartbeatMs !== undefined) this.#wire.keepUp?.(Math.max(leastHeartbeatMs, heartbeatMs))
    // What else has arrived already is all that has to be held.
    this.#early = []
    this.#wire.pause()
    try {
      let reason: ResetReason | undefined
      if (resume !== undefined) {
        const known = core.find(frames.json, resume.session, resume.key)
        reason = known === undefined ? await this.#resumeElsewhere(resume) : this.#resume(known, resume)
        if (reason === undefined) return
        // It cannot go on, and nobody else has its key.
        known?.end({ why: 'normal' })
      }
      const encoder = isPacked ? frames.packed : frames.json
      const { session, key } = await core.open(encoder, new Shown(token, this.#wire))
      if (this.#closed) session.end({ why: 'normal' })
      else this.#begin(session, key, reason, isPacked ? codec : undefined)
    } catch (error) {
      const { code, message, retryAfterMs: afterMs } = error as CallError
      const why = refusals[code] ?? 'unauthorized'
      this.#end({ type: 'close', why, code, message, reconnect: why !== 'unauthorized', afterMs })
    }
  }

  /** Takes a session up behind `position`; answers why not, where that is impossible. */
  #resume(session: Session<SharedMessage>, { position, attempt }: Resume): ResetReason | undefined {
    if (!session.isLatest(attempt)) {
      // Whoever hears it may be the client after all, by a request that was sent again for it.
      this.close({ why: 'replaced', reconnect: true })
      return undefined
    }
    const attachment = session.attach(this, position)
    if (!attachment.resumed) return attachment.reason
    this.#goOn(session, position, attachment.replayed)
    return undefined
  }

  /** The same with a session of another node. */
  async #resumeElsewhere(resume: Resume): Promise<ResetReason | undefined> {
    const { core, frames } = this.#settings
    const reached = await core.relays.attach(frames.json, this, resume)
    if ('session' in reached) {
      if (this.#closed) reached.session.detach()
      else this.#goOn(reached.session, resume.position, reached.replayed)
      return undefined
    }
    const { reason } = reached
    const message = 'Too many sessions are asked for at a time'
    if (reason === 'overload') this.close({ why: reason, message, reconnect: true, afterMs: 1_000 })
    else if (reason === 'replaced') this.close({ why: reason, reconnect: true })
    else return reason
    return undefined
  }

  #goOn(session: SessionPort<SharedMessage>, position: number, replayed: number): void {
    this.#acknowledged = session.received
    this.#send({ type: 'resumed', position, replayed, received: session.received })
    this.#start(session)
  }

  #begin(
    session: Session<SharedMessage>,
    key: string,
    reason: ResetReason | undefined,
    codec: string | undefined,
  ): void {
    session.attach(this, 0)
    const facts: SessionFacts = {
      session: session.id,
      key,
      heartbeat: this.#settings.heartbeat,
      windowMs: this.#settings.core.limits.windowMs,
      codec,
    }
    this.#send(reason === undefined ? { type: 'connected', ...facts } : { type: 'reset', reason, ...facts })
    this.#start(session)
  }

  #start(session: SessionPort<SharedMessage>): void {
    this.#settings.core.stopWaiting(this)
    this.#session = session
    this.#wire.resume()
    this.wake()
    const early = this.#early ?? []
    this.#early = undefined
    for (const frame of early) this.#take(frame)
  }

  /** Says what is wrong: in the session, or where there is none yet, ends the connection. */
  #refuse(error: CallError, id?: number): void {
    const wire: WireError = wireError(error)
    if (this.#session !== undefined) this.#session.write({ type: 'error', to: id, error: wire })
    else
      this.#end({
        type: 'close',
        why: 'protocolError',
        code: wire.code,
        message: wire.message,
        reconnect: false,
      })
  }

  #send(frame: DownFrame): void {
    this.#slow = !this.#wire.send(JSON.stringify(frame)) || this.#slow
  }

  #end(frame: CloseFrame): void {
    if (this.#closed) return
    this.#send(frame)
    this.#wire.resume()
    const { why = 'normal' } = frame
    this.#wire.close(closeCodes[why], why)
    this.lost()
  }
}
