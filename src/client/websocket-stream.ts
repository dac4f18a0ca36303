import { ClosedError } from '../errors.ts'
import { CLOSED, CLOSING, CONNECTING, OPEN, type ReadyState } from '../protocol/ready-state.ts'
import type { CarrierEvents, Closed, WebSocketCarrier } from '../transport/websocket-carrier.ts'
import { validateClose } from './closing.ts'
import { type Opened, Opening } from './opening.ts'
import { type ClientOptions, settingsOf } from './options.ts'
import { platform } from './platform.ts'
import { toProtocolList, toUrlRecord } from './url.ts'
import {
  bytesOfBufferSource,
  defineInterface,
  requireArguments,
  toDictionary,
  toUsvString,
} from './web-idl.ts'
import { toCloseInfo, toWebSocketError, type WebSocketCloseInfo, WebSocketError } from './websocket-error.ts'

export interface WebSocketStreamOptions extends ClientOptions {
  /** Subprotocols, in order of preference; the server has to choose one. @default [] */
  protocols?: Iterable<string> | undefined
  /**
   * Aborts the opening handshake: `opened` and `closed` reject with the signal's reason. Once the connection is open
   * it does nothing. @default none
   */
  signal?: AbortSignal | undefined
}

/** What an open connection offers. */
export interface WebSocketOpenInfo {
  /**
   * The messages: a string for text, a `Uint8Array` for binary. While nobody reads, nothing more is taken from the
   * network and the server has to wait. Canceling closes the connection.
   */
  readonly readable: ReadableStream<string | Uint8Array>
  /**
   * Takes messages: text for a string, binary for bytes. A write resolves when the network has room for more. Closing
   * it closes the connection and resolves when that is done; aborting with a `WebSocketError` closes with its code.
   */
  readonly writable: WritableStream<string | ArrayBuffer | ArrayBufferView>
  /** The subprotocol the server chose, or empty. */
  readonly protocol: string
  /** The extensions in use as the server named them, or empty. */
  readonly extensions: string
}

/** Payload, in bytes or characters, that may wait to be read before the network is left alone. */
const highWaterMark = 65_536

/**
 * `WebSocketStream` as the WHATWG WebSockets standard proposes it: a WebSocket as a pair of streams, with
 * back-pressure both ways. Numbered comments are the standard's steps. Beyond it are the options, and the `cause` of
 * the errors, which says why.
 *
 * ```ts sketch
 * const stream = new WebSocketStream('wss://example.com/feed')
 * const { readable, writable } = await stream.opened
 * for await (const message of readable) await handle(message)
 * const { closeCode, reason } = await stream.closed
 * ```
 */
export class WebSocketStream {
  readonly #url: URL
  readonly #opening: Opening | undefined
  readonly #opened: Deferred<WebSocketOpenInfo> = deferred()
  readonly #closed: Deferred<Required<WebSocketCloseInfo>> = deferred()
  #state: ReadyState = CONNECTING
  #handshakeAborted = false
  #carrier: WebSocketCarrier<WebSocketStream> | undefined
  /** Where messages go, and where the writable stream is failed, until they end. */
  #readable: ReadableStreamDefaultController<string | Uint8Array> | undefined
  #writable: WritableStreamDefaultController | undefined
  /** A write that waits for the network. */
  #pendingWrite: Omit<Deferred<void>, 'promise'> | undefined
  /** Takes the listener off the `signal` option. */
  #forgetSignal: () => void = () => {}

  /**
   * Begins to connect.
   *
   * @param url `ws:` or `wss:`, also written `http:` or `https:`; `ws+unix:/path/of/the.socket:/request/target` for a
   * Unix socket
   * @throws {DOMException} `SyntaxError` for a URL or subprotocol that is none
   * @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
   */
  constructor(url: string | URL, options: WebSocketStreamOptions = {}) {
    // biome-ignore lint/complexity/noArguments: Web IDL counts arguments, also undefined ones
    requireArguments(1, arguments.length, 'WebSocketStream')
    const { protocols = [], ...rest } = toDictionary(
      options,
      'WebSocketStreamOptions',
    ) as WebSocketStreamOptions
    // 1.–2. Let urlRecord be the result of getting a URL record given url.
    const urlRecord = toUrlRecord(`${url as string}`)
    // 3. Let protocols be options["protocols"] if it exists, otherwise an empty sequence.
    // 4. If any of the values in protocols occur more than once or otherwise fail to match …, throw a "SyntaxError".
    const protocolList = toProtocolList(toSequence(protocols))
    const settings = settingsOf('WebSocketStream', rest, platform.deflate.windows)
    // 5. Set this's url to urlRecord.
    this.#url = urlRecord
    // 6. Set this's opened promise and closed promise to new promises.
    // 7. Apply backpressure to the WebSocket: its carrier starts paused.
    // 8. If options["signal"] exists,
    const { signal } = rest
    // 8.2. If signal is aborted, then reject this's opened promise and closed promise with signal's abort reason and
    //      return.
    if (signal?.aborted) {
      this.#state = CLOSED
      this.#reject(signal.reason)
      return
    }
    // 9.–10. Establish a WebSocket connection, in parallel.
    const opening = new Opening(urlRecord, protocolList, settings, platform)
    this.#opening = opening
    opening.opened.then(
      (opened) => this.#established(opened),
      (error: Error) => this.#end({ wasClean: false, code: 1006, reason: '', error }),
    )
    if (signal === undefined) return
    // 8.3. Add the following abort steps to signal:
    const aborted = (): void => {
      // 8.3.1. If the WebSocket connection is not yet established:
      if (this.#state !== CONNECTING) return
      // 8.3.1.1. Fail the WebSocket connection.
      opening.abort(signal.reason)
      // 8.3.1.2. Set this's ready state to CLOSING.
      this.#state = CLOSING
      // 8.3.1.3. Reject this's opened promise and closed promise with signal's abort reason.
      this.#reject(signal.reason)
      // 8.3.1.4. Set this's handshake aborted to true.
      this.#handshakeAborted = true
    }
    signal.addEventListener('abort', aborted, { once: true })
    this.#forgetSignal = () => signal.removeEventListener('abort', aborted)
  }

  /** The URL it connects to, with the scheme `ws:` or `wss:`. */
  get url(): string {
    return this.#url.href
  }

  /**
   * Resolves when the connection is open. Rejects with a `WebSocketError`, whose `cause` says why, or with the reason of
   * the `signal`; nobody has to listen.
   */
  get opened(): Promise<WebSocketOpenInfo> {
    return this.#opened.promise
  }

  /**
   * Resolves when the connection is closed cleanly, with the server's code (1005: none) and reason. Rejects like `opened`
   * where it was not; nobody has to listen.
   */
  get closed(): Promise<Required<WebSocketCloseInfo>> {
    return this.#closed.promise
  }

  /**
   * Starts the closing handshake; while connecting, gives up. Writes that were not finished are lost: to have them
   * sent, close `writable` instead.
   *
   * @throws {DOMException} `InvalidAccessError` for a code that is neither 1000 nor 3000 to 4999, `SyntaxError` for a
   * reason of more than 123 bytes
   */
  close(closeInfo: WebSocketCloseInfo = {}): void {
    // 1.–2. Let code be closeInfo["closeCode"] if present, or null otherwise; let reason be closeInfo["reason"].
    const { closeCode, reason } = toCloseInfo(closeInfo)
    // 3. Close the WebSocket with this, code, and reason.
    validateClose(closeCode, reason)
    this.#close(closeCode, reason)
  }

  #reject(reason: unknown): void {
    this.#opened.reject(reason)
    this.#closed.reject(reason)
  }

  /** "Close the WebSocket", validated. */
  #close(code: number | null, reason: string): void {
    // 4. Run the first matching steps from the following list:
    // 4.1. If obj's ready state is CLOSING (2) or CLOSED (3): do nothing.
    if (this.#state === CLOSING || this.#state === CLOSED) return
    const { length } = reason
    // 4.2. If the WebSocket connection is not yet established: fail it and set obj's ready state to CLOSING (2).
    if (this.#state === CONNECTING) this.#opening?.abort()
    // 4.3. If the WebSocket closing handshake has not yet been started: start it and set obj's ready state to CLOSING.
    //      If code is null and reason is the empty string, the close frame must not have a body. If reason is non-empty
    //      but code is null, then set code to 1000 ("Normal Closure").
    // 4.4. Otherwise, set obj's ready state to CLOSING (2).
    else this.#carrier?.sendClose(code ?? (length === 0 ? undefined : 1000), reason)
    this.#state = CLOSING
    // The server's close frame may stand behind messages that nobody reads any more.
    this.#carrier?.resume()
  }

  /** "Close using reason" */
  #closeUsing(reason: unknown): void {
    // 1.–2. Let code be null and reasonString be the empty string.
    // 3. If reason implements WebSocketError, set them to reason's closeCode and reason.
    // 4. Close the WebSocket with stream, code, and reasonString. If this throws an exception, discard code and
    //    reasonString and close the WebSocket with stream.
    if (reason instanceof WebSocketError) {
      try {
        validateClose(reason.closeCode, reason.reason)
        this.#close(reason.closeCode, reason.reason)
        return
      } catch {
        // An error that came from a connection may hold a code that only connections give.
      }
    }
    this.#close(null, '')
  }

  // ------------------------------------------------------------------------------------------------ feedback from the protocol

  /** "When the WebSocket connection is established" */
  #established(opened: Opened): void {
    this.#forgetSignal()
    if (this.#state !== CONNECTING) {
      opened.discard()
      const error = new ClosedError('ERR_CLOSED', { side: 'local', message: 'Closed while connecting' })
      this.#end({ wasClean: false, code: 1006, reason: '', error })
      return
    }
    const carrier = opened.carry(this, WebSocketStream.#events)
    this.#carrier = carrier
    carrier.pause()
    // 1. Change stream's ready state to OPEN (1).
    this.#state = OPEN
    // 2. Set stream's was ever connected to true.
    // 3.–4. Let extensions be the extensions in use, and protocol the subprotocol in use.
    const { extensions, protocol } = opened
    // 5.–8. Let readable be a new ReadableStream that pulls bytes from stream and cancels stream with reason.
    const readable = new ReadableStream<string | Uint8Array>(
      {
        start: (controller) => {
          this.#readable = controller
        },
        pull: () => carrier.resume(),
        cancel: (reason) => {
          this.#readable = undefined
          this.#closeUsing(reason)
        },
      },
      // Empty messages take memory too.
      { highWaterMark, size: (chunk) => chunk.length + 64 },
    )
    // 9.–13. Let writable be a new WritableStream that writes chunk to stream, closes stream and aborts stream with
    //        reason.
    const writable = new WritableStream<string | ArrayBuffer | ArrayBufferView>({
      start: (controller) => {
        this.#writable = controller
      },
      write: (chunk) => this.#write(carrier, chunk),
      close: async () => {
        this.#close(null, '')
        await this.#closed.promise
      },
      abort: (reason) => this.#closeUsing(reason),
    })
    // 14.–15. Set stream's readable stream to readable and its writable stream to writable.
    // 16. Resolve stream's opened promise.
    this.#opened.resolve({ extensions, protocol, readable, writable })
    carrier.start()
  }

  /** "To write chunk to a WebSocketStream stream" */
  #write(carrier: WebSocketCarrier<WebSocketStream>, chunk: unknown): Promise<void> | undefined {
    // 4. If chunk is a BufferSource, set data to a copy of the bytes given chunk, and opcode to a binary frame opcode.
    const bytes = bytesOfBufferSource(chunk)
    // 5. Otherwise, let string be the result of converting chunk to an IDL USVString; if this throws an exception,
    //    return a promise rejected with the exception. Set data to the result of UTF-8 encoding string.
    // 6.2. If the closing handshake has not yet started, send a WebSocket Message to stream.
    const sent =
      bytes === undefined ? carrier.sendText(toUsvString(chunk), true) : carrier.sendBinary(bytes, true)
    // 6.1. Wait until there is sufficient buffer space in stream to send the message.
    // 6.3. Resolve promise with undefined. What the server's close frame came before is lost, and says so at the end.
    if (sent === 'sent' || this.#state !== OPEN) return undefined
    return new Promise((resolve, reject) => {
      this.#pendingWrite = { resolve, reject }
    })
  }

  /** "When a WebSocket message has been received" */
  #received(chunk: string | Uint8Array): void {
    // 1. If stream's ready state is not OPEN (1), then return.
    if (this.#state !== OPEN) return
    // 2.–3. Enqueue chunk into stream's readable stream.
    this.#readable?.enqueue(chunk)
    // 4. Apply backpressure to the WebSocket.
    if ((this.#readable?.desiredSize ?? 1) <= 0) this.#carrier?.pause()
  }

  /** "When the WebSocket connection is closed" */
  #end({ wasClean, code, reason, error: cause }: Ending): void {
    const wasEverConnected = this.#carrier !== undefined
    const pendingWrite = this.#pendingWrite
    this.#forgetSignal()
    // 1. Change the ready state to CLOSED (3).
    this.#state = CLOSED
    if (pendingWrite !== undefined) {
      // Whoever wrote what was lost is told, and whoever writes after.
      const lost = new DOMException('The connection closed before the message was sent', 'InvalidStateError')
      this.#writable?.error(lost)
      pendingWrite.reject(lost)
    }
    // 2. If stream's handshake aborted is true, then return.
    if (this.#handshakeAborted) return
    if (wasClean && pendingWrite === undefined) {
      // 6. If the connection was closed cleanly, close stream's readable stream,
      this.#readable?.close()
      // error stream's writable stream with an "InvalidStateError" DOMException,
      this.#writable?.error(new DOMException('The WebSocketStream is closed', 'InvalidStateError'))
      // and resolve stream's closed promise.
      this.#closed.resolve({ closeCode: code, reason })
      return
    }
    // 7. Otherwise, let error be a new WebSocketError whose closeCode is code and reason is reason.
    const message = cause?.message ?? 'The connection was not closed cleanly'
    const error = toWebSocketError(message, code, reason, cause)
    // 3. If stream's was ever connected is false, then reject stream's opened promise with a new WebSocketError.
    if (!wasEverConnected) this.#opened.reject(error)
    // 7.2.–7.4. Error both streams and reject stream's closed promise with error.
    this.#readable?.error(error)
    this.#writable?.error(error)
    this.#closed.reject(error)
  }

  static readonly #events: CarrierEvents<WebSocketStream> = {
    text: (stream, data) => stream.#received(data),
    binary: (stream, data, owned) => stream.#received(exactly(data, owned)),
    fragment() {},
    ping() {},
    pong() {},
    drain(stream) {
      // A server that has closed meanwhile will not look at the message that has just left: it counts as lost.
      if (stream.#state === OPEN && stream.#carrier?.readyState !== OPEN) return
      stream.#pendingWrite?.resolve()
      stream.#pendingWrite = undefined
    },
    closed: (stream, closed) => stream.#end(closed),
  }
}

defineInterface(WebSocketStream, 'WebSocketStream', ['url', 'opened', 'closed', 'close'])

type Ending = Pick<Closed, 'wasClean' | 'code' | 'reason'> & { readonly error: Error | undefined }

/** Web IDL's `sequence<USVString>`. */
function toSequence(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || !(Symbol.iterator in value)) {
    throw new TypeError('protocols is not a sequence')
  }
  return Array.from(value as Iterable<unknown>, toUsvString)
}

/** The bytes as an array of their own, whose buffer is just as large. */
function exactly(data: Uint8Array, owned: boolean): Uint8Array {
  const { buffer, byteLength } = data
  return owned && byteLength === buffer.byteLength ? new Uint8Array(buffer) : new Uint8Array(data)
}

interface Deferred<Value> {
  readonly promise: Promise<Value>
  resolve(value: Value): void
  reject(reason: unknown): void
}

/** A promise for somebody to settle; that it is rejected while nobody listens must not end the process. */
function deferred<Value>(): Deferred<Value> {
  let settle!: Omit<Deferred<Value>, 'promise'>
  const promise = new Promise<Value>((resolve, reject) => {
    settle = { resolve, reject }
  })
  promise.catch(() => {})
  return { promise, ...settle }
}
