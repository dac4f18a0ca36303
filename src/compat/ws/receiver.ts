import type { Buffer } from 'node:buffer'
import { Writable } from 'node:stream'
import type { ProtocolError } from '../../errors.ts'
import { Connection, type ConnectionSettings, type ConnectionSink } from '../../protocol/connection.ts'
import { Arena } from '../../protocol/output.ts'
import { runtime } from '../../runtime/node/runtime.ts'
import { binaryData, controlData, reasonOf } from './carrier.ts'
import { type BinaryType, perMessageDeflateName } from './constants.ts'
import { frameErrorOf, mostBytes } from './frame-errors.ts'
import type { Extensions } from './sender.ts'
import { checkedText, uncheckedText } from './text-buffers.ts'

/** What a receiver checks and how it hands messages over; defaults are those of `WebSocketServer`, without limits. */
export interface ReceiverOptions {
  /** Whether one turn of the event loop may bring more than one event. @default true */
  readonly allowSynchronousEvents?: boolean | undefined
  readonly binaryType?: BinaryType | undefined
  readonly extensions?: Extensions | undefined
  /** @default false */
  readonly isServer?: boolean | undefined
  /** Taken, and without effect: received chunks are never kept in a list. */
  readonly maxBufferedChunks?: number | undefined
  /** Most frames of a message; 0 for any number. @default 0 */
  readonly maxFragments?: number | undefined
  /** Largest message in bytes; 0 for any size. @default 0 */
  readonly maxPayload?: number | undefined
  readonly skipUTF8Validation?: boolean | undefined
}

/** What a connection that only receives would answer. */
const nowhere = new Arena(256)

/**
 * Reads frames from what is written to it, and emits `message`, `ping`, `pong` and `conclude`. Connections of this
 * module have their own way to receive; this class is for programs that read frames by themselves.
 */
export class Receiver extends Writable implements ConnectionSink<Buffer> {
  _binaryType: BinaryType
  readonly _extensions: Extensions
  readonly _isServer: boolean
  readonly _maxPayload: number
  readonly #connection: Connection<Buffer>
  readonly #limits: ConnectionSettings['limits']
  readonly #synchronousEvents: boolean
  #frames: number[] = []
  #failure: Error | undefined
  #concluded = false
  /** To be called when everything written has been handed over. */
  #written: ((error?: Error) => void) | undefined

  constructor(options: ReceiverOptions = {}) {
    super()
    const { binaryType = 'nodebuffer', extensions = {}, isServer = false, maxPayload = 0 } = options
    this._binaryType = binaryType
    this._extensions = extensions
    this._isServer = isServer
    this._maxPayload = maxPayload | 0
    this.#synchronousEvents = options.allowSynchronousEvents ?? true
    this.#limits = limitsOf(options)
    this.#connection = new Connection<Buffer>(
      {
        role: isServer ? 'server' : 'client',
        limits: this.#limits,
        text: options.skipUTF8Validation ? uncheckedText : checkedText,
        streamed: false,
        autoPong: false,
        maskingKey: runtime.maskingKey,
        allocate: runtime.allocate,
      },
      this,
      nowhere,
      extensions[perMessageDeflateName]?.messages(),
    )
  }

  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error) => void): void {
    if (this.#concluded) {
      callback()
      return
    }
    this.#written = callback
    this.#connection.receive(chunk)
    this.#settle()
  }

  #settle(): void {
    if (this.#connection.paused) return
    this.#connection.output.discard()
    nowhere.recycle()
    const written = this.#written
    this.#written = undefined
    if (this.#failure === undefined) written?.()
    else written?.(this.#failure)
  }

  text(data: Buffer): void {
    this.#frames = []
    this.#emit('message', data, false)
  }

  binary(data: Uint8Array, owned: boolean): void {
    const frames = this.#frames
    this.#frames = []
    this.#emit('message', binaryData(this._binaryType, data, owned, frames), true)
  }

  frame(length: number): void {
    this.#frames.push(length)
  }

  fragment(): void {
    // Messages are not streamed.
  }

  ping(data: Uint8Array): void {
    this.#emit('ping', controlData(data), undefined)
  }

  pong(data: Uint8Array): void {
    this.#emit('pong', controlData(data), undefined)
  }

  close(code: number, _reason: string, payload: Uint8Array): void {
    this.#concluded = true
    this.emit('conclude', code, reasonOf(payload))
    this.end()
  }

  failed(error: ProtocolError): void {
    this.#failure = frameErrorOf(error, this.#connection, this.#limits)
  }

  #emit(event: string, data: unknown, isBinary: boolean | undefined): void {
    if (this.#synchronousEvents) {
      this.emit(event, data, isBinary)
      return
    }
    this.#connection.pause()
    setImmediate(() => {
      this.emit(event, data, isBinary)
      this.#connection.resume()
      this.#settle()
    })
  }
}

/** Limits of `ws` as a connection has them: 0, and what is no 32-bit number, is none. */
export function limitsOf({
  maxPayload = 0,
  maxFragments = 0,
}: Pick<ReceiverOptions, 'maxPayload' | 'maxFragments'>): ConnectionSettings['limits'] {
  return {
    maxMessageBytes: (maxPayload | 0) > 0 ? maxPayload | 0 : mostBytes,
    maxFragments: (maxFragments | 0) > 0 ? maxFragments | 0 : Number.POSITIVE_INFINITY,
    maxInflationRatio: Number.POSITIVE_INFINITY,
  }
}
