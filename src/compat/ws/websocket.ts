import type { Buffer } from 'node:buffer'
import { EventEmitter } from 'node:events'
import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { runtime } from '../../runtime/node/runtime.ts'
import { Carrier, type CarrierOwner, type CarrierSettings, type SendCallback } from './carrier.ts'
import {
  type BinaryType,
  binaryTypes,
  CLOSED,
  CLOSING,
  CONNECTING,
  defaultCloseTimeout,
  emptyBuffer,
  OPEN,
  perMessageDeflateName,
  type ReadyState,
  stateNames,
} from './constants.ts'
import { byteLengthOf, toBuffer } from './data.ts'
import {
  addEventListener,
  attributeListener,
  type EventListener,
  type ListenerOptions,
  removeEventListener,
  setAttributeListener,
} from './event-target.ts'
import { keysOf } from './frame.ts'
import { abortHandshake, type ClientOptions, connect } from './handshake.ts'
import { limitsOf, type ReceiverOptions } from './receiver.ts'
import { type Extensions, type FrameTarget, Sender } from './sender.ts'
import { checkedText, uncheckedText } from './text-buffers.ts'

/** What a connection is set up with; the options of clients and servers that are about frames. */
export interface SocketOptions extends Omit<ReceiverOptions, 'binaryType' | 'extensions' | 'isServer'> {
  readonly autoPong?: boolean | undefined
  readonly generateMask?: ((mask: Buffer) => void) | undefined
}

interface ReceiverFacts {
  readonly _binaryType: BinaryType
  readonly _extensions: Extensions
  readonly _isServer: boolean
  readonly _maxFragments: number
  readonly _maxPayload: number
}

interface SendOptions {
  readonly binary?: boolean | undefined
  readonly compress?: boolean | undefined
  readonly fin?: boolean | undefined
  readonly mask?: boolean | undefined
}

/** Options that all connections of a server have in common are read once. */
const settingsOf = new WeakMap<object, CarrierSettings>()

const protocolsOf = (options: ClientOptions | undefined): unknown[] => [options?.protocols ?? []].flat()

/** A WebSocket of the package `ws`, client or server side, on the connections of this one. */
export class WebSocket extends EventEmitter implements CarrierOwner {
  declare static readonly CONNECTING: 0
  declare static readonly OPEN: 1
  declare static readonly CLOSING: 2
  declare static readonly CLOSED: 3
  declare readonly CONNECTING: 0
  declare readonly OPEN: 1
  declare readonly CLOSING: 2
  declare readonly CLOSED: 3
  declare addEventListener: (type: string, listener: EventListener, options?: ListenerOptions) => void
  declare removeEventListener: (type: string, listener: EventListener) => void

  // Fields with the names that other packages know them by.
  _binaryType: BinaryType = 'nodebuffer'
  _closeCode = 1006
  _closeFrameReceived = false
  _closeFrameSent = false
  _closeMessage: Buffer = emptyBuffer
  _closeTimer: NodeJS.Timeout | null = null
  _closeTimeout = defaultCloseTimeout
  _errorEmitted = false
  _extensions: Extensions = {}
  _paused = false
  _protocol = ''
  _readyState: ReadyState = CONNECTING
  _isServer = true
  _bufferedAmount = 0
  _url: string | undefined = undefined
  _req: ClientRequest | null = null
  _redirects = 0
  _autoPong = true
  #carrier: Carrier | undefined
  #sender: Sender | undefined
  #options: SocketOptions | undefined

  /** Connects to `address`; with `null` this is the server's side of a connection, which `setSocket` is given. */
  constructor(address: string | URL | null, protocols?: unknown, options?: ClientOptions) {
    super()
    let settings = options
    if (address !== null) {
      this._isServer = false
      let list: unknown[]
      if (Array.isArray(protocols)) list = protocols
      else if (typeof protocols === 'object' && protocols !== null) {
        settings = protocols as ClientOptions
        list = protocolsOf(settings)
      } else list = protocols === undefined ? protocolsOf(options) : [protocols]
      settings = connect(this, address, list, settings)
    }
    this._autoPong = settings?.autoPong === true
    this._closeTimeout = settings?.closeTimeout ?? defaultCloseTimeout
  }

  get binaryType(): BinaryType {
    return this._binaryType
  }

  set binaryType(type: BinaryType) {
    if (binaryTypes.includes(type)) this._binaryType = type
  }

  /** Bytes that the system has not taken. What this turn has sent is offered to it first. */
  get bufferedAmount(): number {
    return this._bufferedAmount + (this.#carrier?.bufferedBytes ?? 0)
  }

  get extensions(): string {
    return Object.keys(this._extensions).join()
  }

  get isPaused(): boolean {
    return this._paused
  }

  get protocol(): string {
    return this._protocol
  }

  get readyState(): ReadyState {
    return this._readyState
  }

  get url(): string | undefined {
    return this._url
  }

  get onopen(): EventListener | null {
    return attributeListener(this, 'open')
  }

  set onopen(listener: unknown) {
    setAttributeListener(this, 'open', listener)
  }

  get onmessage(): EventListener | null {
    return attributeListener(this, 'message')
  }

  set onmessage(listener: unknown) {
    setAttributeListener(this, 'message', listener)
  }

  get onerror(): EventListener | null {
    return attributeListener(this, 'error')
  }

  set onerror(listener: unknown) {
    setAttributeListener(this, 'error', listener)
  }

  get onclose(): EventListener | null {
    return attributeListener(this, 'close')
  }

  set onclose(listener: unknown) {
    setAttributeListener(this, 'close', listener)
  }

  /** The socket below; what was sent before goes out first, for whoever writes to it. */
  get _socket(): Socket | null {
    this.#carrier?.flush()
    return (this.#carrier?.stream as Socket | undefined) ?? null
  }

  /** What the receiving side was set up with. */
  get _receiver(): ReceiverFacts | null {
    if (this.#options === undefined) return null
    const { maxPayload = 0, maxFragments = 0 } = this.#options
    return {
      _binaryType: this._binaryType,
      _extensions: this._extensions,
      _isServer: this._isServer,
      _maxFragments: maxFragments,
      _maxPayload: maxPayload,
    }
  }

  /** For programs that send frames of their own making. */
  get _sender(): Sender | null {
    if (this.#carrier === undefined) return null
    this.#sender ??= new Sender(targetOf(this.#carrier), this._extensions)
    return this.#sender
  }

  /** Takes the socket of a finished handshake; `head` is what was read behind it. */
  setSocket(socket: Duplex, head: Buffer, options: SocketOptions): void {
    let settings = settingsOf.get(options)
    if (settings === undefined) {
      settings = carrierSettings(options, this._isServer, this._autoPong)
      settingsOf.set(options, settings)
    }
    this.#options = options
    const plain = socket as Partial<Socket>
    plain.setTimeout?.(0)
    plain.setNoDelay?.()
    const compression = this._extensions[perMessageDeflateName]?.messages()
    this.#carrier = new Carrier(this, socket, head, settings, compression)
    this._readyState = OPEN
    this.emit('open')
  }

  /** Calls back when both close frames have passed and the link was ended, if ever. */
  _afterEnd(callback: () => void): void {
    this.#carrier?.afterEnd(callback)
  }

  /** Tells that the connection is closed. */
  emitClose(): void {
    this._readyState = CLOSED
    this._extensions[perMessageDeflateName]?.cleanup()
    this.emit('close', this._closeCode, this._closeMessage)
  }

  /** Starts the closing handshake, once. */
  close(code?: number, data?: string | Uint8Array): void {
    if (this._readyState === CONNECTING) abort(this)
    else if (this._readyState === OPEN) this.#carrier?.startClose(code, data)
  }

  /** Cuts the connection. */
  terminate(): void {
    if (this._readyState === CLOSED) return
    if (this._readyState === CONNECTING) abort(this)
    else if (this.#carrier !== undefined) {
      this._readyState = CLOSING
      this.#carrier.terminate()
    }
  }

  pause(): void {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return
    this._paused = true
    this.#carrier?.pause()
  }

  resume(): void {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return
    this._paused = false
    this.#carrier?.resume()
  }

  ping(data?: unknown, mask?: unknown, callback?: unknown): void {
    this.#sendControl('ping', data, mask, callback)
  }

  pong(data?: unknown, mask?: unknown, callback?: unknown): void {
    this.#sendControl('pong', data, mask, callback)
  }

  #sendControl(kind: 'ping' | 'pong', first: unknown, second: unknown, third: unknown): void {
    this.#refuseWhileConnecting()
    const callback = [first, second, third].find((value) => typeof value === 'function') as SendCallback
    let data = typeof first === 'function' ? undefined : first
    const mask = typeof first === 'function' || typeof second === 'function' ? undefined : second
    if (typeof data === 'number') data = data.toString()
    if (this._readyState !== OPEN) {
      this.#sentTooLate(data, callback)
      return
    }
    const masked = mask === undefined ? !this._isServer : mask === true
    if (kind === 'ping') this.#carrier?.sendPing(data || emptyBuffer, masked, callback)
    else this.#carrier?.sendPong(data || emptyBuffer, masked, callback)
  }

  /** Sends a message. `callback` is called when the system has taken it, or with an error. */
  send(data: unknown, options?: SendOptions | SendCallback, callback?: SendCallback): void {
    if (this._readyState !== OPEN) {
      this.#refuseWhileConnecting()
      this.#sentTooLate(data, typeof options === 'function' ? options : callback)
      return
    }
    const carrier = this.#carrier as Carrier
    if (options === undefined || typeof options === 'function') {
      const done = options ?? callback
      if (typeof data === 'string') carrier.sendWhole(data, done)
      else if (typeof data === 'number') carrier.sendWhole(data.toString(), done)
      else if (ArrayBuffer.isView(data) || data instanceof ArrayBuffer) {
        carrier.sendWhole(toBuffer(data), done)
      } else this.#sendWith(data, undefined, done)
    } else this.#sendWith(typeof data === 'number' ? data.toString() : data, options, callback)
  }

  #sendWith(data: unknown, options: SendOptions | undefined, callback: SendCallback | undefined): void {
    const chosen = {
      binary: typeof data !== 'string',
      mask: !this._isServer,
      compress: true,
      fin: true,
      ...options,
    }
    this.#carrier?.send(data || emptyBuffer, chosen, callback)
  }

  #refuseWhileConnecting(): void {
    if (this._readyState === CONNECTING) {
      throw new Error('WebSocket is not open: readyState 0 (CONNECTING)')
    }
  }

  /** Counts what can no longer be sent, as browsers do. */
  #sentTooLate(data: unknown, callback: SendCallback | undefined): void {
    if (data) this._bufferedAmount += byteLengthOf(typeof data === 'number' ? data.toString() : data)
    if (typeof callback !== 'function') return
    const state = this._readyState
    const error = new Error(`WebSocket is not open: readyState ${state} (${stateNames[state]})`)
    process.nextTick(callback, error)
  }
}

for (const [state, name] of stateNames.entries()) {
  for (const owner of [WebSocket, WebSocket.prototype]) {
    Object.defineProperty(owner, name, { enumerable: true, value: state })
  }
}
for (const name of [
  'binaryType',
  'bufferedAmount',
  'extensions',
  'isPaused',
  'protocol',
  'readyState',
  'url',
  'onopen',
  'onmessage',
  'onerror',
  'onclose',
]) {
  Object.defineProperty(WebSocket.prototype, name, { enumerable: true })
}
Object.assign(WebSocket.prototype, { addEventListener, removeEventListener })

function carrierSettings(options: SocketOptions, isServer: boolean, autoPong: boolean): CarrierSettings {
  const { generateMask } = options
  return {
    role: isServer ? 'server' : 'client',
    limits: limitsOf(options),
    text: options.skipUTF8Validation ? uncheckedText : checkedText,
    streamed: false,
    autoPong,
    tellsFaults: false,
    maskingKey: generateMask === undefined ? runtime.maskingKey : keysOf(generateMask),
    allocate: runtime.allocate,
    synchronousEvents: options.allowSynchronousEvents !== false,
    generateMask,
  }
}

/** What a `Sender` writes to goes the same way as all else, in its order. */
function targetOf(carrier: Carrier): FrameTarget {
  const nothing = (): void => {}
  return {
    cork: nothing,
    uncork: nothing,
    write: (chunk, callback) => carrier.sendFrame([chunk], callback),
    get destroyed() {
      return carrier.stream.destroyed
    },
  }
}

/** Ends a handshake that is under way. */
function abort(websocket: WebSocket): void {
  const message = 'WebSocket was closed before the connection was established'
  if (websocket._req !== null) abortHandshake(websocket, websocket._req, message)
}
