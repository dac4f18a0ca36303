import { ClosedError, RealtimeError } from '../errors.ts'
import { maxControlPayloadBytes } from '../protocol/opcode.ts'
import { CLOSED, CLOSING, CONNECTING, OPEN, type ReadyState } from '../protocol/ready-state.ts'
import type { CarrierEvents, Closed, WebSocketCarrier } from '../transport/websocket-carrier.ts'
import { validateClose } from './closing.ts'
import { type CurrentHandler, type EventHandler, EventHandlerMap } from './event-handler.ts'
import { CloseEvent, createErrorEvent, type ErrorEvent, MessageEvent } from './events.ts'
import { type Opened, Opening } from './opening.ts'
import { type ClientOptions, settingsOf, type WebSocketOptions } from './options.ts'
import { Outbox } from './outbox.ts'
import { afterMicrotasks, platform, queueTask } from './platform.ts'
import { toProtocolList, toUrlRecord } from './url.ts'
import {
  bytesOfBufferSource,
  clampToUnsignedShort,
  defineInterface,
  requireArguments,
  toUsvString,
} from './web-idl.ts'

export type BinaryType = 'blob' | 'arraybuffer'

export interface WebSocketEventMap {
  open: Event
  message: MessageEvent
  error: ErrorEvent
  close: CloseEvent
}

interface ListenerOptions {
  capture?: boolean
}

interface AddListenerOptions extends ListenerOptions {
  once?: boolean
  passive?: boolean
  signal?: AbortSignal
}

type Listener<Occurrence> = EventHandler<WebSocket, Occurrence> | { handleEvent(event: Occurrence): unknown }

/** What the last two events tell. */
interface Ending {
  readonly wasClean: boolean
  readonly code: number
  readonly reason: string
  readonly error: Error | undefined
}

/** As in the platform's own declarations: the name of the event says what the listener gets. */
interface AddEventListener {
  <Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: Listener<WebSocketEventMap[Type]>,
    options?: boolean | AddListenerOptions,
  ): void
  (type: string, listener: Listener<Event>, options?: boolean | AddListenerOptions): void
}

interface RemoveEventListener {
  <Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: Listener<WebSocketEventMap[Type]>,
    options?: boolean | ListenerOptions,
  ): void
  (type: string, listener: Listener<Event>, options?: boolean | ListenerOptions): void
}

/**
 * `WebSocket` as the WHATWG WebSockets standard has it: a page's code runs unchanged. Numbered comments are the
 * standard's steps. Beyond the standard are the options, `ping`, and `error` events that say why.
 *
 * ```ts sketch
 * const socket = new WebSocket('wss://example.com/feed', ['feed.v2'])
 * socket.addEventListener('open', () => socket.send('hello'))
 * socket.addEventListener('message', ({ data }) => show(data))
 * socket.addEventListener('close', ({ code, reason, wasClean }) => log(code, reason, wasClean))
 * ```
 */
export class WebSocket extends EventTarget {
  declare static readonly CONNECTING: 0
  declare static readonly OPEN: 1
  declare static readonly CLOSING: 2
  declare static readonly CLOSED: 3
  declare readonly CONNECTING: 0
  declare readonly OPEN: 1
  declare readonly CLOSING: 2
  declare readonly CLOSED: 3

  declare addEventListener: AddEventListener
  declare removeEventListener: RemoveEventListener

  readonly #url: URL
  readonly #opening: Opening
  readonly #handlers = new EventHandlerMap(this)
  #state: ReadyState = CONNECTING
  #protocol = ''
  #extensions = ''
  #binaryType: BinaryType = 'blob'
  #origin = ''
  #carrier: WebSocketCarrier<WebSocket> | undefined
  #outbox: Outbox | undefined
  /** Bytes given to `send` without ever having been open. */
  #neverSent = 0
  /** Takes the listener off the `signal` option. */
  #forgetSignal: () => void = () => {}
  /** An event is being handled: what else happens waits, from `#next` on. */
  #busy = false
  #waiting: (string | Uint8Array | Closed)[] = []
  #next = 0

  /**
   * Begins to connect.
   *
   * @param url `ws:` or `wss:`, also written `http:` or `https:`; `ws+unix:/path/of/the.socket:/request/target` for a
   * Unix socket
   * @param protocols subprotocols in order of preference, one of which the server has to choose; or the options
   * @param options what no browser can give
   * @throws {DOMException} `SyntaxError` for a URL or subprotocol that is none
   * @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
   */
  constructor(
    url: string | URL,
    protocols: string | readonly string[] | WebSocketOptions = [],
    options: ClientOptions = {},
  ) {
    // biome-ignore lint/complexity/noArguments: Web IDL counts arguments, also undefined ones
    requireArguments(1, arguments.length, 'WebSocket')
    super()
    // Web IDL: url is a USVString, protocols a (DOMString or sequence<DOMString>); or here, an object of options.
    const urlText = `${url as string}`
    const [list, given] = separate(protocols, options)
    // 1.–7. Let urlRecord be …
    const urlRecord = toUrlRecord(urlText)
    // 8.–9. Subprotocols.
    const protocolList = toProtocolList(list)
    const settings = settingsOf('WebSocket', given, platform.deflate.windows)
    // 10. Set this's url to urlRecord.
    this.#url = urlRecord
    // 11.–12. Establish a WebSocket connection, in parallel.
    this.#opening = new Opening(urlRecord, protocolList, settings, platform)
    this.#opening.opened.then(
      (opened) => this.#established(opened),
      (error: Error) => this.#failed(error),
    )
    if (given.signal !== undefined) this.#heed(given.signal)
  }

  /** The URL it connects to, with the scheme `ws:` or `wss:`. */
  get url(): string {
    return this.#url.href
  }

  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  get readyState(): ReadyState {
    // The server's close frame has come; what came before it has been handed over.
    const allHandedOver = this.#next === this.#waiting.length
    if (this.#state === OPEN && allHandedOver && this.#carrier?.readyState !== OPEN) return CLOSING
    return this.#state
  }

  /**
   * Bytes of payload given to `send` that have not been taken by the operating system; those of this turn of the
   * event loop count whole. Closing does not reset it.
   */
  get bufferedAmount(): number {
    return this.#neverSent + (this.#outbox?.bufferedAmount ?? 0)
  }

  /** The extensions in use as the server named them, or empty. */
  get extensions(): string {
    return this.#extensions
  }

  /** The subprotocol the server chose, or empty. */
  get protocol(): string {
    return this.#protocol
  }

  /** What binary messages come as; any other value is ignored. @default 'blob' */
  get binaryType(): BinaryType {
    return this.#binaryType
  }

  set binaryType(value: BinaryType) {
    // Web IDL: a value that is not of the enumeration is ignored.
    const text = `${value}`
    if (text === 'blob' || text === 'arraybuffer') this.#binaryType = text
  }

  get onopen(): CurrentHandler<Event> {
    return this.#handlers.get('open') as CurrentHandler<Event>
  }

  set onopen(value: EventHandler<WebSocket, Event>) {
    this.#handlers.set('open', value)
  }

  get onerror(): CurrentHandler<Event> {
    return this.#handlers.get('error') as CurrentHandler<Event>
  }

  set onerror(value: EventHandler<WebSocket, ErrorEvent>) {
    this.#handlers.set('error', value)
  }

  get onclose(): CurrentHandler<CloseEvent> {
    return this.#handlers.get('close') as CurrentHandler<CloseEvent>
  }

  set onclose(value: EventHandler<WebSocket, CloseEvent>) {
    this.#handlers.set('close', value)
  }

  get onmessage(): CurrentHandler<MessageEvent> {
    return this.#handlers.get('message') as CurrentHandler<MessageEvent>
  }

  set onmessage(value: EventHandler<WebSocket, MessageEvent>) {
    this.#handlers.set('message', value)
  }

  /**
   * Starts the closing handshake, behind everything that was sent; while connecting, gives up.
   *
   * @param code 1000 or 3000 to 4999; without it the close frame is empty, unless there is a reason (then 1000)
   * @param reason at most 123 bytes of UTF-8
   * @throws {DOMException} `InvalidAccessError` for another code, `SyntaxError` for a longer reason
   */
  close(code: number | undefined = undefined, reason: string | undefined = undefined): void {
    // Web IDL: code is an optional [Clamp] unsigned short, reason an optional USVString.
    const closeCode = code === undefined ? null : clampToUnsignedShort(code)
    const closeReason = reason === undefined ? '' : toUsvString(reason)
    // 1.–2. Code and reason have to be allowed.
    validateClose(closeCode, closeReason)
    // 3. Run the first matching steps:
    const state = this.#state
    // 3.1. If this's ready state is CLOSING (2) or CLOSED (3): do nothing.
    if (state === CLOSING || state === CLOSED) return
    this.#state = CLOSING
    // 3.2. If the WebSocket connection is not yet established: fail it, and set this's ready state to CLOSING (2).
    if (state === CONNECTING) this.#opening.abort()
    // 3.3. If the WebSocket closing handshake has not yet been started: start it, and set this's ready state to
    //      CLOSING (2). If neither code nor reason is present, the close frame has no body.
    // 3.4. Otherwise, set this's ready state to CLOSING (2).
    else this.#outbox?.close(closeCode ?? (closeReason === '' ? undefined : 1000), closeReason)
  }

  /**
   * Sends a message: text for a string, binary for everything else. Bytes are copied, so they may be changed at once.
   * Once the connection is closing the message is lost, and only counted in `bufferedAmount`.
   *
   * @throws {DOMException} `InvalidStateError` while connecting
   * @throws {TypeError} for shared or resizable memory
   */
  send(data: string | ArrayBuffer | ArrayBufferView | Blob): void {
    // biome-ignore lint/complexity/noArguments: Web IDL counts arguments, also undefined ones
    requireArguments(1, arguments.length, 'send()')
    // Web IDL: data is a (BufferSource or Blob or USVString); sending turns lone surrogates into U+FFFD.
    const message =
      typeof data === 'string' || data instanceof Blob ? data : (bytesOfBufferSource(data) ?? `${data}`)
    // 1. If this's ready state is CONNECTING, then throw an "InvalidStateError" DOMException.
    if (this.#state === CONNECTING) {
      throw new DOMException('The connection is not open yet: wait for the open event', 'InvalidStateError')
    }
    // 2. If the connection is established and the closing handshake has not yet started, send a WebSocket message;
    //    increase bufferedAmount by the number of bytes, of UTF-8 for a string.
    if (this.#outbox !== undefined) this.#outbox.send(message)
    else this.#neverSent += lengthOf(message)
  }

  /**
   * Beyond the standard: pings the server and resolves with the round-trip time in milliseconds.
   *
   * @param data at most 125 bytes, for a server that looks at them
   * @throws {DOMException} rejects with `InvalidStateError` while connecting
   * @throws {RealtimeError} rejects with `ERR_CLOSED` where the connection closes before the pong, and with
   * `ERR_CONTROL_TOO_LONG`
   */
  ping(data?: string | ArrayBuffer | ArrayBufferView): Promise<number> {
    const answered = this.#ping(data)
    // That nobody waits for it must not end the process.
    answered.catch(() => {})
    return answered
  }

  async #ping(data: unknown): Promise<number> {
    const payload = typeof data === 'string' ? new TextEncoder().encode(data) : bytesOfBufferSource(data)
    if (data !== undefined && payload === undefined) throw new TypeError('A ping takes a string or bytes')
    if (payload !== undefined && payload.length > maxControlPayloadBytes) {
      const section = 'RFC 6455 §5.5'
      const message = `A ping takes at most 125 bytes (${section})`
      throw new RealtimeError('ERR_CONTROL_TOO_LONG', { side: 'local', message, section })
    }
    if (this.#state === CONNECTING) {
      throw new DOMException('The connection is not open yet: wait for the open event', 'InvalidStateError')
    }
    if (this.#carrier === undefined) {
      throw new ClosedError('ERR_CLOSED', { side: 'local', message: 'The connection is not open any more' })
    }
    return this.#carrier.measureRoundTrip(payload, platform.now)
  }

  // ------------------------------------------------------------------------------------------------ feedback from the protocol

  /** "When the WebSocket connection is established" */
  #established(opened: Opened): void {
    this.#forgetSignal()
    if (this.#state !== CONNECTING) {
      // Closed in the very moment.
      opened.discard()
      this.#failed(new ClosedError('ERR_CLOSED', { side: 'local', message: 'Closed while connecting' }))
      return
    }
    this.#origin = opened.url.origin
    const carrier = opened.carry(this, WebSocket.#events)
    this.#carrier = carrier
    this.#outbox = new Outbox(carrier as WebSocketCarrier<unknown>, platform.text, platform.turn)
    this.#begin()
    // 1. Change the ready state to OPEN (1).
    this.#state = OPEN
    // 2. Change the extensions attribute's value to the extensions in use.
    this.#extensions = opened.extensions
    // 3. Change the protocol attribute's value to the subprotocol in use.
    this.#protocol = opened.protocol
    // 4. Fire an event named open at the WebSocket object.
    this.dispatchEvent(new Event('open'))
    carrier.start()
  }

  /** "When a WebSocket message has been received" */
  #received(data: string | Uint8Array, owned: boolean): void {
    // 1. If ready state is not OPEN (1), then return.
    if (this.#state !== OPEN) return
    // 2. Let dataForEvent be determined by switching on type and binary type:
    let dataForEvent: string | ArrayBuffer | Blob
    // Text: a new DOMString containing data
    if (typeof data === 'string') dataForEvent = data
    // Binary and "blob": a new Blob object that represents data as its raw data
    else if (this.#binaryType === 'blob') dataForEvent = new Blob([data as Uint8Array<ArrayBuffer>])
    // Binary and "arraybuffer": a new ArrayBuffer object whose contents are data
    else dataForEvent = bufferOf(data, owned)
    // 3. Fire an event named message at the WebSocket object, using MessageEvent, with the origin attribute
    //    initialized to the serialization of the url's origin, and the data attribute to dataForEvent.
    this.dispatchEvent(new MessageEvent('message', { data: dataForEvent, origin: this.#origin }))
  }

  /** "When the WebSocket connection is closed" */
  #closed({ error, wasClean, code, reason }: Ending): void {
    // 1. Change the ready state to CLOSED (3).
    this.#state = CLOSED
    // 2. If the user agent was required to fail the WebSocket connection, fire an event named error. Here it says why.
    if (error !== undefined) this.dispatchEvent(createErrorEvent(error))
    // 3. Fire an event named close, using CloseEvent.
    this.dispatchEvent(new CloseEvent('close', { wasClean, code, reason }))
  }

  /** The opening handshake did not succeed: in a task of its own, so that everybody has had time to listen. */
  #failed(error: Error): void {
    this.#forgetSignal()
    queueTask(() => this.#closed({ error, wasClean: false, code: 1006, reason: '' }))
  }

  /** Fails the connection when the signal says so before it is established. */
  #heed(signal: AbortSignal): void {
    const aborted = (): void => {
      if (this.#state !== CONNECTING) return
      this.#state = CLOSING
      this.#opening.abort(signal.reason)
    }
    if (signal.aborted) aborted()
    else {
      signal.addEventListener('abort', aborted, { once: true })
      this.#forgetSignal = () => signal.removeEventListener('abort', aborted)
    }
  }

  // ------------------------------------------------------------------------------------------------ tasks

  /** What the carrier reports, as tasks. */
  static readonly #events: CarrierEvents<WebSocket> = {
    text: (socket, data) => socket.#arrived(data, true),
    binary: (socket, data, owned) => socket.#arrived(data, owned),
    fragment() {},
    ping() {},
    pong() {},
    drain() {},
    closed(socket, closed) {
      if (socket.#busy) socket.#waiting.push(closed)
      else socket.#closed(closed)
    },
  }

  /**
   * In a browser each event is a task, and everything that its listeners set off by promises has run before the next
   * one. A chunk from the network may hold many messages: the first is handed over at once, the others after it in
   * the same manner, all in this turn of the event loop.
   */
  #arrived(data: string | Uint8Array, owned: boolean): void {
    if (this.#busy) {
      this.#waiting.push(typeof data === 'string' || owned ? data : data.slice())
    } else {
      this.#begin()
      this.#received(data, owned)
    }
  }

  #begin(): void {
    this.#busy = true
    queueMicrotask(this.#goOn)
  }

  readonly #goOn = (): void => {
    if (this.#next < this.#waiting.length) {
      afterMicrotasks(this.#handOver)
    } else {
      this.#busy = false
      if (this.#next === 0) return
      this.#waiting = []
      this.#next = 0
    }
  }

  readonly #handOver = (): void => {
    const happened = this.#waiting[this.#next++] as string | Uint8Array | Closed
    this.#begin()
    if (typeof happened === 'string' || happened instanceof Uint8Array) this.#received(happened, true)
    else this.#closed(happened)
  }
}

/** Constants stand on the class and on every object, and never change. */
for (const target of [WebSocket, WebSocket.prototype]) {
  for (const [name, value] of Object.entries({ CONNECTING, OPEN, CLOSING, CLOSED })) {
    Object.defineProperty(target, name, { value, enumerable: true })
  }
}
defineInterface(WebSocket, 'WebSocket', [
  'url',
  'readyState',
  'bufferedAmount',
  'onopen',
  'onerror',
  'onclose',
  'extensions',
  'protocol',
  'close',
  'onmessage',
  'binaryType',
  'send',
  'ping',
])

/** Web IDL: an object that can be iterated over is a sequence of subprotocols; any other is ours, with options. */
function separate(
  protocols: string | readonly string[] | WebSocketOptions | undefined,
  options: ClientOptions,
): [string | string[], ClientOptions] {
  // Web IDL: one argument too many is ignored, so whatever cannot be options is.
  const last = typeof options === 'object' && options !== null ? options : {}
  if (typeof protocols !== 'object' || protocols === null) return [`${protocols}`, last]
  if (Symbol.iterator in protocols) return [Array.from(protocols, (one) => `${one}`), last]
  const { protocols: inside = [], ...rest } = protocols as WebSocketOptions
  return [typeof inside === 'string' ? inside : Array.from(inside, (one) => `${one}`), rest]
}

function lengthOf(message: string | Uint8Array | Blob): number {
  if (typeof message === 'string') return platform.text.byteLength(message)
  return message instanceof Blob ? message.size : message.length
}

/** The bytes as an `ArrayBuffer` of just their size. */
function bufferOf(data: Uint8Array, owned: boolean): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = data
  if (owned && byteLength === buffer.byteLength) return buffer as ArrayBuffer
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
}
