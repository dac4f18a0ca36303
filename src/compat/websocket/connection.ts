import { Buffer } from 'node:buffer'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { LimitError, ProtocolError, TimeoutError } from '../../errors.ts'
import {
  ABNORMAL_CLOSURE,
  isWireCloseCode,
  MESSAGE_TOO_BIG,
  NORMAL_CLOSURE,
} from '../../protocol/close-code.ts'
import type { MessageCompression } from '../../protocol/compression.ts'
import { CLOSE, maxControlPayloadBytes, PING, PONG, RSV_ALL } from '../../protocol/opcode.ts'
import { OPEN } from '../../protocol/ready-state.ts'
import { linkOf, runtime } from '../../runtime/node/index.ts'
import { type SendCallback, SendCallbacks } from '../../runtime/node/send-callbacks.ts'
import { tell } from '../../runtime/node/tell.ts'
import { FramedLink, type FrameHead, type FrameWatcher } from '../../transport/framed-link.ts'
import {
  type CarrierEvents,
  type Closed,
  type SendResult,
  WebSocketCarrier,
} from '../../transport/websocket-carrier.ts'
import { settingsOf } from './carrier-settings.ts'
import { closeDescriptions, closeReasons } from './close-reasons.ts'
import type { IConfig } from './config.ts'
import type { ConnectionEvents, IExtension, IStringified } from './connection-events.ts'
import { WebSocketFrame } from './frame.ts'
import { KeepalivePings } from './keepalive.ts'

/** What a connection begins with, where that is more than a socket. */
export interface Opened {
  /** What was read behind the handshake. */
  readonly first: Uint8Array | undefined
  readonly compression: MessageCompression | undefined
}

/** A connection after its handshake, on either side. */
export class WebSocketConnection extends EventEmitter<ConnectionEvents> {
  static readonly CLOSE_REASON_NORMAL = closeReasons.CLOSE_REASON_NORMAL
  static readonly CLOSE_REASON_GOING_AWAY = closeReasons.CLOSE_REASON_GOING_AWAY
  static readonly CLOSE_REASON_PROTOCOL_ERROR = closeReasons.CLOSE_REASON_PROTOCOL_ERROR
  static readonly CLOSE_REASON_UNPROCESSABLE_INPUT = closeReasons.CLOSE_REASON_UNPROCESSABLE_INPUT
  static readonly CLOSE_REASON_RESERVED = closeReasons.CLOSE_REASON_RESERVED
  static readonly CLOSE_REASON_NOT_PROVIDED = closeReasons.CLOSE_REASON_NOT_PROVIDED
  static readonly CLOSE_REASON_ABNORMAL = closeReasons.CLOSE_REASON_ABNORMAL
  static readonly CLOSE_REASON_INVALID_DATA = closeReasons.CLOSE_REASON_INVALID_DATA
  static readonly CLOSE_REASON_POLICY_VIOLATION = closeReasons.CLOSE_REASON_POLICY_VIOLATION
  static readonly CLOSE_REASON_MESSAGE_TOO_BIG = closeReasons.CLOSE_REASON_MESSAGE_TOO_BIG
  static readonly CLOSE_REASON_EXTENSION_REQUIRED = closeReasons.CLOSE_REASON_EXTENSION_REQUIRED
  static readonly CLOSE_REASON_INTERNAL_SERVER_ERROR = closeReasons.CLOSE_REASON_INTERNAL_SERVER_ERROR
  static readonly CLOSE_REASON_TLS_HANDSHAKE_FAILED = closeReasons.CLOSE_REASON_TLS_HANDSHAKE_FAILED
  static readonly CLOSE_DESCRIPTIONS: Record<number, string> = closeDescriptions

  readonly config: IConfig
  /** The socket below. It is ours to read and write; its addresses and options are as they always are. */
  readonly socket: Socket
  /** What was agreed on, as the server's `accept` named it. */
  readonly protocol: string
  readonly extensions: IExtension[]
  /** Address of the peer; behind a proxy the one that `X-Forwarded-For` names first. */
  remoteAddress: string
  remoteAddresses: string[]
  webSocketVersion = 13
  readonly maskOutgoingPackets: boolean
  /** Close code once it is closed, or is being closed from here; -1 before. */
  closeReasonCode = -1
  closeDescription: string | null = null
  closeEventEmitted = false
  inputPaused = false
  socketHadError = false
  readonly #carrier: WebSocketCarrier<WebSocketConnection>
  readonly #keepalive: KeepalivePings | undefined
  /** `close` was called here before the peer's close frame came. */
  #closing = false
  readonly #callbacks: SendCallbacks
  /** The newest ping of a slow peer: its pong waits for the drain. */
  #owedPong: Buffer | undefined

  /** The connection reads from `socket` once `start` is called. */
  constructor(
    socket: Socket,
    extensions: IExtension[],
    protocol: string | null | undefined,
    maskOutgoingPackets: boolean,
    config: IConfig,
    opened?: Opened,
  ) {
    super()
    this.config = config
    this.socket = socket
    this.extensions = extensions
    this.protocol = protocol as string
    this.maskOutgoingPackets = maskOutgoingPackets
    this.remoteAddress = socket.remoteAddress ?? ''
    this.remoteAddresses = [this.remoteAddress]
    socket.setNoDelay(config.disableNagleAlgorithm !== false)
    socket.setTimeout(0)
    const { keepalive, useNativeKeepalive, keepaliveInterval, dropConnectionOnKeepaliveTimeout } = config
    if (keepalive && useNativeKeepalive) socket.setKeepAlive(true, keepaliveInterval)
    if (keepalive && !useNativeKeepalive && dropConnectionOnKeepaliveTimeout === false) {
      this.#keepalive = new KeepalivePings(runtime.wheel, keepaliveInterval ?? 20_000, () => this.ping())
    }
    const link = linkOf(socket, opened?.first)
    this.#carrier = new WebSocketCarrier<WebSocketConnection>(
      settingsOf(config, maskOutgoingPackets, WebSocketConnection.#events),
      this,
      this.#watchesFrames ? new FramedLink(link, this.#watcher()) : link,
      opened?.compression,
    )
    this.#callbacks = new SendCallbacks(this.#carrier)
  }

  /** Whether messages can be sent. */
  get connected(): boolean {
    return this.#carrier.readyState === OPEN && !this.closeEventEmitted
  }

  get state(): 'open' | 'peer_requested_close' | 'ending' | 'closed' {
    if (this.closeEventEmitted) return 'closed'
    if (this.connected) return 'open'
    return this.#closing ? 'ending' : 'peer_requested_close'
  }

  /** Whether the peer is slow: what is sent now waits, and `drain` tells when all of it has gone. */
  get outputBufferFull(): boolean {
    return this.#carrier.slow
  }

  /** Bytes that the system has not taken yet. */
  get bytesWaitingToFlush(): number {
    return this.#carrier.bufferedAmount
  }

  get closeTimeout(): number {
    return this.config.closeTimeout ?? 5_000
  }

  get assembleFragments(): boolean {
    return this.config.assembleFragments !== false
  }

  get maxReceivedMessageSize(): number {
    return this.config.maxReceivedMessageSize ?? 0x10_0000
  }

  /** @internal Begins to read. */
  start(): void {
    this.#keepalive?.start()
    this.#carrier.start()
  }

  // ------------------------------------------------------------------------------------------------ sending

  /** Sends a Buffer as a binary message, anything else as text. `callback` is called when the system has taken it. */
  send(data: Buffer | IStringified, callback?: SendCallback): void {
    if (Buffer.isBuffer(data)) this.sendBytes(data, callback)
    else if (typeof data?.toString === 'function') this.sendUTF(data, callback)
    else throw new Error('Data provided must either be a Node Buffer or implement toString()')
  }

  sendUTF(data: IStringified, callback?: SendCallback): void {
    const text = data.toString()
    const most = this.#mostInFrame
    if (text.length <= most / 3 || Buffer.byteLength(text) <= most) {
      this.#sent(this.#carrier.sendText(text, true), callback)
    } else this.#sendFragments(Buffer.from(text), 'text', callback)
  }

  sendBytes(data: Buffer, callback?: SendCallback): void {
    if (!Buffer.isBuffer(data)) {
      throw new Error('You must pass a Node Buffer object to WebSocketConnection.prototype.sendBytes()')
    }
    if (data.length <= this.#mostInFrame) this.#sent(this.#carrier.sendBinary(data, true), callback)
    else this.#sendFragments(data, 'binary', callback)
  }

  /** Sends a ping with at most 125 bytes of payload; what is longer is cut. */
  ping(data?: Buffer | IStringified): void {
    this.#sendControl(PING, data)
  }

  /** Sends a pong nobody asked for; pings are answered without it. */
  pong(data?: Buffer | IStringified): void {
    this.#sendControl(PONG, data)
  }

  /** Sends a frame as it is; messages made of such frames are the caller's responsibility. */
  sendFrame(frame: WebSocketFrame, callback?: SendCallback): void {
    if (frame.opcode === CLOSE) {
      this.sendCloseFrame(frame.closeStatus, frame.binaryPayload?.toString(), callback)
      return
    }
    frame.mask = this.maskOutgoingPackets
    const bytes = frame.toBuffer()
    this.#sent(this.#carrier.sendFrame(bytes, 0, bytes.length), callback)
  }

  /** Sends a frame's payload as a message, in as many frames as the configuration asks for. */
  fragmentAndSend(frame: WebSocketFrame, callback?: SendCallback): void {
    if (frame.opcode >= CLOSE) throw new Error('You cannot fragment control frames.')
    const payload = frame.binaryPayload ?? Buffer.alloc(0)
    this.#sendFragments(payload, frame.opcode === 1 ? 'text' : 'binary', callback)
  }

  get #mostInFrame(): number {
    const { fragmentOutgoingMessages, fragmentationThreshold } = this.config
    return fragmentOutgoingMessages === false
      ? Number.POSITIVE_INFINITY
      : Math.max(fragmentationThreshold ?? 0x4000, 1)
  }

  #sendFragments(data: Buffer, type: 'text' | 'binary', callback: SendCallback | undefined): void {
    const most = this.#mostInFrame
    let result: SendResult = 'sent'
    let at = 0
    do {
      const end = Math.min(at + most, data.length)
      result = this.#carrier.sendFragment(data.subarray(at, end), type, at === 0, end === data.length)
      at = end
    } while (at < data.length && result !== 'dropped')
    this.#sent(result, callback)
  }

  #sendControl(opcode: number, data: Buffer | IStringified | undefined): void {
    const payload = data === undefined || Buffer.isBuffer(data) ? data : Buffer.from(data.toString())
    const frame = new WebSocketFrame(undefined, undefined, this.config)
    frame.opcode = opcode
    frame.fin = true
    frame.binaryPayload = payload?.subarray(0, maxControlPayloadBytes)
    this.sendFrame(frame)
  }

  #sent(result: SendResult, callback: SendCallback | undefined): void {
    this.#callbacks.sent(result !== 'dropped', callback)
  }

  // ------------------------------------------------------------------------------------------------ flow

  /** Reads no more: the peer has to wait. */
  pause(): void {
    this.inputPaused = true
    this.#carrier.pause()
    this.emit('pause')
  }

  resume(): void {
    this.inputPaused = false
    this.#carrier.resume()
    this.emit('resume')
  }

  // ------------------------------------------------------------------------------------------------ closing

  /**
   * Starts the closing handshake; `close` is emitted when it is over, after `closeTimeout` at the latest.
   *
   * @throws {Error} where a close frame may not carry the code (RFC 6455 §7.4)
   */
  close(reasonCode: number = NORMAL_CLOSURE, description?: string): void {
    if (!this.connected) return
    const code = typeof reasonCode === 'number' ? reasonCode : NORMAL_CLOSURE
    if (!isWireCloseCode(code)) throw new Error(`Close code ${code} is not valid.`)
    this.#closing = true
    this.#endedBy(code, description)
    this.#carrier.sendClose(code, this.closeDescription ?? '')
  }

  /** Cuts the connection; unless `skipCloseFrame` is set, a close frame is sent before. `close` is emitted at once. */
  drop(
    reasonCode: number = closeReasons.CLOSE_REASON_PROTOCOL_ERROR,
    description?: string,
    skipCloseFrame = false,
  ): void {
    const code = typeof reasonCode === 'number' ? reasonCode : closeReasons.CLOSE_REASON_PROTOCOL_ERROR
    this.#endedBy(code, description)
    if (!skipCloseFrame && this.connected) {
      if (isWireCloseCode(code)) this.#carrier.sendClose(code, this.closeDescription ?? '')
      this.#carrier.flush()
    }
    this.#finish()
    this.#carrier.terminate()
  }

  /** Sends a close frame and nothing else; `connection.close` is what programs want. */
  sendCloseFrame(reasonCode: number = NORMAL_CLOSURE, description?: string, callback?: SendCallback): void {
    const result = this.connected ? 'sent' : 'dropped'
    if (isWireCloseCode(reasonCode)) this.#carrier.sendClose(reasonCode, description)
    this.#sent(result, callback)
  }

  #endedBy(code: number, description: string | undefined): void {
    this.closeReasonCode = code
    this.closeDescription = (typeof description === 'string' ? description : closeDescriptions[code]) ?? ''
  }

  /** Emits `close`, once. */
  #finish(): void {
    if (this.closeEventEmitted) return
    this.closeEventEmitted = true
    this.#keepalive?.stop()
    this.#owedPong = undefined
    tell(() => this.emit('close', this.closeReasonCode, this.closeDescription ?? ''))
    this.#callbacks.closed()
  }

  #closed({ received, error, first }: Closed): void {
    if (this.closeEventEmitted) return
    if (received !== undefined && !(this.#closing && first === 'local')) {
      this.#endedBy(received.code, received.reason === '' ? undefined : received.reason)
    } else if (error instanceof ProtocolError) this.#endedBy(error.closeCode, error.message)
    else if (!this.#closing) this.#lost(error)
    this.#finish()
  }

  /** It ended without a close frame. */
  #lost(error: Error | undefined): void {
    const cause = error?.cause as NodeJS.ErrnoException | undefined
    if (error instanceof TimeoutError) this.#endedBy(ABNORMAL_CLOSURE, 'Peer not responding.')
    else if (cause === undefined) this.#endedBy(ABNORMAL_CLOSURE, 'Connection dropped by remote peer.')
    else {
      this.socketHadError = true
      this.#endedBy(
        ABNORMAL_CLOSURE,
        `Socket Error: ${cause.syscall ?? 'read'} ${cause.code ?? cause.message}`,
      )
      if (this.listenerCount('error') > 0) tell(() => this.emit('error', cause))
    }
  }

  // ------------------------------------------------------------------------------------------------ receiving

  get #watchesFrames(): boolean {
    const { maxReceivedFrameSize, maxReceivedMessageSize, assembleFragments, keepalive } = this.config
    if (assembleFragments === false || (keepalive && this.#keepalive !== undefined)) return true
    return (maxReceivedFrameSize ?? Number.POSITIVE_INFINITY) < (maxReceivedMessageSize ?? 0)
  }

  #watcher(): FrameWatcher {
    const most = this.config.maxReceivedFrameSize ?? Number.POSITIVE_INFINITY
    const begins = ({ length }: FrameHead): boolean => {
      this.#keepalive?.heard()
      if (length <= most) return true
      const message = `Frame size of ${length} bytes exceeds maximum accepted frame size`
      this.#carrier.fail(new LimitError('ERR_MESSAGE_TOO_LARGE', MESSAGE_TOO_BIG, { message }))
      this.#endedBy(MESSAGE_TOO_BIG, message)
      this.#finish()
      return false
    }
    if (this.assembleFragments) return { begins }
    return {
      begins,
      whole: (head, payload) => {
        // What breaks a rule of framing is not shown: the connection fails by it.
        const isControl = (head.firstByte & 0x0f) >= CLOSE
        const isWrong = isControl && (head.firstByte < 0x80 || payload.length > maxControlPayloadBytes)
        if (isWrong || (head.firstByte & RSV_ALL) !== 0 || !this.#receives) return
        const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length)
        const frame = WebSocketFrame.of(head.firstByte, head.masked, bytes, this.config)
        tell(() => this.emit('frame', frame))
      },
    }
  }

  /** Between our close frame and the peer's, frames still come. */
  get #receives(): boolean {
    return !this.closeEventEmitted && (this.connected || this.#closing)
  }

  #pinged(payload: Buffer): void {
    let cancelled = false
    const cancel = (): void => {
      cancelled = true
    }
    if (this.listenerCount('ping') > 0) tell(() => this.emit('ping', cancel, payload))
    if (cancelled) return
    if (this.#carrier.slow) this.#owedPong = payload
    else this.pong(payload)
  }

  #drained(): void {
    const owed = this.#owedPong
    this.#owedPong = undefined
    if (owed !== undefined) this.pong(owed)
    this.#callbacks.drained()
    tell(() => this.emit('drain'))
  }

  static readonly #events: CarrierEvents<WebSocketConnection> = {
    text(connection, utf8Data) {
      if (connection.#receives) tell(() => connection.emit('message', { type: 'utf8', utf8Data }))
    },
    binary(connection, data, owned) {
      if (!connection.#receives) return
      const binaryData = owned ? Buffer.from(data.buffer, data.byteOffset, data.length) : Buffer.from(data)
      tell(() => connection.emit('message', { type: 'binary', binaryData }))
    },
    // Frames are told of as such.
    fragment() {},
    ping: (connection, data) => connection.#pinged(Buffer.from(data)),
    pong: (connection, data) => tell(() => connection.emit('pong', Buffer.from(data))),
    drain: (connection) => connection.#drained(),
    closed: (connection, closed) => connection.#closed(closed),
  }
}
