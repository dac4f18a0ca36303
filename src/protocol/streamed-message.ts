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
  readonly mostAtOnce: number
  readonly #settings: ConnectionSettings
  readonly #sink: ConnectionSink
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
    settings: ConnectionSettings,
    sink: ConnectionSink,
    type: 'text' | 'binary',
    compression: MessageCompression | undefined,
  ) {
    this.#settings = settings
    this.#sink = sink
    this.#type = type
    this.#inflater = compression?.streamed()
    this.#utf8 = type === 'text' ? new Utf8Validator() : undefined
    this.mostAtOnce = compression === undefined ? Number.POSITIVE_INFINITY : inflatedAtOnce
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
    if (this.#inflater !== undefined) {
      this.#wireLength += payload.length
      return this.#inflate(this.#inflater, payload)
    }
    this.#length += payload.length
    return this.#handOver(payload)
  }

  finish(): ProtocolError | undefined {
    const fault = this.#inflater === undefined ? undefined : this.#inflate(this.#inflater, flushTail)
    if (fault !== undefined || this.#closed) return fault
    if (this.#utf8?.complete === false) return invalidUtf8()
    this.#emit(nothing, true)
    return undefined
  }

  close(): void {
    this.#closed = true
    this.#inflater?.close()
  }

  #inflate(inflater: Inflater, payload: Uint8Array): ProtocolError | undefined {
    const { limits } = this.#settings
    const parts = inflater.push(payload)
    if (parts === 'corrupt') return cannotInflate()
    for (const part of parts) {
      this.#length += part.length
      if (this.#length > limits.maxMessageBytes) return tooLarge(limits)
      if (this.#length > Math.max(ratioFreeBytes, this.#wireLength * limits.maxInflationRatio)) {
        return inflatesTooMuch(limits)
      }
      const fault = this.#handOver(part)
      if (fault !== undefined || this.#closed) return fault
    }
    return undefined
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
