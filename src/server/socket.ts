import { ClosedError, RealtimeError } from '../errors.ts'
import { isWireCloseCode, maxReasonBytes } from '../protocol/close-code.ts'
import { maxControlPayloadBytes } from '../protocol/opcode.ts'
import type { ReadyState } from '../protocol/ready-state.ts'
import type { SharedMessage } from '../protocol/shared-message.ts'
import type { CarrierEvents, Closed, SendResult, WebSocketCarrier } from '../transport/websocket-carrier.ts'
import { bytesOf, copyOf } from '../util/bytes.ts'
import { onRejection, reportError, reportHandlerError } from './handler-errors.ts'
import { type MessageSource, MessageSourceReader } from './message-source.ts'
import { MessageStreamWriter } from './message-stream.ts'
import type { Handlers } from './options.ts'
import type { UpgradeRequest } from './upgrade-request.ts'

export interface SendOptions {
  /** Whether the message is compressed, where that was agreed on and it is long enough. @default true */
  compress?: boolean
}

/** What a socket needs of the server it belongs to. */
export interface SocketHost<Data> {
  readonly now: () => number
  byteLength(text: string): number
  /** Resolves when this turn of the event loop is over. */
  turnEnd(): Promise<void>
  subscribe(carrier: WebSocketCarrier<Socket<Data>>, topic: string): void
  unsubscribe(carrier: WebSocketCarrier<Socket<Data>>, topic: string): void
  topics(carrier: WebSocketCarrier<Socket<Data>>): ReadonlySet<string>
  publish(
    topic: string,
    data: string | ArrayBufferLike | ArrayBufferView,
    options: SendOptions | undefined,
    except: WebSocketCarrier<Socket<Data>> | undefined,
  ): number
}

/** After so many bytes of a stream everybody else has a turn. */
const bytesPerTurn = 1_048_576

/** What a fresh socket is made of. */
export interface SocketParts<Data> {
  readonly host: SocketHost<Data>
  readonly data: Data
  readonly request: UpgradeRequest
  readonly protocol: string
  readonly extensions: string
  readonly carrier: (socket: Socket<Data>) => WebSocketCarrier<Socket<Data>>
}

/** One connected peer. All handlers of its path share the same functions; the socket says who is meant. */
export class Socket<Data = undefined> {
  /** Whatever `admit` gave; yours to change. */
  data: Data
  /** The opening handshake. */
  readonly request: UpgradeRequest
  /** The subprotocol agreed on, or empty. */
  readonly protocol: string
  /** The extensions agreed on as in the header field, or empty. */
  readonly extensions: string
  readonly #carrier: WebSocketCarrier<Socket<Data>>
  readonly #host: SocketHost<Data>
  #awaitingDrain: (() => void)[] | undefined
  #incoming: MessageStreamWriter | undefined
  /** The last stream that was begun; the next one waits for it. */
  #outgoing: Promise<void> | undefined
  /** Where the message that is being streamed comes from. */
  #source: MessageSourceReader | undefined
  /** Why the connection ended. */
  #endedBy: RealtimeError | undefined
  /** Reading is paused by the application, by a stream nobody reads, or by both. */
  #pausedByUser = false
  #pausedByStream = false

  /** @internal Sockets are made by `serve` and `attach`. */
  constructor(parts: SocketParts<Data>) {
    this.data = parts.data
    this.request = parts.request
    this.protocol = parts.protocol
    this.extensions = parts.extensions
    this.#host = parts.host
    this.#carrier = parts.carrier(this)
  }

  /** 1 open, 2 closing, 3 closed, as in the WHATWG standard. */
  get readyState(): ReadyState {
    return this.#carrier.readyState
  }

  /** Bytes given to `send` that the operating system has not taken yet, frame headers included. */
  get bufferedAmount(): number {
    return this.#carrier.bufferedAmount
  }

  /**
   * Sends a message: text for a string, binary otherwise. Bytes are copied, so they may be changed at once.
   *
   * @returns `'sent'`: on its way with the others of this turn; `'queued'`: the peer is behind, wait for `drain`;
   * `'dropped'`: not sent, because the socket is closing or the high-water mark was passed
   * @throws {TypeError} where `data` is neither string nor bytes
   */
  send(data: string | ArrayBufferLike | ArrayBufferView, options?: SendOptions): SendResult {
    const compress = options?.compress ?? true
    if (typeof data === 'string') return this.#carrier.sendText(data, compress)
    return this.#carrier.sendBinary(bytesOf(data), compress)
  }

  /** @internal Sends what other sockets send too. */
  sendShared(message: SharedMessage): SendResult {
    return this.#carrier.sendShared(message, true)
  }

  /**
   * Sends one message in fragments, as the source yields them, waiting whenever the peer is behind. Control frames
   * pass between fragments; other messages wait for the last one.
   *
   * @param options `type` defaults to that of the first piece: text for strings, binary otherwise
   * @throws {ClosedError} `ERR_CLOSED` where the socket closes before the end; the source is cancelled
   */
  sendStream(source: MessageSource, options?: { type?: 'text' | 'binary' }): Promise<void> {
    const sent = (this.#outgoing ?? Promise.resolve()).then(() => this.#sendFragments(source, options?.type))
    this.#outgoing = sent.catch(() => {})
    return sent
  }

  async #sendFragments(source: MessageSource, wanted: 'text' | 'binary' | undefined): Promise<void> {
    const pieces = new MessageSourceReader(source)
    this.#source = pieces
    const encoder = new TextEncoder()
    let type = wanted
    let first = true
    /** A high surrogate at the end of a piece waits for its other half. */
    let half = ''
    let sinceTurn = 0
    try {
      if (this.readyState !== 1) throw closedBeforeSent()
      for (let piece = await pieces.next(); piece !== undefined; piece = await pieces.next()) {
        type ??= typeof piece === 'string' ? 'text' : 'binary'
        let data: Uint8Array
        if (typeof piece === 'string') {
          const text = half + piece
          half = /[\uD800-\uDBFF]$/.test(text) ? text.slice(-1) : ''
          data = encoder.encode(half === '' ? text : text.slice(0, -1))
        } else data = bytesOf(piece)
        if (data.length === 0) continue
        this.#sendFragment(data, type, first, false)
        first = false
        await this.drained()
        // A source that is never waited for would leave nobody else a turn.
        sinceTurn += data.length
        if (sinceTurn < bytesPerTurn) continue
        sinceTurn = 0
        await this.#host.turnEnd()
      }
      this.#sendFragment(encoder.encode(half), type ?? 'binary', first, true)
    } catch (error) {
      void pieces.cancel(error)
      // Half a message cannot be taken back; only the end of the connection tells the peer.
      if (!first) this.close(1011, 'A streamed message was cut short')
      throw error
    } finally {
      this.#source = undefined
    }
  }

  #sendFragment(data: Uint8Array, type: 'text' | 'binary', first: boolean, last: boolean): void {
    if (this.#carrier.sendFragment(data, type, first, last) === 'dropped') throw closedBeforeSent()
  }

  /** Resolves when nothing waits any more, or the socket is closed; at once where nothing waits. */
  drained(): Promise<void> {
    if (!this.#carrier.slow || this.readyState === 3) return Promise.resolve()
    return new Promise((resolve) => {
      this.#awaitingDrain ??= []
      this.#awaitingDrain.push(resolve)
    })
  }

  /**
   * Sends a ping; resolves with the round-trip time in milliseconds.
   *
   * @param data at most 125 bytes, for a peer that looks at them
   * @throws {RealtimeError} `ERR_CONTROL_TOO_LONG`; rejects with the reason where the socket closes before the pong
   */
  ping(data?: ArrayBufferLike | ArrayBufferView): Promise<number> {
    const payload = data === undefined ? undefined : bytesOf(data)
    if (payload !== undefined && payload.length > maxControlPayloadBytes) {
      const message = 'A ping takes at most 125 bytes (RFC 6455 §5.5)'
      throw new RealtimeError('ERR_CONTROL_TOO_LONG', { side: 'local', message, section: 'RFC 6455 §5.5' })
    }
    return this.#carrier.measureRoundTrip(payload, this.#host.now)
  }

  /**
   * Starts the closing handshake. `close` is called when it is done, or after `limits.closeTimeoutMs`.
   *
   * @param code 1000–1003, 1007–1014 or 3000–4999; without it the close frame is empty
   * @param reason at most 123 bytes of UTF-8
   * @throws {RealtimeError} `ERR_CLOSE_CODE`, `ERR_CLOSE_PAYLOAD`
   */
  close(code?: number, reason = ''): void {
    checkClose(this.#host, code, reason)
    this.#carrier.sendClose(code, reason)
  }

  /** Cuts the connection at once, without a closing handshake; the peer sees 1006. */
  terminate(): void {
    this.#carrier.terminate()
  }

  /** Receives from now on what is published on `topic`. */
  subscribe(topic: string): void {
    if (this.readyState === 1) this.#host.subscribe(this.#carrier, topic)
  }

  unsubscribe(topic: string): void {
    this.#host.unsubscribe(this.#carrier, topic)
  }

  /** Topics this socket is subscribed to. */
  get topics(): ReadonlySet<string> {
    return this.#host.topics(this.#carrier)
  }

  /** Sends to all other subscribers of `topic`; answers to how many. The message is framed once for all. */
  publish(topic: string, data: string | ArrayBufferLike | ArrayBufferView, options?: SendOptions): number {
    return this.#host.publish(topic, data, options, this.#carrier)
  }

  /** Reads no further: no message, ping or pong until `resume`, and the peer feels back-pressure. */
  pause(): void {
    this.#pausedByUser = true
    this.#carrier.pause()
  }

  resume(): void {
    this.#pausedByUser = false
    if (!this.#pausedByStream) this.#carrier.resume()
  }

  get isPaused(): boolean {
    return this.#pausedByUser
  }

  /** @internal What the carriers of a path report, turned into calls of its handlers. */
  static events<Data>(
    handlers: Handlers<Data>,
    left: (socket: Socket<Data>, carrier: WebSocketCarrier<Socket<Data>>) => void,
  ): CarrierEvents<Socket<Data>> {
    const { message, stream, drain, ping, pong, close } = handlers
    const threw = (socket: Socket<Data>, cause: unknown): void => Socket.#threw(handlers, socket, cause)
    /** Takes what a handler answered: a promise may still fail. */
    const settle = (socket: Socket<Data>, answer: unknown): void => {
      onRejection(answer, (cause) => threw(socket, cause))
    }
    const run = <Arguments extends unknown[]>(
      handler: ((socket: Socket<Data>, ...rest: Arguments) => unknown) | undefined,
      socket: Socket<Data>,
      ...rest: Arguments
    ): void => {
      if (handler === undefined) return
      try {
        settle(socket, handler(socket, ...rest))
      } catch (cause) {
        threw(socket, cause)
      }
    }
    return {
      text(socket, data) {
        if (message === undefined) return
        try {
          const answer = message(socket, data)
          if (answer !== undefined) settle(socket, answer)
        } catch (cause) {
          threw(socket, cause)
        }
      },
      binary(socket, data, owned) {
        if (message === undefined) return
        try {
          const answer = message(socket, owned ? data : copyOf(data))
          if (answer !== undefined) settle(socket, answer)
        } catch (cause) {
          threw(socket, cause)
        }
      },
      fragment(socket, data, type, first, last) {
        if (first) {
          const writer = new MessageStreamWriter(type, () => socket.#streamRead())
          socket.#incoming = writer
          const failed = (cause: unknown): void => {
            // Nobody reads the rest: it must not hold up what comes behind, the peer's close frame for one.
            writer.abandon()
            threw(socket, cause)
          }
          try {
            onRejection(stream?.(socket, writer.stream), failed)
          } catch (cause) {
            failed(cause)
          }
        }
        if (data.length > 0 && socket.#incoming?.write(data) === false) {
          socket.#pausedByStream = true
          socket.#carrier.pause()
        }
        if (last) {
          socket.#incoming?.end()
          socket.#incoming = undefined
        }
      },
      ping: (socket, data) => run(ping, socket, data),
      pong: (socket, data) => run(pong, socket, data),
      drain(socket) {
        socket.#releaseDrained()
        run(drain, socket)
      },
      closed(socket, closed: Closed) {
        left(socket, socket.#carrier)
        socket.#endedBy =
          closed.error ?? new ClosedError('ERR_CLOSED', { message: 'The connection closed inside a message' })
        socket.#incoming?.fail(socket.#endedBy)
        socket.#incoming = undefined
        socket.#source?.interrupt(closedBeforeSent())
        socket.#releaseDrained()
        if (closed.error !== undefined && closed.error.code !== 'ERR_CONNECTION_LOST') {
          reportError(handlers, socket, closed.error)
        }
        run(close, socket, closed)
      },
    }
  }

  /** @internal Lets the application greet, then begins to read. */
  static start<Data>(socket: Socket<Data>, handlers: Handlers<Data>): void {
    try {
      onRejection(handlers.open?.(socket), (cause) => Socket.#threw(handlers, socket, cause))
    } catch (cause) {
      Socket.#threw(handlers, socket, cause)
    }
    socket.#carrier.start()
  }

  static #threw<Data>(handlers: Handlers<Data>, socket: Socket<Data>, cause: unknown): void {
    // A handler that was still waiting for its socket when that closed has done nothing wrong.
    if (socket.readyState === 3 && (cause instanceof ClosedError || cause === socket.#endedBy)) return
    reportHandlerError(handlers, socket, cause)
    if (socket.readyState === 1) socket.#carrier.sendClose(1011, 'Internal error')
  }

  #releaseDrained(): void {
    const waiting = this.#awaitingDrain
    this.#awaitingDrain = undefined
    for (const resolve of waiting ?? []) resolve()
  }

  #streamRead(): void {
    if (!this.#pausedByStream) return
    this.#pausedByStream = false
    if (!this.#pausedByUser) this.#carrier.resume()
  }
}

function closedBeforeSent(): ClosedError {
  return new ClosedError('ERR_CLOSED', {
    side: 'local',
    message: 'The socket closed before the message was sent',
  })
}

/** @throws {RealtimeError} `ERR_CLOSE_CODE`, `ERR_CLOSE_PAYLOAD` where a close frame may not be like this */
export function checkClose(
  host: { byteLength(text: string): number },
  code: number | undefined,
  reason: string,
): void {
  if (code !== undefined && !(Number.isInteger(code) && isWireCloseCode(code))) {
    const message = `Close code ${code} must not be sent; 1000–1003, 1007–1014 and 3000–4999 may (RFC 6455 §7.4)`
    throw new RealtimeError('ERR_CLOSE_CODE', { side: 'local', message, section: 'RFC 6455 §7.4' })
  }
  if (reason !== '' && (code === undefined || host.byteLength(reason) > maxReasonBytes)) {
    const message = 'A close reason takes a code and at most 123 bytes of UTF-8 (RFC 6455 §5.5.1)'
    throw new RealtimeError('ERR_CLOSE_PAYLOAD', { side: 'local', message, section: 'RFC 6455 §5.5.1' })
  }
}
