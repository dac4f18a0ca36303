import { type ProtocolError, RealtimeError } from '../errors.ts'
import { joined } from '../util/joined.ts'
import {
  type CloseFrame,
  closePayload,
  fittingReason,
  isWireCloseCode,
  NO_STATUS_RECEIVED,
} from './close-code.ts'
import type { MessageCompression } from './compression.ts'
import { breach, invalidUtf8, notMinimal, tooLarge } from './faults.ts'
import { readUint32 } from './frame-header.ts'
import { writeFrame, writePiece, writeTextFrame } from './frame-writer.ts'
import { type IncomingMessage, incomingMessage } from './incoming-message.ts'
import type { Limits } from './limits.ts'
import { maskInPlace } from './mask.ts'
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  FIN,
  maxControlPayloadBytes,
  PING,
  PONG,
  RSV_ALL,
  RSV1,
  TEXT,
} from './opcode.ts'
import { type Arena, Output } from './output.ts'
import { CLOSED, OPEN, type ReadyState, type Signal, transitions } from './ready-state.ts'
import { lossyText, plainText, type TextCodec } from './text.ts'

export type Role = 'client' | 'server'

/** What a connection tells its owner, during `receive`. Bytes it hands over are valid only during the call, unless owned. */
export interface ConnectionSink<Text = string> {
  text(data: Text): void
  /** `owned`: the bytes are the receiver's to keep; otherwise they are a view of the input. */
  binary(data: Uint8Array, owned: boolean): void
  /** A piece of a message, where messages are streamed. Text has been checked to be UTF-8 so far. */
  fragment(data: Uint8Array, type: 'text' | 'binary', first: boolean, last: boolean): void
  ping(data: Uint8Array): void
  pong(data: Uint8Array): void
  /** The peer's close frame; it has been answered. `payload` is what it carried: the code, then the reason. */
  close(code: number, reason: string, payload: Uint8Array): void
  /** A frame of a message begins that does not come whole in one frame and one chunk; so long is its payload. */
  frame?(length: number): void
  /** So much is written that it had better be sent before more is. It comes within a frame: nothing may be sent from here. */
  full?(): void
  /** The peer broke a rule; a close frame with `error.closeCode` has been written. */
  failed(error: ProtocolError): void
}

/** What all connections of one endpoint share. */
export interface ConnectionSettings<Text = string> {
  readonly role: Role
  readonly limits: Readonly<Pick<Limits, 'maxMessageBytes' | 'maxFragments' | 'maxInflationRatio'>>
  readonly text: TextCodec<Text>
  /** Whether messages are handed over in pieces, as they come, instead of whole. */
  readonly streamed: boolean
  /** An unpredictable 32-bit masking key for each frame; only clients need it (RFC 6455 §5.3). */
  readonly maskingKey: () => number
  /** Whether pings are answered; where not, that is left to the owner. @default true */
  readonly autoPong?: boolean
  /** Whether the peer is told, in the close frame, what it did wrong. @default true */
  readonly tellsFaults?: boolean
  /** Memory for a large message, whatever is in it. @default memory that is zero */
  readonly allocate?: (bytes: number) => Uint8Array
}

/** Payloads are written in pieces of this size. */
const pieceBytes = 65_536

const nothing: Uint8Array = new Uint8Array(0)

/**
 * One WebSocket connection after its opening handshake (RFC 6455 §5–§8, RFC 7692 §7), as a pure machine: bytes go in by
 * `receive`, what happened goes to the sink, what is to be sent goes to the output. It never throws because of what
 * the peer did; it fails the connection and says why.
 *
 * The input may be unmasked in place and is not kept. A whole message in one frame of one chunk, by far the most
 * common, is handed over straight from the input.
 */
export class Connection<Text = string> {
  readonly output: Output
  readonly #settings: ConnectionSettings<Text>
  readonly #sink: ConnectionSink<Text>
  readonly #compression: MessageCompression | undefined

  #state: ReadyState = OPEN
  closeSent: CloseFrame | undefined
  closeReceived: CloseFrame | undefined
  /** Which side's close frame came first. */
  closeFirst: 'local' | 'remote' | undefined

  /** The first two bytes of the frame whose header failed the connection, as one number. */
  wrongHeader: number | undefined
  /** The close code of the peer that failed the connection. */
  wrongCloseCode: number | undefined

  /** Pongs are owed rather than written while the link is behind; only the newest counts (RFC 6455 §5.5.3). */
  holdPongs = false
  #owedPong: Uint8Array | undefined

  #discarding = false
  #paused = false
  /** Input not yet looked at: the start of a header, or everything while paused. */
  #held: Uint8Array | undefined

  /** The frame in progress, behind its header. */
  #inFrame = false
  #opcode = 0
  #fin = false
  #left = 0
  #key = 0
  #phase = 0
  #control = nothing

  /** The message in progress, unless it came whole in one frame and one chunk. */
  #message: IncomingMessage | undefined

  /** Whether the message that is being sent in fragments is compressed. */
  #compressing = false

  constructor(
    settings: ConnectionSettings<Text>,
    sink: ConnectionSink<Text>,
    arena: Arena,
    compression: MessageCompression | undefined,
  ) {
    this.#settings = settings
    this.#sink = sink
    this.#compression = compression
    this.output = new Output(arena)
  }

  get readyState(): ReadyState {
    return this.#state
  }

  get compression(): MessageCompression | undefined {
    return this.#compression
  }

  /** Whether both close frames have passed: nothing more will come or go (RFC 6455 §7.1.4). */
  get closeComplete(): boolean {
    return this.closeSent !== undefined && this.closeReceived !== undefined
  }

  /** Memory taken by input that has not been handed over yet, in bytes. */
  get heldBytes(): number {
    return (this.#held?.length ?? 0) + this.#control.length + (this.#message?.heldBytes ?? 0)
  }

  // ------------------------------------------------------------------------------------------------ receiving

  /** Takes the next bytes of the link. */
  receive(chunk: Uint8Array): void {
    if (this.#discarding) return
    let bytes = chunk
    if (this.#held !== undefined) {
      bytes = joined(this.#held, chunk)
      this.#held = undefined
    }
    if (this.#paused) this.#held = bytes === chunk ? copied(chunk, 0) : bytes
    else this.#parse(bytes)
  }

  #parse(bytes: Uint8Array): void {
    const at = this.#readFrames(bytes)
    if (at < bytes.length && !this.#discarding) this.#held = copied(bytes, at)
  }

  /** Reads frames until the bytes run out or nothing more is wanted, and answers how far it came. */
  #readFrames(bytes: Uint8Array): number {
    const { role, limits, streamed } = this.#settings
    const isServer = role === 'server'
    const maskBit = isServer ? 0x80 : 0
    const end = bytes.length
    let at = 0
    while (!this.#discarding && !this.#paused) {
      if (!this.#inFrame) {
        // §5.2: two bytes, the extended length, the key.
        if (end - at < 2) break
        const first = bytes[at] as number
        const second = bytes[at + 1] as number
        const isPlain = (first === (FIN | BINARY) || first === (FIN | TEXT)) && this.#message === undefined
        if (!isPlain || (second & 0x80) !== maskBit) {
          const fault = this.#checkHeader(first, second)
          if (fault !== undefined) {
            this.wrongHeader = (first << 8) | second
            return this.#fail(fault)
          }
        }
        let length = second & 0x7f
        let next = at + 2
        if (length === 126) {
          next += 2
          if (next > end) break
          length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
          if (length < 126) return this.#fail(notMinimal())
        } else if (length === 127) {
          next += 8
          if (next > end) break
          const high = readUint32(bytes, at + 2)
          const low = readUint32(bytes, at + 6)
          if (high > 0x7fff_ffff) {
            return this.#fail(
              breach('ERR_LENGTH_INVALID', 'The 64-bit length has its highest bit set', '§5.2'),
            )
          }
          if (high === 0 && low < 65_536) return this.#fail(notMinimal())
          // Beyond 2 ** 53 bytes this is not exact, and beyond every limit but none.
          length = high * 0x1_0000_0000 + low
        }
        let key = 0
        if (isServer) {
          if (next + 4 > end) break
          key = readUint32(bytes, next) | 0
          next += 4
        }
        at = next
        if (isPlain && length <= end - at && !streamed) {
          // The common case: a whole message, here and now.
          if (length > limits.maxMessageBytes) return this.#fail(tooLarge(limits))
          const stop = at + length
          if (isServer) maskInPlace(bytes, at, stop, key)
          if (first === (FIN | BINARY)) this.#sink.binary(bytes.subarray(at, stop), false)
          else {
            const text = this.#settings.text.decode(bytes, at, stop)
            if (text === undefined) return this.#fail(invalidUtf8())
            this.#sink.text(text)
          }
          at = stop
          continue
        }
        const fault = this.#beginFrame(first, length)
        if (fault !== undefined) return this.#fail(fault)
        this.#key = key
      }
      if (this.#left > 0) {
        const take = Math.min(this.#left, end - at, this.#message?.mostAtOnce ?? end)
        if (take === 0) break
        if (isServer) maskInPlace(bytes, at, at + take, this.#key, this.#phase)
        this.#phase = (this.#phase + take) & 3
        const fault = this.#takePayload(bytes.subarray(at, at + take))
        if (fault !== undefined) return this.#fail(fault)
        this.#left -= take
        at += take
      } else {
        this.#inFrame = false
        const fault = this.#opcode >= CLOSE ? this.#finishControl() : this.#finishDataFrame()
        if (fault !== undefined) return this.#fail(fault)
      }
    }
    return at
  }

  /**
   * Nothing is handed over until `resume`; what arrives meanwhile is kept, so the link should be paused too. Of a
   * compressed message that is streamed, what 1 KiB inflates to may still follow.
   */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    // Within an event this reads nothing: what comes next is not held, but still being read.
    const held = this.#held ?? nothing
    this.#held = undefined
    this.#parse(held)
  }

  get paused(): boolean {
    return this.#paused
  }

  /** The link is about to be cut without a closing handshake: nothing more is handed over or sent. */
  abandon(): void {
    this.#signal('failed')
    this.#discard()
    this.output.discard()
  }

  /** The link is gone: nothing comes or goes any more. */
  linkClosed(): void {
    this.#signal('linkClosed')
    this.#discard()
    this.output.discard()
  }

  /** The checks of §5.2, §5.4 and §5.5 on the first two bytes of a header. */
  #checkHeader(first: number, second: number): ProtocolError | undefined {
    const opcode = first & 0x0f
    const rsv = first & RSV_ALL
    const mayBeCompressed = this.#compression !== undefined && (opcode === TEXT || opcode === BINARY)
    if (rsv !== 0 && !(rsv === RSV1 && mayBeCompressed)) {
      return breach('ERR_RESERVED_BIT', `A reserved bit is set on opcode ${opcode}`, '§5.2')
    }
    if ((opcode > BINARY && opcode < CLOSE) || opcode > PONG) {
      return breach('ERR_RESERVED_OPCODE', `Opcode ${opcode} is reserved`, '§5.2')
    }
    const isMasked = (second & 0x80) !== 0
    if (this.#settings.role === 'server' && !isMasked) {
      return breach('ERR_MASK_MISSING', 'A frame of the client is not masked', '§5.1')
    }
    if (this.#settings.role === 'client' && isMasked) {
      return breach('ERR_MASK_UNEXPECTED', 'A frame of the server is masked', '§5.1')
    }
    if (opcode >= CLOSE) {
      if (!(first & FIN)) return breach('ERR_CONTROL_FRAGMENTED', 'A control frame is fragmented', '§5.5')
      if ((second & 0x7f) > maxControlPayloadBytes) {
        return breach('ERR_CONTROL_TOO_LONG', 'A control frame has more than 125 bytes of payload', '§5.5')
      }
      if (opcode === CLOSE && (second & 0x7f) === 1) {
        return breach('ERR_CLOSE_PAYLOAD', 'A close frame has a payload of one byte', '§5.5.1')
      }
    } else if (opcode === CONTINUATION && this.#message === undefined) {
      return breach('ERR_CONTINUATION_UNEXPECTED', 'A continuation frame continues nothing', '§5.4')
    } else if (opcode !== CONTINUATION && this.#message !== undefined) {
      return breach('ERR_CONTINUATION_MISSING', 'A new message begins inside another', '§5.4')
    }
    return undefined
  }

  #beginFrame(first: number, length: number): ProtocolError | undefined {
    this.#inFrame = true
    this.#opcode = first & 0x0f
    this.#fin = (first & FIN) !== 0
    this.#left = length
    this.#phase = 0
    if (this.#opcode >= CLOSE) {
      this.#control = length === 0 ? nothing : new Uint8Array(length)
      return undefined
    }
    if (this.#message === undefined) {
      const compression = first & RSV1 ? this.#compression : undefined
      this.#message = incomingMessage(this.#settings, this.#sink, this.#opcode, compression)
    }
    this.#sink.frame?.(length)
    return this.#message.begin(length, this.#fin)
  }

  #takePayload(payload: Uint8Array): ProtocolError | undefined {
    if (this.#opcode < CLOSE) return (this.#message as IncomingMessage).take(payload)
    this.#control.set(payload, this.#control.length - this.#left)
    return undefined
  }

  #finishDataFrame(): ProtocolError | undefined {
    if (!this.#fin) return undefined
    const fault = (this.#message as IncomingMessage).finish()
    if (fault === undefined) this.#forgetMessage()
    return fault
  }

  #forgetMessage(): void {
    this.#message?.close()
    this.#message = undefined
  }

  // ------------------------------------------------------------------------------------------------ control frames

  #finishControl(): ProtocolError | undefined {
    const payload = this.#control
    this.#control = nothing
    if (this.#opcode === CLOSE) return this.#receiveClose(payload)
    if (this.#opcode === PING) {
      if (this.#settings.autoPong !== false) {
        if (this.holdPongs) this.#owedPong = payload
        else this.sendPong(payload)
      }
      this.#sink.ping(payload)
    } else this.#sink.pong(payload)
    return undefined
  }

  /** The closing handshake from the peer's side (§5.5.1, §7.1.5). */
  #receiveClose(payload: Uint8Array): ProtocolError | undefined {
    let code = NO_STATUS_RECEIVED
    let reason: string | undefined = ''
    if (payload.length >= 2) {
      code = ((payload[0] as number) << 8) | (payload[1] as number)
      if (!isWireCloseCode(code)) {
        this.wrongCloseCode = code
        return breach('ERR_CLOSE_CODE', `Close code ${code} must not be sent`, '§7.4')
      }
      const { unchecked } = this.#settings.text
      reason = (unchecked ? lossyText : plainText.decode)(payload, 2, payload.length)
      if (reason === undefined) return invalidUtf8()
    }
    this.closeReceived = { code, reason }
    this.closeFirst ??= 'remote'
    this.#signal('closeReceived')
    this.#discard()
    this.sendClose(code, reason)
    this.#sink.close(code, reason, payload)
    return undefined
  }

  // ------------------------------------------------------------------------------------------------ sending

  // No frame may follow a close frame (§5.5.1): whatever is sent after it, or after the link is gone, is not written.

  /** Sends a whole text message. A lone surrogate becomes U+FFFD. */
  sendText(data: string, compress = true): void {
    if (this.#state !== OPEN) return
    const { text } = this.#settings
    if (this.#compression !== undefined && compress) {
      const length = text.byteLength(data)
      if (length >= this.#compression.thresholdBytes) {
        this.#write(FIN | RSV1 | TEXT, this.#compression.compress(this.#encoded(data, length), true, true))
        return
      }
    }
    if (data.length > pieceBytes) {
      this.#write(FIN | TEXT, this.#encoded(data, text.byteLength(data)))
      return
    }
    this.output.commit(writeTextFrame(this.output.arena, data, text, this.#maskingKey()))
  }

  #encoded(data: string, length: number): Uint8Array {
    const bytes = this.#settings.allocate?.(length) ?? new Uint8Array(length)
    this.#settings.text.encodeInto(data, bytes, 0)
    return bytes
  }

  /** Sends a whole binary message; `data` is copied. */
  sendBinary(data: Uint8Array, compress = true): void {
    if (this.#state !== OPEN) return
    if (this.#compression !== undefined && compress && data.length >= this.#compression.thresholdBytes) {
      this.#write(FIN | RSV1 | BINARY, this.#compression.compress(data, true, true))
    } else this.#write(FIN | BINARY, data)
  }

  /** Sends one fragment of a message, whose first says its type and whether it is compressed; `data` is copied. */
  sendFragment(
    data: Uint8Array,
    type: 'text' | 'binary',
    first: boolean,
    last: boolean,
    compress = true,
  ): void {
    if (this.#state !== OPEN) return
    if (first) this.#compressing = compress && this.#compression !== undefined
    const payload =
      this.#compressing && this.#compression !== undefined
        ? this.#compression.compress(data, last, first)
        : data
    const opcode = !first ? CONTINUATION : type === 'text' ? TEXT : BINARY
    this.#write((last ? FIN : 0) | (first && this.#compressing ? RSV1 : 0) | opcode, payload)
  }

  /** Sends frames made elsewhere, once for many connections; they must suit the role and what was agreed. */
  sendFrame(bytes: Uint8Array, start: number, end: number): void {
    if (this.#state === OPEN) this.output.append(bytes, start, end)
  }

  /** At most 125 bytes. */
  sendPing(data: Uint8Array): void {
    if (this.#state === OPEN) this.#write(FIN | PING, data)
  }

  /** At most 125 bytes. */
  sendPong(data: Uint8Array): void {
    if (this.#state === OPEN) this.#write(FIN | PONG, data)
  }

  /** Writes the pong held back while the link was behind, if one is owed. */
  payPong(): void {
    const owed = this.#owedPong
    this.#owedPong = undefined
    if (owed !== undefined) this.sendPong(owed)
  }

  /**
   * Starts or answers the closing handshake (§7.1.2); only the first call counts. Without a code, and with 1005, the
   * frame is empty. A reason longer than 123 bytes is cut.
   *
   * @throws {RealtimeError} `ERR_CLOSE_CODE` where the code must not be sent (§7.4)
   */
  sendClose(code: number = NO_STATUS_RECEIVED, reason = ''): void {
    if (code !== NO_STATUS_RECEIVED && !isWireCloseCode(code)) {
      throw new RealtimeError('ERR_CLOSE_CODE', {
        side: 'local',
        message: `Close code ${code} must not be sent (RFC 6455 §7.4)`,
        section: 'RFC 6455 §7.4',
      })
    }
    if (this.closeSent !== undefined || this.#state === CLOSED) return
    const { text } = this.#settings
    const hasCode = code !== NO_STATUS_RECEIVED
    const sent = { code, reason: hasCode ? fittingReason(reason, text) : '' }
    this.#write(FIN | CLOSE, hasCode ? closePayload(code, sent.reason, text) : nothing)
    this.closeSent = sent
    this.closeFirst ??= 'local'
    this.#signal('closeSent')
  }

  #write(firstByte: number, payload: Uint8Array): void {
    const key = this.#maskingKey()
    const { output } = this
    const first = Math.min(payload.length, pieceBytes)
    output.commit(writeFrame(output.arena, firstByte, payload, first, key))
    // A large payload goes through the arena piece by piece: it stays in the cache, and needs no large buffer.
    for (let at = first; at < payload.length; at += pieceBytes) {
      this.#sink.full?.()
      // The link may be gone by now.
      if (this.#state !== OPEN) return
      output.commit(writePiece(output.arena, payload, at, Math.min(at + pieceBytes, payload.length), key))
    }
  }

  #maskingKey(): number | undefined {
    return this.#settings.role === 'client' ? this.#settings.maskingKey() : undefined
  }

  // ------------------------------------------------------------------------------------------------ failing

  /** Fails the connection (§7.1.7) because of `error`: sends its close code, and looks at no further input. */
  fail(error: ProtocolError): void {
    if (this.#discarding) return
    this.#discard()
    this.#signal('failed')
    this.sendClose(error.closeCode, this.#settings.tellsFaults === false ? '' : error.message)
    this.#sink.failed(error)
  }

  /** Fails while reading: as far as anyone is concerned the input has been used up. */
  #fail(fault: ProtocolError): number {
    this.fail(fault)
    return 0
  }

  #discard(): void {
    this.#discarding = true
    this.#held = undefined
    this.#inFrame = false
    this.#forgetMessage()
  }

  #signal(signal: Signal): void {
    this.#state = transitions[this.#state][signal] ?? this.#state
  }
}

/** A copy of what follows `start`: `slice` would not copy a `Buffer`. */
function copied(bytes: Uint8Array, start: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start))
}
