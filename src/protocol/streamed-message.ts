import type { ProtocolError } from '../errors.ts'
import { Utf8Validator } from '../util/utf8.ts'
import { flushTail, type Inflater, type MessageCompression, ratioFreeBytes } from './compression.ts'
import type { ConnectionSettings, ConnectionSink } from './connection.ts'
import { cannotInflate, inflatesTooMuch, invalidUtf8, tooLarge, tooManyFragments } from './faults.ts'
import type { IncomingMessage } from './incoming-message.ts'

/** Compressed input is taken in pieces of this size: each inflates to at most about a thousand times as much. */
const inflatedAtOnce = 1024

const nothing: Uint8Array = new Uint8Array(0)

/** A message that is handed over in pieces, as they come; of its bytes nothing is kept. */
export class StreamedMessage implements IncomingMessage {
  readonly heldBytes = 0
  readonly #settings: ConnectionSettings<unknown>
  readonly #sink: Pick<ConnectionSink, 'fragment'>
  readonly #type: 'text' | 'binary'
  readonly #inflater: Inflater | undefined
  readonly #utf8: Utf8Validator | undefined
  #fragments = 0
  /** Bytes of the message so far: after inflation, and on the wire. */
  #length = 0
  #wireLength = 0
  #isFirst = true
  #closed = false

  constructor(
    settings: ConnectionSettings<unknown>,
    sink: Pick<ConnectionSink, 'fragment'>,
    type: 'text' | 'binary',
    compression: MessageCompression | undefined,
  ) {
    this.#settings = settings
    this.#sink = sink
    this.#type = type
    this.#inflater = compression?.streamed()
    this.#utf8 = type === 'text' && settings.text.unchecked !== true ? new Utf8Validator() : undefined
  }

  get mostAtOnce(): number {
    return this.#inflater === undefined
      ? Number.POSITIVE_INFINITY
      : inflatedAtOnce - (this.#wireLength % inflatedAtOnce)
  }

  begin(length: number): ProtocolError | undefined {
    const { limits } = this.#settings
    this.#fragments += 1
    if (this.#fragments > limits.maxFragments) return tooManyFragments(limits)
    // What a compressed frame comes to shows only when it is inflated.
    if (this.#inflater === undefined && length > limits.maxMessageBytes - this.#length) {
      return tooLarge(limits)
    }
    return undefined
  }

  take(payload: Uint8Array): ProtocolError | undefined {
    if (this.#inflater === undefined) {
      this.#length += payload.length
      return this.#handOver(payload)
    }
    this.#wireLength += payload.length
    const fault = this.#inflate(this.#inflater, payload)
    if (fault !== undefined || this.#closed || this.#wireLength % inflatedAtOnce !== 0) return fault
    return this.#checkRatio()
  }

  finish(): ProtocolError | undefined {
    if (this.#inflater !== undefined) {
      const fault = this.#inflate(this.#inflater, flushTail) ?? this.#checkRatio()
      if (fault !== undefined || this.#closed) return fault
    }
    if (this.#utf8?.complete === false) return invalidUtf8()
    this.#emit(nothing, true)
    return undefined
  }

  close(): void {
    this.#closed = true
    this.#inflater?.close()
  }

  #inflate(inflater: Inflater, payload: Uint8Array): ProtocolError | undefined {
    for (const part of inflater.push(payload)) {
      const fault = this.#takeInflated(part)
      if (fault !== undefined || this.#closed) return fault
    }
    return inflater.corrupt ? cannotInflate() : undefined
  }

  /** Up to the limit, so that of two faults the same one is found however the input was cut. */
  #takeInflated(part: Uint8Array): ProtocolError | undefined {
    const { limits } = this.#settings
    const room = limits.maxMessageBytes - this.#length
    this.#length += part.length
    if (part.length <= room) return this.#handOver(part)
    return this.#handOver(part.subarray(0, room)) ?? tooLarge(limits)
  }

  /** Asked at fixed places of the message, so that the answer does not depend on how it was cut either. */
  #checkRatio(): ProtocolError | undefined {
    const { limits } = this.#settings
    const most = Math.max(ratioFreeBytes, this.#wireLength * limits.maxInflationRatio)
    return this.#length > most ? inflatesTooMuch(limits) : undefined
  }

  #handOver(data: Uint8Array): ProtocolError | undefined {
    if (this.#utf8?.push(data, 0, data.length, this.#settings.text.isValid) === false) return invalidUtf8()
    this.#emit(data, false)
    return undefined
  }

  #emit(data: Uint8Array, last: boolean): void {
    const first = this.#isFirst
    this.#isFirst = false
    this.#sink.fragment(data, this.#type, first, last)
  }
}
