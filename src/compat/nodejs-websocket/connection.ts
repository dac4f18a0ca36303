import { Buffer } from 'node:buffer'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { LimitError, ProtocolError } from '../../errors.ts'
import { ABNORMAL_CLOSURE, isWireCloseCode, MESSAGE_TOO_BIG } from '../../protocol/close-code.ts'
import type { MessageCompression } from '../../protocol/compression.ts'
import { defaultLimits } from '../../protocol/limits.ts'
import { CLOSE, maxControlPayloadBytes } from '../../protocol/opcode.ts'
import { CLOSED, CLOSING, CONNECTING, OPEN, type ReadyState } from '../../protocol/ready-state.ts'
import { afterMicrotasks, runtime } from '../../runtime/node/index.ts'
import { type SendCallback, SendCallbacks } from '../../runtime/node/send-callbacks.ts'
import { tell } from '../../runtime/node/tell.ts'
import { FramedLink, type FrameWatcher } from '../../transport/framed-link.ts'
import type { Link } from '../../transport/link.ts'
import {
  type CarrierEvents,
  type CarrierSettings,
  type Closed,
  WebSocketCarrier,
} from '../../transport/websocket-carrier.ts'
import { InStream } from './in-stream.ts'
import { OutStream } from './out-stream.ts'
import type { Server } from './server.ts'
import { sizes } from './sizes.ts'
import { TextGatherer } from './text-gatherer.ts'

export interface ConnectionEvents {
  /** The handshake is over. */
  connect: []
  text: [text: string]
  /** A binary message begins. Where nobody listens, it is thrown away. */
  binary: [stream: InStream]
  /** The answer to a ping. */
  pong: [data: string]
  /** The connection is closed, or `close` was called here; once. */
  close: [code: number | undefined, reason: string | undefined]
  /** The socket or the handshake failed; `close` follows. Nobody has to listen. */
  error: [error: Error]
}

/** What both sides know of each other once the handshake is over. */
export interface Opened {
  readonly link: Link
  readonly protocol: string | undefined
  readonly headers: Record<string, string>
  readonly compression: MessageCompression | undefined
}

/** A connection, on either side. */
export class Connection extends EventEmitter<ConnectionEvents> {
  readonly CONNECTING = CONNECTING
  readonly OPEN = OPEN
  readonly CLOSING = CLOSING
  readonly CLOSED = CLOSED
  /** The socket below. It is ours to read and write; its addresses and options are as they always are. */
  readonly socket: Socket
  /** The server that accepted it, or null for a client. */
  readonly server: Server | null
  /** What was asked for, such as `/chat?room=1`. */
  path: string | null = null
  host: string | null = null
  extraHeaders: Record<string, string> | null = null
  /** Subprotocols the client asked for. */
  protocols: string[] = []
  /** The one that was agreed on. */
  protocol: string | undefined
  /** Fields of the other side's handshake, by name in lower case. */
  headers: Record<string, string> = {}
  /** The binary message that is being sent, if any. */
  outStream: OutStream | null = null
  readyState: ReadyState = CONNECTING
  #carrier: WebSocketCarrier<Connection> | undefined
  #link: Link | undefined
  #callbacks: SendCallbacks | undefined
  #closeEmitted = false
  readonly #text = new TextGatherer()
  /** The binary message that is being received. */
  #inStream: InStream | undefined
  #pieces: Uint8Array[] = []
  #piecesBytes = 0
  /** What of a binary message the frame in progress has brought. */
  #binary: 'none' | 'more' | 'last' = 'none'

  constructor(socket: Socket, server: Server | null, connected?: (this: Connection) => void) {
    super()
    this.socket = socket
    this.server = server
    if (connected) this.once('connect', connected)
  }

  /** @internal The handshake is over. */
  opened({ link, protocol, headers, compression }: Opened): void {
    this.protocol = protocol
    this.headers = headers
    const framed = new FramedLink(link, this.#watcher)
    const settings = this.server === null ? clientSettings : serverSettings
    this.#link = framed
    this.#carrier = new WebSocketCarrier<Connection>(settings(Connection.#events), this, framed, compression)
    this.#callbacks = new SendCallbacks(this.#carrier)
    this.readyState = OPEN
    const carrier = this.#carrier
    tell(() => this.emit('connect'))
    // Whoever waits for the event by a promise hears the first message too.
    queueMicrotask(() => afterMicrotasks(() => carrier.start()))
  }

  /** @internal It failed before it was open. */
  failed(error: Error | undefined): void {
    if (this.#closeEmitted) return
    this.readyState = CLOSED
    if (error !== undefined) this.#report(error)
    this.#emitClose(ABNORMAL_CLOSURE, '')
  }

  // ------------------------------------------------------------------------------------------------ sending

  /** Sends a string as text, a Buffer as a binary message; `callback` is called when the system has taken it. */
  send(data: string | Buffer, callback?: SendCallback): void {
    if (typeof data === 'string') this.sendText(data, callback)
    else if (Buffer.isBuffer(data)) this.sendBinary(data, callback)
    else throw new TypeError('data should be either a string or a Buffer instance')
  }

  sendText(text: string, callback?: SendCallback): void {
    if (!this.#maySend(callback, 'a text frame until you finish sending binary frames')) return
    this.#callbacks?.sent(this.#carrier?.sendText(String(text), true) !== 'dropped', callback)
  }

  sendBinary(data: Uint8Array, callback?: SendCallback): void {
    if (!this.#maySend(callback, unfinished)) return
    this.#callbacks?.sent(this.#carrier?.sendBinary(data, true) !== 'dropped', callback)
  }

  /** Begins a binary message: write it piece by piece, and end it. Until then nothing else can be sent but pings. */
  beginBinary(): OutStream {
    const stream = new OutStream(this.#sendFragment, sizes.binaryFragmentation)
    // Into a connection that is not open everything may be written, and nothing comes of it.
    if (this.#maySend(undefined, unfinished)) this.outStream = stream
    return stream
  }

  /** What an `OutStream` sends; on a connection that has closed meanwhile it comes to nothing. */
  readonly #sendFragment = (data: Uint8Array, first: boolean, last: boolean, callback: () => void): void => {
    if (this.readyState !== OPEN || this.#carrier === undefined) {
      process.nextTick(callback)
      return
    }
    const result = this.#carrier.sendFragment(data, 'binary', first, last)
    if (last) this.outStream = null
    this.#callbacks?.sent(result !== 'dropped', () => callback())
  }

  /** Sends a ping with at most 125 bytes of payload; `pong` tells of the answer. */
  sendPing(data = ''): void {
    if (this.readyState !== OPEN) this.#report(notOpen())
    else {
      const payload = Buffer.from(data).subarray(0, maxControlPayloadBytes)
      void this.#carrier?.measureRoundTrip(payload, runtime.now)
    }
  }

  /**
   * Starts the closing handshake, or gives up the connecting. A code that must not be sent (RFC 6455 §7.4) is left out,
   * so that what `close` told can be passed on.
   */
  close(code?: number, reason?: string): void {
    if (this.readyState === OPEN) {
      this.readyState = CLOSING
      if (code !== undefined && isWireCloseCode(code)) this.#carrier?.sendClose(code, reason)
      else this.#carrier?.sendClose()
    } else if (this.readyState === CONNECTING) {
      this.readyState = CLOSED
      this.socket.destroy()
    }
    this.#emitClose(code, reason)
  }

  /** Whether a message may be sent now; if not, says why. */
  #maySend(callback: SendCallback | undefined, refusal: string): boolean {
    if (this.readyState !== OPEN) {
      // The peer may have gone a moment ago: no mistake of whoever sends.
      this.#report(notOpen())
      if (typeof callback === 'function') process.nextTick(callback, notOpen())
      return false
    }
    if (this.outStream === null) return true
    this.emit('error', new Error(`You can't send ${refusal}`))
    return false
  }

  // ------------------------------------------------------------------------------------------------ receiving

  readonly #watcher: FrameWatcher = {
    begins: ({ length }) => {
      if (length > sizes.maxBufferLength) this.#tooLarge()
      return length <= sizes.maxBufferLength
    },
    handedOn: ({ firstByte }) => {
      this.#pushBinary()
      if ((firstByte & 0x0f) === CLOSE) this.#hangUp()
    },
  }

  #fragment(data: Uint8Array, type: 'text' | 'binary', last: boolean): void {
    if (this.readyState !== OPEN) return
    if (type === 'binary') {
      this.#binary = last ? 'last' : 'more'
      this.#pieces.push(new Uint8Array(data))
      this.#piecesBytes += data.length
      // A compressed frame may come to more than it was.
      if (this.#piecesBytes >= sizes.maxBufferLength && !last) this.#pushBinary()
      return
    }
    this.#text.add(data)
    if (this.#text.length > sizes.maxBufferLength) this.#tooLarge()
    else if (last) {
      const text = this.#text.take()
      tell(() => this.emit('text', text))
    }
  }

  /** Hands on what a frame brought, so that each frame is one piece of the stream. */
  #pushBinary(): void {
    if (this.#binary === 'none') return
    const last = this.#binary === 'last'
    this.#binary = 'none'
    const data = Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#piecesBytes = 0
    const stream = this.#inStream ?? this.#beginInStream()
    if (data.length > 0 && !stream.push(data) && !last) this.#carrier?.pause()
    if (!last) return
    stream.push(null)
    this.#inStream = undefined
    this.#carrier?.resume()
  }

  #beginInStream(): InStream {
    const stream = new InStream(sizes.maxBufferLength, () => this.#carrier?.resume())
    this.#inStream = stream
    if (this.listenerCount('binary') === 0) stream.resume()
    else tell(() => this.emit('binary', stream))
    return stream
  }

  /** After the closing handshake a client does not wait for the server to end: servers of the original never do. */
  #hangUp(): void {
    if (this.server !== null) return
    this.#carrier?.flush()
    this.#link?.end()
  }

  #tooLarge(): void {
    const message = `A frame or a text is larger than ${sizes.maxBufferLength} bytes (setMaxBufferLength)`
    this.#carrier?.fail(new LimitError('ERR_MESSAGE_TOO_LARGE', MESSAGE_TOO_BIG, { message }))
    this.readyState = CLOSING
    this.#emitClose(MESSAGE_TOO_BIG, message)
  }

  // ------------------------------------------------------------------------------------------------ the end

  #closed({ received, error }: Closed): void {
    const lostBy = error?.cause
    this.readyState = CLOSED
    if (received === undefined && lostBy instanceof Error) this.#report(lostBy)
    if (received !== undefined) this.#emitClose(received.code, received.reason)
    else if (error instanceof ProtocolError) this.#emitClose(error.closeCode, error.message)
    else this.#emitClose(ABNORMAL_CLOSURE, '')
  }

  #emitClose(code: number | undefined, reason: string | undefined): void {
    this.outStream = null
    // A message that is cut off must not be taken for a whole one.
    this.#inStream?.destroy()
    this.#inStream = undefined
    this.#callbacks?.closed()
    if (this.#closeEmitted) return
    this.#closeEmitted = true
    tell(() => this.emit('close', code, reason))
  }

  /** Tells of an error where somebody listens: nobody has to. */
  #report(error: Error): void {
    if (this.listenerCount('error') > 0) tell(() => this.emit('error', error))
  }

  static readonly #events: CarrierEvents<Connection> = {
    text() {},
    binary() {},
    fragment: (connection, data, type, _first, last) => connection.#fragment(data, type, last),
    ping() {},
    pong: (connection, data) => tell(() => connection.emit('pong', Buffer.from(data).toString())),
    drain: (connection) => connection.#callbacks?.drained(),
    closed: (connection, closed) => connection.#closed(closed),
  }
}

const unfinished = 'more binary frames until you finish sending the previous binary frames'

function notOpen(): Error {
  return new Error("You can't write to a non-open connection")
}

const serverSettings = (events: CarrierEvents<Connection>) => settingsOf('server', events)
const clientSettings = (events: CarrierEvents<Connection>) => settingsOf('client', events)

function settingsOf(
  role: 'client' | 'server',
  events: CarrierEvents<Connection>,
): CarrierSettings<Connection> {
  const { text, maskingKey, allocate, turn, wheel } = runtime
  return {
    role,
    // Messages are handed on as they come; of texts, which are gathered, the size is watched here.
    limits: {
      ...defaultLimits,
      maxMessageBytes: Number.POSITIVE_INFINITY,
      maxFragments: Number.POSITIVE_INFINITY,
    },
    streamed: true,
    text,
    maskingKey,
    allocate,
    events,
    turn,
    wheel,
    closeTimeoutMs: defaultLimits.closeTimeoutMs,
    heartbeat: undefined,
    backpressure: undefined,
  }
}
