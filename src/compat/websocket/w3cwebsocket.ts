import { Buffer } from 'node:buffer'
import type { OutgoingHttpHeaders } from 'node:http'
import type { RequestOptions } from 'node:https'
import { CLOSED, CLOSING, CONNECTING, OPEN, type ReadyState } from '../../protocol/ready-state.ts'
import { bytesOf } from '../../util/bytes.ts'
import { WebSocketClient } from './client.ts'
import type { IClientConfig } from './config.ts'
import type { WebSocketConnection } from './connection.ts'
import type { IExtension, IStringified, Message } from './connection-events.ts'

/** The event `close`. */
export interface ICloseEvent extends Event {
  readonly code: number
  readonly reason: string
  readonly wasClean: boolean
}

/** The event `message`: a string, or an ArrayBuffer. */
export interface IMessageEvent extends Event {
  readonly data: string | ArrayBuffer
}

/** The interface of browsers, as far as it went when this one was made: the events, and binary data as ArrayBuffers. */
export class W3CWebSocket extends EventTarget {
  static readonly CONNECTING = CONNECTING
  static readonly OPEN = OPEN
  static readonly CLOSING = CLOSING
  static readonly CLOSED = CLOSED
  readonly CONNECTING = CONNECTING
  readonly OPEN = OPEN
  readonly CLOSING = CLOSING
  readonly CLOSED = CLOSED
  onopen: ((event: Event) => void) | null = null
  onerror: ((event: Event & Error) => void) | null = null
  onclose: ((event: ICloseEvent) => void) | null = null
  onmessage: ((event: IMessageEvent) => void) | null = null
  readonly url: string
  readonly #client: WebSocketClient
  #connection: WebSocketConnection | undefined
  #readyState: ReadyState = CONNECTING

  /** The parameters behind `protocols` go to `client.connect`, the last to the client's constructor. */
  constructor(
    url: string,
    protocols?: string | string[],
    origin?: string,
    headers?: OutgoingHttpHeaders,
    requestOptions?: RequestOptions,
    clientConfig?: IClientConfig,
  ) {
    super()
    this.url = url
    for (const type of ['open', 'error', 'close', 'message'] as const) {
      this.addEventListener(type, (event) =>
        (this[`on${type}`] as ((event: Event) => void) | null)?.call(this, event),
      )
    }
    this.#client = new WebSocketClient({ ...clientConfig, assembleFragments: true })
    this.#client.on('connect', (connection) => this.#opened(connection))
    this.#client.on('connectFailed', () => this.#failed())
    this.#client.connect(url, protocols, origin, headers, requestOptions)
  }

  get readyState(): ReadyState {
    return this.#readyState
  }

  /** What the server chose; undefined before, and where it chose none. */
  get protocol(): string | undefined {
    return this.#connection?.protocol
  }

  get extensions(): IExtension[] {
    return this.#connection?.extensions ?? []
  }

  /** Bytes that were sent but not taken by the system yet. */
  get bufferedAmount(): number {
    return this.#connection?.bytesWaitingToFlush ?? 0
  }

  get binaryType(): 'arraybuffer' {
    return 'arraybuffer'
  }

  set binaryType(type: 'arraybuffer') {
    if (type !== 'arraybuffer')
      throw new SyntaxError('just "arraybuffer" type allowed for "binaryType" attribute')
  }

  /** @throws {Error} unless it is open */
  send(data: ArrayBufferView | ArrayBuffer | IStringified): void {
    const connection = this.#connection
    if (this.#readyState !== OPEN || connection === undefined)
      throw new Error('cannot call send() while not connected')
    if (typeof data === 'string' || data instanceof String) connection.sendUTF(data)
    else if (ArrayBuffer.isView(data) || data instanceof ArrayBuffer) {
      const { buffer, byteOffset, length } = bytesOf(data)
      connection.sendBytes(Buffer.from(buffer, byteOffset, length))
    } else throw new Error('unknown binary data')
  }

  close(code?: number, reason?: string): void {
    if (this.#readyState === CONNECTING) {
      this.#client.off('connect', this.#client.listeners('connect')[0] as () => void)
      // Should it open all the same, nobody waits for it.
      this.#client.on('connect', (connection) => connection.close(code, reason))
      this.#failed()
      this.#client.abort()
    } else if (this.#readyState === OPEN) {
      this.#readyState = CLOSING
      this.#connection?.close(code || undefined, reason)
    }
  }

  #opened(connection: WebSocketConnection): void {
    this.#connection = connection
    this.#readyState = OPEN
    connection.on('message', (message) => this.dispatchEvent(messageEvent(message)))
    connection.on('close', (code, reason) => {
      this.#readyState = CLOSED
      this.dispatchEvent(closeEvent(code, reason))
    })
    this.dispatchEvent(new Event('open'))
  }

  #failed(): void {
    if (this.#readyState === CLOSED) return
    this.#readyState = CLOSED
    this.dispatchEvent(new Event('error'))
    this.dispatchEvent(closeEvent(1006, 'connection failed'))
  }
}

function messageEvent(message: Message): Event {
  const data = message.type === 'utf8' ? message.utf8Data : ownBuffer(message.binaryData)
  return Object.defineProperty(new Event('message'), 'data', { value: data, enumerable: true })
}

function closeEvent(code: number, reason: string): Event {
  const facts = { code, reason, wasClean: code === 1000 }
  return Object.defineProperties(
    new Event('close'),
    Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, { value, enumerable: true }])),
  )
}

/** Exactly these bytes: a Buffer may be a part of more. */
function ownBuffer(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
