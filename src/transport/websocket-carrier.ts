import { ClosedError, LimitError, type ProtocolError, type RealtimeError, TimeoutError } from '../errors.ts'
import { ABNORMAL_CLOSURE, type CloseFrame, TRY_AGAIN_LATER } from '../protocol/close-code.ts'
import type { MessageCompression } from '../protocol/compression.ts'
import { Connection, type ConnectionSettings, type ConnectionSink } from '../protocol/connection.ts'
import { CLOSED, OPEN, type ReadyState } from '../protocol/ready-state.ts'
import type { FrameRegion, SharedMessage } from '../protocol/shared-message.ts'
import type { TimerWheel, WheelEntry } from '../util/timer-wheel.ts'
import type { Link, LinkSink } from './link.ts'
import type { Flushable, Turn } from './turn.ts'

/** How a connection ended: printing it gives one readable line. */
export interface Closed {
  /** Code of the peer's close frame, 1005 where it had none, 1006 where none came (RFC 6455 §7.1.5). */
  readonly code: number
  readonly reason: string
  /** Whether both close frames passed. */
  readonly wasClean: boolean
  /** Our close frame, if one was sent. */
  readonly sent: CloseFrame | undefined
  /** The peer's close frame, if one came. */
  readonly received: CloseFrame | undefined
  /** Whose close frame came first. */
  readonly first: 'local' | 'remote' | undefined
  /** Why it ended, where that was not by the closing handshake alone. */
  readonly error: RealtimeError | undefined
}

/** What the owner of carriers is told. One object serves all carriers of an endpoint; `owner` says which it is about. */
export interface CarrierEvents<Owner> {
  text(owner: Owner, data: string): void
  /** `owned`: see `ConnectionSink.binary`. */
  binary(owner: Owner, data: Uint8Array, owned: boolean): void
  fragment(owner: Owner, data: Uint8Array, type: 'text' | 'binary', first: boolean, last: boolean): void
  ping(owner: Owner, data: Uint8Array): void
  pong(owner: Owner, data: Uint8Array): void
  drain(owner: Owner): void
  closed(owner: Owner, closed: Closed): void
}

export interface Heartbeat {
  /** After so much silence, in milliseconds, a ping is sent. @default 25_000 */
  readonly everyMs: number
  /** After so much more silence, in milliseconds, the link is cut. @default 20_000 */
  readonly graceMs: number
}

export interface Backpressure {
  /** Bytes that may wait for a peer beyond those at which it fell behind. @default 1_048_576 */
  readonly highWaterMarkBytes: number
  /** What becomes of a message beyond it: the connection is closed with 1013, or the message is dropped. @default 'close' */
  readonly policy: 'close' | 'drop'
}

/** What all carriers of one endpoint share. */
export interface CarrierSettings<Owner> extends ConnectionSettings {
  readonly events: CarrierEvents<Owner>
  readonly turn: Turn
  readonly wheel: TimerWheel
  readonly closeTimeoutMs: number
  readonly heartbeat: Heartbeat | undefined
  readonly backpressure: Backpressure | undefined
}

/** What became of a message: on its way, waiting for a slow peer, or not taken at all. */
export type SendResult = 'sent' | 'queued' | 'dropped'

/** With no more than this waiting, a peer is not behind: links that encrypt take a moment for everything. */
const slackBytes = 65_536

/** From this much on, output is sent at once: it is worth a write of its own, and keeps the arena small. */
const flushAtBytes = 65_536

/**
 * A WebSocket connection on a link: feeds the pure connection, sends what it writes once per turn, keeps the times of
 * closing and heartbeat, and tells the owner how it ended, exactly once.
 */
export class WebSocketCarrier<Owner> implements ConnectionSink, LinkSink, Flushable, WheelEntry {
  wheelTick = -1
  readonly #settings: CarrierSettings<Owner>
  readonly #owner: Owner
  readonly #link: Link
  readonly #connection: Connection
  #scheduled = false
  /** The peer was found slow, so its owner waits to hear of the drain. */
  #slow = false
  /** How far behind the peer was when it fell behind; the high-water mark counts from there. */
  #slowFromBytes = 0
  #heardAt: number
  /** When the heartbeat pinged a silent peer; -1 while it has not. */
  #pingedAt = -1
  /** End the link once everything is written. */
  #ending = false
  #error: RealtimeError | undefined
  #pings: PendingPing[] | undefined
  /** While a message is sent in fragments: what has to wait for its end, and how many bytes that is. */
  #behindStream: (() => void)[] | undefined
  #behindStreamBytes = 0

  constructor(
    settings: CarrierSettings<Owner>,
    owner: Owner,
    link: Link,
    compression: MessageCompression | undefined,
  ) {
    this.#settings = settings
    this.#owner = owner
    this.#link = link
    this.#connection = new Connection(settings, this, settings.turn.arena, compression)
    this.#heardAt = settings.wheel.now
  }

  /** Begins to read. Apart from the constructor, so that the owner can be told that it is open before anything else. */
  start(): void {
    this.#waitForHeartbeat()
    this.#link.start(this)
  }

  get readyState(): ReadyState {
    return this.#connection.readyState
  }

  /** Bytes that have not been taken by the operating system, frame headers included. */
  get bufferedAmount(): number {
    return this.#connection.output.pending + this.#link.bufferedBytes + this.#behindStreamBytes
  }

  /** Whether the peer is behind: the owner will hear of the drain. */
  get slow(): boolean {
    return this.#slow
  }

  get compression(): MessageCompression | undefined {
    return this.#connection.compression
  }

  // ------------------------------------------------------------------------------------------------ sending

  sendText(data: string, compress: boolean): SendResult {
    if (!this.#mayTake()) return 'dropped'
    if (this.#behindStream !== undefined) {
      return this.#wait(data.length, () => this.#connection.sendText(data, compress))
    }
    this.#connection.sendText(data, compress)
    return this.#sent()
  }

  sendBinary(data: Uint8Array, compress: boolean): SendResult {
    if (!this.#mayTake()) return 'dropped'
    if (this.#behindStream !== undefined) {
      const copy = new Uint8Array(data)
      return this.#wait(copy.length, () => this.#connection.sendBinary(copy, compress))
    }
    this.#connection.sendBinary(data, compress)
    return this.#sent()
  }

  /** Sends what others send too. */
  sendShared(message: SharedMessage, compress: boolean): SendResult {
    const { compression } = this
    const { arena } = this.#settings.turn
    let frame: FrameRegion
    if (compression === undefined || !compress || message.byteLength < compression.thresholdBytes) {
      frame = message.frame(arena)
    } else {
      const key = compression.broadcastKey
      const { data } = message
      // Its window is its own, so it has to be compressed for it alone.
      if (key === undefined)
        return typeof data === 'string' ? this.sendText(data, true) : this.sendBinary(data, true)
      frame = message.compressedFrame(arena, compression, key)
    }
    return this.sendFrame(frame.bytes, frame.start, frame.end)
  }

  /** Sends a frame that was made elsewhere; see `Connection.sendFrame`. */
  sendFrame(bytes: Uint8Array, start: number, end: number): SendResult {
    if (!this.#mayTake()) return 'dropped'
    if (this.#behindStream !== undefined) {
      const copy = bytes.slice(start, end)
      return this.#wait(copy.length, () => this.#connection.sendFrame(copy, 0, copy.length))
    }
    this.#connection.sendFrame(bytes, start, end)
    return this.#sent()
  }

  /**
   * Sends one fragment of a message; until the last one all other messages wait (RFC 6455 §5.4). A fragment always
   * goes out, however slow the peer: whoever streams waits for the drain between fragments.
   */
  sendFragment(data: Uint8Array, type: 'text' | 'binary', first: boolean, last: boolean): SendResult {
    if (!this.#takes) return 'dropped'
    this.#connection.sendFragment(data, type, first, last)
    if (first && !last) this.#behindStream = []
    if (last && this.#behindStream !== undefined) {
      const waiting = this.#behindStream
      this.#behindStream = undefined
      this.#behindStreamBytes = 0
      for (const send of waiting) send()
    }
    return this.#sent()
  }

  /** Pings; resolves with the time until the pong, in milliseconds, or rejects with a `ClosedError`. */
  measureRoundTrip(data: Uint8Array | undefined, now: () => number): Promise<number> {
    if (!this.#takes) return handled(Promise.reject(notOpen()))
    this.#pings ??= []
    const pings = this.#pings
    const payload = (data && new Uint8Array(data)) ?? nextPayload()
    this.#connection.sendPing(payload)
    const answered = new Promise<number>((resolve, reject) => {
      pings.push({ payload, sentAt: now(), now, resolve, reject })
    })
    this.#wrote()
    return handled(answered)
  }

  /** Starts the closing handshake; 1005 for a close frame without code. */
  sendClose(code?: number, reason?: string): void {
    if (this.#connection.readyState !== OPEN) return
    this.#connection.sendClose(code, reason)
    this.#awaitClose()
  }

  /** Fails the connection as `error` says: close frame, then the end. */
  fail(error: ProtocolError): void {
    if (this.#connection.readyState === OPEN) this.#connection.fail(error)
  }

  /** Cuts the link without a closing handshake. */
  terminate(): void {
    if (this.#connection.readyState === CLOSED) return
    this.#connection.abandon()
    this.#link.destroy()
  }

  pause(): void {
    this.#connection.pause()
    this.#link.pause()
  }

  resume(): void {
    if (!this.#connection.paused) return
    this.#heardAt = this.#settings.wheel.now
    this.#connection.resume()
    this.#wrote()
    if (!this.#connection.paused) this.#link.resume()
  }

  get paused(): boolean {
    return this.#connection.paused
  }

  /** Sends what waits now instead of at the end of the turn. */
  flush(): void {
    this.#scheduled = false
    const { output } = this.#connection
    if (output.pending > 0) {
      output.flush(this.#link)
      const { bufferedBytes } = this.#link
      if (
        !this.#slow &&
        bufferedBytes > Math.min(slackBytes, this.#settings.backpressure?.highWaterMarkBytes ?? 0)
      ) {
        this.#slow = true
        this.#slowFromBytes = bufferedBytes
        this.#connection.holdPongs = true
      }
    }
    if (this.#ending) this.#link.end()
  }

  #mayTake(): boolean {
    if (!this.#takes) return false
    const { backpressure } = this.#settings
    if (backpressure === undefined || !(this.#slow || this.#behindStream !== undefined)) return true
    const { highWaterMarkBytes, policy } = backpressure
    if (this.bufferedAmount < this.#slowFromBytes + highWaterMarkBytes) return true
    if (policy === 'close') {
      const message = `The peer reads too slowly (option backpressure.highWaterMarkBytes: ${highWaterMarkBytes})`
      this.#error ??= new LimitError('ERR_BACKPRESSURE', TRY_AGAIN_LATER, { message })
      this.sendClose(TRY_AGAIN_LATER, message)
    }
    return false
  }

  /** Whether anything can still be sent: not when the peer has ended the link, though no close frame has come. */
  get #takes(): boolean {
    return this.#connection.readyState === OPEN && !this.#ending
  }

  #sent(): SendResult {
    this.#wrote()
    if (this.#slowFromBytes === Number.POSITIVE_INFINITY) this.#slowFromBytes = this.bufferedAmount
    return this.#slow ? 'queued' : 'sent'
  }

  #wrote(): void {
    const { pending } = this.#connection.output
    if (pending === 0) return
    if (pending >= flushAtBytes) this.flush()
    else if (!this.#scheduled) {
      this.#scheduled = true
      this.#settings.turn.schedule(this)
    }
  }

  // ------------------------------------------------------------------------------------------------ from the link

  received(bytes: Uint8Array): void {
    this.#heardAt = this.#settings.wheel.now
    this.#connection.receive(bytes)
    this.#wrote()
  }

  drained(): void {
    if (!this.#slow) return
    if (this.#connection.output.pending > 0) {
      // What this turn has sent waits too, and is told of when it is gone.
      this.flush()
      if (this.#link.bufferedBytes > 0) return
    }
    this.#slow = false
    this.#slowFromBytes = 0
    this.#connection.holdPongs = false
    this.#connection.payPong()
    this.#wrote()
    if (this.#connection.readyState !== CLOSED) this.#settings.events.drain(this.#owner)
  }

  ended(): void {
    // The peer's end of stream: nothing more can be agreed on, so what waits is sent and the link ends.
    if (!this.#connection.closeComplete) this.#error ??= lost(undefined)
    this.#awaitClose()
    this.#end()
  }

  closed(error: Error | undefined): void {
    const connection = this.#connection
    if (connection.readyState === CLOSED) return
    this.#settings.wheel.cancel(this)
    const { closeSent, closeReceived, closeFirst, closeComplete } = connection
    connection.linkClosed()
    // A close frame of ours that still waits behind other output has not passed.
    const wasClean = closeComplete && !this.#slow
    if (!wasClean) this.#error ??= lost(error)
    this.#behindStream = undefined
    this.#behindStreamBytes = 0
    for (const { reject } of this.#pings?.splice(0) ?? []) reject(notOpen(this.#error))
    this.#settings.events.closed(this.#owner, {
      code: closeReceived?.code ?? ABNORMAL_CLOSURE,
      reason: closeReceived?.reason ?? '',
      wasClean,
      sent: closeSent,
      received: closeReceived,
      first: closeFirst,
      error: this.#error,
    })
  }

  // ------------------------------------------------------------------------------------------------ from the connection

  text(data: string): void {
    this.#settings.events.text(this.#owner, data)
  }

  binary(data: Uint8Array, owned: boolean): void {
    this.#settings.events.binary(this.#owner, data, owned)
  }

  fragment(data: Uint8Array, type: 'text' | 'binary', first: boolean, last: boolean): void {
    this.#settings.events.fragment(this.#owner, data, type, first, last)
  }

  ping(data: Uint8Array): void {
    this.#settings.events.ping(this.#owner, data)
  }

  pong(data: Uint8Array): void {
    this.#settlePings(data)
    this.#settings.events.pong(this.#owner, data)
  }

  /** The peer's close frame, already answered: now the server ends the link, and the client waits for that (§7.1.1). */
  close(): void {
    this.#awaitClose()
    if (this.#settings.role === 'server') this.#end()
  }

  failed(error: ProtocolError): void {
    this.#error ??= error
    this.#awaitClose()
    this.#end()
  }

  /** A pong answers the ping with its payload, and all before: a peer may answer only the newest (§5.5.3). */
  #settlePings(data: Uint8Array): void {
    const pings = this.#pings
    const index = pings?.findIndex(({ payload }) => sameBytes(payload, data)) ?? -1
    for (const { resolve, now, sentAt } of pings?.splice(0, index + 1) ?? []) resolve(now() - sentAt)
  }

  #wait(bytes: number, send: () => void): SendResult {
    this.#behindStream?.push(send)
    this.#behindStreamBytes += bytes
    return 'queued'
  }

  /** In the midst of a large message: how far the peer falls behind by it is known only at its end. */
  full(): void {
    const wasSlow = this.#slow
    this.flush()
    if (!wasSlow && this.#slow) this.#slowFromBytes = Number.POSITIVE_INFINITY
  }

  // ------------------------------------------------------------------------------------------------ time

  expire(now: number): void {
    if (this.#ending || this.#connection.readyState !== OPEN) {
      if (!this.#connection.closeComplete)
        this.#error ??= new TimeoutError('ERR_CLOSE_TIMEOUT', {
          message: `The closing handshake took over ${this.#settings.closeTimeoutMs} ms (option limits.closeTimeoutMs)`,
        })
      this.#link.destroy()
      return
    }
    const { everyMs, graceMs } = this.#settings.heartbeat as Heartbeat
    // A link we do not read tells nothing.
    if (this.#connection.paused) this.#heardAt = now
    const silentMs = now - this.#heardAt
    if (silentMs < everyMs) {
      this.#pingedAt = -1
      this.#settings.wheel.add(this, everyMs - silentMs)
    } else if (this.#pingedAt < 0 || this.#heardAt >= this.#pingedAt) {
      this.#pingedAt = now
      this.#connection.sendPing(new Uint8Array(0))
      // At once: the grace begins now.
      this.flush()
      this.#settings.wheel.add(this, graceMs)
    } else {
      this.#error ??= new TimeoutError('ERR_HEARTBEAT_TIMEOUT', {
        message: `The peer was silent for ${everyMs + graceMs} ms (option heartbeat)`,
      })
      this.#link.destroy()
    }
  }

  #waitForHeartbeat(): void {
    const { heartbeat, wheel } = this.#settings
    if (heartbeat !== undefined) wheel.add(this, heartbeat.everyMs)
  }

  #awaitClose(): void {
    this.#settings.wheel.add(this, this.#settings.closeTimeoutMs)
    this.#wrote()
  }

  #end(): void {
    this.#ending = true
    if (this.#connection.output.pending === 0) this.#link.end()
    else this.#wrote()
  }
}

function lost(cause: Error | undefined): ClosedError {
  const because = cause === undefined ? '' : `: ${cause.message}`
  return new ClosedError('ERR_CONNECTION_LOST', {
    message: `The connection ended without a close frame${because}`,
    cause,
  })
}

interface PendingPing {
  readonly payload: Uint8Array
  readonly sentAt: number
  readonly now: () => number
  resolve(ms: number): void
  reject(error: Error): void
}

/** Why nothing can be sent any more. */
export function notOpen(cause?: Error): ClosedError {
  return new ClosedError('ERR_CLOSED', {
    side: 'local',
    message: 'The connection is not open any more',
    cause,
  })
}

/** A rejection that nobody waits for must not end the process. */
function handled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {})
  return promise
}

let pingsSent = 0

/** Pings are told apart by a number in ASCII: some peers take a ping's payload for text, and send back what they made of it. */
function nextPayload(): Uint8Array {
  pingsSent = (pingsSent + 1) % 1_000_000
  return Uint8Array.from(String(pingsSent), (digit) => digit.charCodeAt(0))
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
