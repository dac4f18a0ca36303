// What programs that use the package ws see of polyplex/ws: the names, and the kinds of use, of its usual declarations.
import { EventEmitter } from 'node:events'
import {
  Agent,
  ClientRequest,
  ClientRequestArgs,
  Server as HttpServer,
  IncomingMessage,
  OutgoingHttpHeaders,
} from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { createConnection } from 'node:net'
import { Duplex, DuplexOptions, Writable } from 'node:stream'
import { SecureContextOptions } from 'node:tls'
import { ZlibOptions } from 'node:zlib'

/** All that `Buffer.from` takes, and a `Blob`. */
type BufferLike =
  | string
  | number
  | Buffer
  | DataView
  | ArrayBufferView
  | Uint8Array
  | ArrayBuffer
  | SharedArrayBuffer
  | Blob
  | readonly any[]
  | { valueOf(): ArrayBuffer | SharedArrayBuffer | Uint8Array | string | readonly number[] }
  | { [Symbol.toPrimitive](hint: string): string }

interface Events {
  close: [code: number, reason: Buffer]
  error: [error: Error]
  message: [data: WebSocket.RawData, isBinary: boolean]
  open: []
  ping: [data: Buffer]
  pong: [data: Buffer]
  redirect: [url: string, request: ClientRequest]
  'unexpected-response': [request: ClientRequest, response: IncomingMessage]
  upgrade: [response: IncomingMessage]
}

interface SendOptions {
  /** Whether the message is binary or text. @default whether `data` is no string */
  binary?: boolean | undefined
  /** Whether it is compressed, where that was agreed on. @default true */
  compress?: boolean | undefined
  /** Whether this is the last fragment of a message. @default true */
  fin?: boolean | undefined
  /** Whether the frame is masked. @default true for clients */
  mask?: boolean | undefined
}

declare class WebSocket extends EventEmitter {
  static readonly CONNECTING: 0
  static readonly OPEN: 1
  static readonly CLOSING: 2
  static readonly CLOSED: 3

  readonly CONNECTING: 0
  readonly OPEN: 1
  readonly CLOSING: 2
  readonly CLOSED: 3

  /** How binary messages are handed over. @default 'nodebuffer' */
  get binaryType(): 'nodebuffer' | 'arraybuffer' | 'fragments'
  set binaryType(type: 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob')
  /** Bytes that have been sent and that the system has not taken. */
  readonly bufferedAmount: number
  /** Names of the extensions that were agreed on. */
  readonly extensions: string
  readonly isPaused: boolean
  /** The subprotocol that was agreed on, or an empty string. */
  readonly protocol: string
  readonly readyState:
    | typeof WebSocket.CONNECTING
    | typeof WebSocket.OPEN
    | typeof WebSocket.CLOSING
    | typeof WebSocket.CLOSED
  readonly url: string

  onopen: ((event: WebSocket.Event) => void) | null
  onerror: ((event: WebSocket.ErrorEvent) => void) | null
  onclose: ((event: WebSocket.CloseEvent) => void) | null
  onmessage: ((event: WebSocket.MessageEvent) => void) | null

  constructor(address: null)
  constructor(address: string | URL, options?: WebSocket.ClientOptions | ClientRequestArgs)
  constructor(
    address: string | URL,
    protocols?: string | string[],
    options?: WebSocket.ClientOptions | ClientRequestArgs,
  )

  /** Starts the closing handshake; the reason has at most 123 bytes. */
  close(code?: number, data?: string | Buffer): void
  /** At most 125 bytes. */
  ping(data?: any, mask?: boolean, cb?: (err: Error) => void): void
  /** At most 125 bytes. */
  pong(data?: any, mask?: boolean, cb?: (err: Error) => void): void
  /** Sends a message; `cb` is called when the system has taken it. */
  send(data: BufferLike, cb?: (err?: Error) => void): void
  send(data: BufferLike, options: SendOptions, cb?: (err?: Error) => void): void
  /** Cuts the connection. */
  terminate(): void
  /** Reads no more from the socket; events of what has been read may still come. */
  pause(): void
  resume(): void

  addEventListener<Type extends keyof WebSocket.WebSocketEventMap>(
    type: Type,
    listener:
      | ((event: WebSocket.WebSocketEventMap[Type]) => void)
      | { handleEvent(event: WebSocket.WebSocketEventMap[Type]): void },
    options?: WebSocket.EventListenerOptions,
  ): void
  removeEventListener<Type extends keyof WebSocket.WebSocketEventMap>(
    type: Type,
    listener:
      | ((event: WebSocket.WebSocketEventMap[Type]) => void)
      | { handleEvent(event: WebSocket.WebSocketEventMap[Type]): void },
  ): void

  on<Name extends keyof Events>(
    event: Name,
    listener: (this: WebSocket, ...facts: Events[Name]) => void,
  ): this
  on(event: string | symbol, listener: (this: WebSocket, ...facts: any[]) => void): this
  once<Name extends keyof Events>(
    event: Name,
    listener: (this: WebSocket, ...facts: Events[Name]) => void,
  ): this
  once(event: string | symbol, listener: (this: WebSocket, ...facts: any[]) => void): this
  off<Name extends keyof Events>(
    event: Name,
    listener: (this: WebSocket, ...facts: Events[Name]) => void,
  ): this
  off(event: string | symbol, listener: (this: WebSocket, ...facts: any[]) => void): this
  addListener<Name extends keyof Events>(event: Name, listener: (...facts: Events[Name]) => void): this
  addListener(event: string | symbol, listener: (...facts: any[]) => void): this
  removeListener<Name extends keyof Events>(event: Name, listener: (...facts: Events[Name]) => void): this
  removeListener(event: string | symbol, listener: (...facts: any[]) => void): this
}

declare const WebSocketAlias: typeof WebSocket
interface WebSocketAlias extends WebSocket {}

declare namespace WebSocket {
  /** A message as it is received. */
  type RawData = Buffer | ArrayBuffer | Buffer[]
  /** A message as an event has it: text is a string. */
  type Data = string | Buffer | ArrayBuffer | Buffer[]
  /** Certificates and keys. */
  type CertMeta = string | string[] | Buffer | Buffer[]

  /** Answers whether a client is let in. */
  type VerifyClientCallbackSync<Request extends IncomingMessage = IncomingMessage> = (info: {
    origin: string
    secure: boolean
    req: Request
  }) => boolean

  /** Says by `callback` whether a client is let in. */
  type VerifyClientCallbackAsync<Request extends IncomingMessage = IncomingMessage> = (
    info: { origin: string; secure: boolean; req: Request },
    callback: (res: boolean, code?: number, message?: string, headers?: OutgoingHttpHeaders) => void,
  ) => void

  /** Completes and ends each request of the opening handshake. */
  type FinishRequestCallback = (request: ClientRequest, websocket: WebSocket) => void

  interface ConnectionOptions {
    /** Whether one turn of the event loop may bring more than one event. @default true */
    allowSynchronousEvents?: boolean | undefined
    /** Whether pings are answered. @default true */
    autoPong?: boolean | undefined
    /** Time for the closing handshake, in milliseconds. @default 30000 */
    closeTimeout?: number | undefined
    /** Without effect: received chunks are never kept in a list. */
    maxBufferedChunks?: number | undefined
    /** Most frames of a message; 0 for any number. @default 16384 */
    maxFragments?: number | undefined
    /** Largest message in bytes, after inflation; 0 for any size. @default 104857600 */
    maxPayload?: number | undefined
    /** Without effect: a peer that does not read is owed one pong, the newest. */
    maxPendingAutoPongs?: number | undefined
    /** @default true for clients, false for servers */
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined
    /** @default false */
    skipUTF8Validation?: boolean | undefined
  }

  interface ClientOptions extends SecureContextOptions, ConnectionOptions {
    agent?: Agent | undefined
    checkServerIdentity?(servername: string, cert: CertMeta): boolean
    createConnection?: typeof createConnection | undefined
    family?: number | undefined
    finishRequest?: FinishRequestCallback | undefined
    /** @default false */
    followRedirects?: boolean | undefined
    generateMask?(mask: Buffer): void
    /** Time for the opening handshake, in milliseconds. @default none */
    handshakeTimeout?: number | undefined
    headers?: { [key: string]: string } | undefined
    host?: string | undefined
    localAddress?: string | undefined
    /** @default 10 */
    maxRedirects?: number | undefined
    origin?: string | undefined
    protocol?: string | undefined
    /** 13 or 8. @default 13 */
    protocolVersion?: number | undefined
    rejectUnauthorized?: boolean | undefined
  }

  interface PerMessageDeflateOptions {
    clientMaxWindowBits?: number | undefined
    clientNoContextTakeover?: boolean | undefined
    /** Without effect: nothing waits for compression. */
    concurrencyLimit?: number | undefined
    serverMaxWindowBits?: number | undefined
    serverNoContextTakeover?: boolean | undefined
    /** Shorter messages are not compressed, where no window is kept between messages. @default 1024 */
    threshold?: number | undefined
    zlibDeflateOptions?: DeflateOptions | undefined
    zlibInflateOptions?: ZlibOptions | undefined
  }

  /** Options of zlib, without those that newer versions of Node add. */
  interface DeflateOptions {
    flush?: number | undefined
    finishFlush?: number | undefined
    chunkSize?: number | undefined
    windowBits?: number | undefined
    level?: number | undefined
    memLevel?: number | undefined
    strategy?: number | undefined
    dictionary?: Buffer | Buffer[] | DataView | undefined
    info?: boolean | undefined
  }

  interface Event {
    type: string
    target: WebSocket
  }

  interface ErrorEvent {
    error: any
    message: string
    type: string
    target: WebSocket
  }

  interface CloseEvent {
    wasClean: boolean
    code: number
    reason: string
    type: string
    target: WebSocket
  }

  interface MessageEvent {
    data: Data
    type: string
    target: WebSocket
  }

  interface WebSocketEventMap {
    open: Event
    error: ErrorEvent
    close: CloseEvent
    message: MessageEvent
  }

  interface EventListenerOptions {
    once?: boolean | undefined
  }

  /** One and only one of `port`, `server` and `noServer` is given. */
  interface ServerOptions<
    U extends typeof WebSocket.WebSocket = typeof WebSocket.WebSocket,
    V extends typeof IncomingMessage = typeof IncomingMessage,
  > extends ConnectionOptions {
    backlog?: number | undefined
    /** Whether `clients` holds the connections. @default true */
    clientTracking?: boolean | undefined
    handleProtocols?: (protocols: Set<string>, request: InstanceType<V>) => string | false
    host?: string | undefined
    noServer?: boolean | undefined
    path?: string | undefined
    port?: number | undefined
    server?: HttpServer<V> | HttpsServer<V> | undefined
    verifyClient?:
      | VerifyClientCallbackAsync<InstanceType<V>>
      | VerifyClientCallbackSync<InstanceType<V>>
      | undefined
    WebSocket?: U | undefined
  }

  interface AddressInfo {
    address: string
    family: string
    port: number
  }

  interface ServerEvents<Socket, Request> {
    close: []
    connection: [websocket: Socket, request: Request]
    error: [error: Error]
    headers: [headers: string[], request: Request]
    listening: []
    wsClientError: [error: Error, socket: Duplex, request: Request]
  }

  class Server<
    T extends typeof WebSocket.WebSocket = typeof WebSocket.WebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage,
  > extends EventEmitter {
    options: ServerOptions<T, U>
    path: string
    clients: Set<InstanceType<T>>

    constructor(options?: ServerOptions<T, U>, callback?: () => void)

    address(): AddressInfo | string | null
    /** Takes no more connections; those there are go on. */
    close(cb?: (err?: Error) => void): void
    handleUpgrade(
      request: InstanceType<U>,
      socket: Duplex,
      upgradeHead: Buffer,
      callback: (client: InstanceType<T>, request: InstanceType<U>) => void,
    ): void
    shouldHandle(request: InstanceType<U>): boolean | Promise<boolean>

    on<Name extends keyof ServerEvents<any, any>>(
      event: Name,
      listener: (this: Server<T>, ...facts: ServerEvents<InstanceType<T>, InstanceType<U>>[Name]) => void,
    ): this
    on(event: string | symbol, listener: (this: Server<T>, ...facts: any[]) => void): this
    once<Name extends keyof ServerEvents<any, any>>(
      event: Name,
      listener: (this: Server<T>, ...facts: ServerEvents<InstanceType<T>, InstanceType<U>>[Name]) => void,
    ): this
    once(event: string | symbol, listener: (this: Server<T>, ...facts: any[]) => void): this
    off<Name extends keyof ServerEvents<any, any>>(
      event: Name,
      listener: (this: Server<T>, ...facts: ServerEvents<InstanceType<T>, InstanceType<U>>[Name]) => void,
    ): this
    off(event: string | symbol, listener: (this: Server<T>, ...facts: any[]) => void): this
    addListener<Name extends keyof ServerEvents<any, any>>(
      event: Name,
      listener: (...facts: ServerEvents<InstanceType<T>, InstanceType<U>>[Name]) => void,
    ): this
    addListener(event: string | symbol, listener: (...facts: any[]) => void): this
    removeListener<Name extends keyof ServerEvents<any, any>>(
      event: Name,
      listener: (...facts: ServerEvents<InstanceType<T>, InstanceType<U>>[Name]) => void,
    ): this
    removeListener(event: string | symbol, listener: (...facts: any[]) => void): this
  }

  const WebSocketServer: typeof Server
  interface WebSocketServer extends Server {}
  const WebSocket: typeof WebSocketAlias
  interface WebSocket extends WebSocketAlias {}

  /** A WebSocket as a stream of messages. */
  function createWebSocketStream(websocket: WebSocket, options?: DuplexOptions): Duplex

  /** Makes frames, for programs that send one frame to many. */
  class Sender {
    constructor(socket: Duplex, extensions?: object, generateMask?: (mask: Buffer) => void)
    static frame(
      data: string | Uint8Array,
      options: {
        fin?: boolean
        generateMask?: (mask: Buffer) => void
        mask?: boolean
        maskBuffer?: Buffer
        opcode: number
        readOnly?: boolean
        rsv1?: boolean
      },
    ): (Buffer | string)[]
    close(code: number | undefined, data?: string | Buffer, mask?: boolean, cb?: (err?: Error) => void): void
    ping(data: any, mask?: boolean, cb?: (err?: Error) => void): void
    pong(data: any, mask?: boolean, cb?: (err?: Error) => void): void
    send(data: any, options: SendOptions, cb?: (err?: Error) => void): void
    sendFrame(list: readonly (Buffer | string)[], cb?: (err?: Error) => void): void
  }

  /** Reads frames from what is written to it. */
  class Receiver extends Writable {
    constructor(
      options?: Pick<
        ConnectionOptions,
        'allowSynchronousEvents' | 'maxBufferedChunks' | 'maxFragments' | 'maxPayload' | 'skipUTF8Validation'
      > & {
        binaryType?: 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob'
        extensions?: object
        isServer?: boolean
      },
    )
  }

  class PerMessageDeflate {
    static readonly extensionName: string
    constructor(options?: PerMessageDeflateOptions & { isServer?: boolean; maxPayload?: number })
    params: Record<string, boolean | number> | null
    accept(configurations: object[]): Record<string, boolean | number>
    cleanup(): void
    compress(
      data: string | Buffer,
      fin: boolean,
      callback: (error: Error | null, data?: Buffer) => void,
    ): void
    decompress(data: Buffer, fin: boolean, callback: (error: Error | null, data?: Buffer) => void): void
    offer(): Record<string, boolean | number>
  }

  /** The header `Sec-WebSocket-Extensions`. */
  const extension: {
    format(extensions: Record<string, object | readonly object[]>): string
    parse(header: string): Record<string, Record<string, (string | true)[]>[]>
  }

  /** The header `Sec-WebSocket-Protocol`. */
  const subprotocol: { parse(header: string): Set<string> }
}

export = WebSocket
