import type { ProtocolError } from '../errors.ts'
import { Utf8Validator } from '../util/utf8.ts'
import { flushTail, type MessageCompression } from './compression.ts'
import type { ConnectionSettings, ConnectionSink } from './connection.ts'
import { cannotInflate, inflatesTooMuch, invalidUtf8, tooLarge, tooManyFragments } from './faults.ts'
import type { IncomingMessage } from './incoming-message.ts'

/** The buffer grows by this factor, so that a declared length alone costs next to no memory. */
const growth = 16
const firstCapacity = 65_536

const nothing: Uint8Array = new Uint8Array(0)

/** A message that is handed over whole. */
export class WholeMessage<Text> implements IncomingMessage {
  readonly mostAtOnce = Number.POSITIVE_INFINITY
  readonly #settings: ConnectionSettings<Text>
  readonly #sink: ConnectionSink<Text>
  readonly #type: 'text' | 'binary'
  readonly #compression: MessageCompression | undefined
  /** Checks text that is not compressed as it comes. */
  readonly #utf8: Utf8Validator | undefined
  #fragments = 0
  /** The message so far is `#bytes[0, #length)`; with all frames that have begun it will have `#begun` bytes. */
  #bytes = nothing
  #length = 0
  #begun = 0
  /** Bytes that the buffer will hold at most. */
  #most = 0

  constructor(
    settings: ConnectionSettings<Text>,
    sink: ConnectionSink<Text>,
    type: 'text' | 'binary',
    compression: MessageCompression | undefined,
  ) {
    this.#settings = settings
    this.#sink = sink
    this.#type = type
    this.#compression = compression
    const checks = type === 'text' && compression === undefined && settings.text.unchecked !== true
    this.#utf8 = checks ? new Utf8Validator() : undefined
  }

  get heldBytes(): number {
    return this.#bytes.length
  }

  begin(length: number, last: boolean): ProtocolError | undefined {
    const { limits } = this.#settings
    this.#fragments += 1
    if (this.#fragments > limits.maxFragments) return tooManyFragments(limits)
    const limit =
      this.#compression === undefined
        ? limits.maxMessageBytes
        : mostCompressed(limits.maxMessageBytes, this.#fragments)
    this.#begun += length
    if (this.#begun > limit) return tooLarge(limits)
    this.#most = (last ? this.#begun : limit) + (this.#compression === undefined ? 0 : flushTail.length)
    return undefined
  }

  take(payload: Uint8Array): ProtocolError | undefined {
    if (this.#utf8?.push(payload, 0, payload.length, this.#settings.text.isValid) === false) {
      return invalidUtf8()
    }
    this.#append(payload)
    return undefined
  }

  finish(): ProtocolError | undefined {
    if (this.#compression === undefined) return this.#deliver(this.#bytes, this.#length)
    const { limits } = this.#settings
    this.#append(flushTail)
    const inflated = this.#compression.inflate(
      this.#bytes.subarray(0, this.#length),
      limits.maxMessageBytes,
      limits.maxInflationRatio,
    )
    if (inflated === 'corrupt') return cannotInflate()
    if (inflated === 'tooLarge') return tooLarge(limits)
    if (inflated === 'ratio') return inflatesTooMuch(limits)
    return this.#deliver(inflated, inflated.length)
  }

  /** Whole messages are handed over once, at the end: there is nothing to stop. */
  close(): void {
    this.#bytes = nothing
  }

  #append(payload: Uint8Array): void {
    const needed = this.#length + payload.length
    if (needed > this.#bytes.length) {
      // Memory follows what has arrived, beyond a first part, and never passes what the limit and the last frame allow.
      const wanted = Math.max(needed * growth, Math.min(this.#begun + flushTail.length, firstCapacity))
      const capacity = Math.min(wanted, this.#most)
      const room = this.#settings.allocate?.(capacity) ?? new Uint8Array(capacity)
      room.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = room
    }
    this.#bytes.set(payload, this.#length)
    this.#length = needed
  }

  #deliver(bytes: Uint8Array, length: number): ProtocolError | undefined {
    if (this.#type === 'binary') {
      this.#sink.binary(length === bytes.length ? bytes : bytes.subarray(0, length), true)
      return undefined
    }
    const decoded = this.#settings.text.decode(bytes, 0, length)
    if (decoded === undefined) return invalidUtf8()
    this.#sink.text(decoded)
    return undefined
  }
}

/**
 * What a message within the limit may take on the wire at most. DEFLATE makes what it cannot compress larger: by an
 * eighth at the worst settings of zlib, by a few bytes at its usual ones, and by some more where each fragment ends
 * with a flush.
 */
function mostCompressed(maxMessageBytes: number, fragments: number): number {
  return Math.ceil(maxMessageBytes * 1.125) + 64 + 16 * fragments
}
