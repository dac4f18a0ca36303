import { type ErrorCode, LimitError, ProtocolError } from '../errors.ts'
import { Utf8Validator } from '../util/utf8.ts'
import {
  type CloseFrame,
  INVALID_PAYLOAD,
  isWireCloseCode,
  MESSAGE_TOO_BIG,
  maxReasonBytes,
  NO_STATUS_RECEIVED,
  POLICY_VIOLATION,
  PROTOCOL_ERROR,
} from './close-code.ts'
import { flushTail, type MessageCompression, type MessageInflater, ratioFreeBytes } from './compression.ts'
import { frameHeaderLength, readUint32, writeFrameHeader } from './frame-header.ts'
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
import { OPEN, type ReadyState, type Signal, transitions } from './ready-state.ts'
import type { TextCodec } from './text.ts'

export type Role = 'client' | 'server'

/** What a connection tells its owner, during `receive`. Bytes it hands over are valid only during the call, unless owned. */
export interface ConnectionSink {
  text(data: string): void
  /** `owned`: the bytes are the receiver's to keep; otherwise they are a view of the input. */
  binary(data: Uint8Array, owned: boolean): void
  /** A piece of a message, where messages are streamed. Text has been checked to be UTF-8 so far. */
  fragment(data: Uint8Array, type: 'text' | 'binary', first: boolean, last: boolean): void
  ping(data: Uint8Array): void
  pong(data: Uint8Array): void
  /** The peer's close frame; it has been answered. */
  close(code: number, reason: string): void
  /** The peer broke a rule; a close frame with `error.closeCode` has been written. */
  failed(error: ProtocolError): void
}

/** What all connections of one endpoint share. */
export interface ConnectionSettings {
  readonly role: Role
  readonly limits: Readonly<Pick<Limits, 'maxMessageBytes' | 'maxFragments' | 'maxInflationRatio'>>
  readonly text: TextCodec
  /** Whether messages are handed over in pieces, as they come, instead of whole. */
  readonly streamed: boolean
  /** An unpredictable 32-bit masking key for each frame; only clients need it (RFC 6455 §5.3). */
  readonly maskingKey: () => number
}

/** A large message grows its buffer by this factor, so that a declared length alone costs no memory. */
const growth = 4
const firstCapacity = 65_536
/** Pieces of compressed input for streamed messages: bounds what one of them can inflate to. */
const inflatePieceBytes = 4096

const nothing = new Uint8Array(0)

/**
 * One WebSocket connection after its opening handshake (RFC 6455 §5–§8, RFC 7692 §7), as a pure machine: bytes go in by
 * `receive`, what happened goes to the sink, what is to be sent goes to the output. It never throws because of what
 * the peer did; it fails the connection and says why.
 *
 * The input may be unmasked in place and is not kept. A whole message in one frame of one chunk, by far the most
 * common, is handed over straight from the input.
 */
export class Connection {
  readonly output: Output
  readonly #settings: ConnectionSettings
  readonly #sink: ConnectionSink
  readonly #compression: MessageCompression | undefined

  #state: ReadyState = OPEN
  closeSent: CloseFrame | undefined
  closeReceived: CloseFrame | undefined
  /** Which side's close frame came first. */
  closeFirst: 'local' | 'remote' | undefined

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
  #control: Uint8Array | undefined

  /** The message in progress; opcode 0 while there is none. */
  #messageOpcode = 0
  #messageCompressed = false
  #messageFragments = 0
  #messageLength = 0
  #message: Uint8Array | undefined
  #utf8: Utf8Validator | undefined
  #inflater: MessageInflater | undefined
  #streamStarted = false

  constructor(
    settings: ConnectionSettings,
    sink: ConnectionSink,
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

  // ------------------------------------------------------------------------------------------------ receiving

  /** Takes the next bytes of the link. */
  receive(chunk: Uint8Array): void {
    if (this.#discarding) return
    let bytes = chunk
    if (this.#held !== undefined) {
      bytes = joined(this.#held, chunk)
      this.#held = undefined
    }
    if (this.#paused) {
      this.#held = bytes === chunk ? chunk.slice() : bytes
      return
    }
    this.#parse(bytes)
  }

  /** Reads frames until the bytes run out; false when nothing further will be read. */
  #parse(bytes: Uint8Array): boolean {
    const isServer = this.#settings.role === 'server'
    const maskBit = isServer ? 0x80 : 0
    const end = bytes.length
    let at = 0
    for (;;) {
      if (!this.#inFrame) {
        // §5.2: two bytes, the extended length, the key.
        if (end - at < 2) break
        const first = bytes[at] as number
        const second = bytes[at + 1] as number
        const plain = (first === (FIN | BINARY) || first === (FIN | TEXT)) && this.#messageOpcode === 0
        if (!plain || (second & 0x80) !== maskBit) {
          if (!this.#checkHeader(first, second)) return false
        }
        let length = second & 0x7f
        let next = at + 2
        if (length === 126) {
          next = at + 4
          if (next > end) break
          length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
          if (length < 126) return this.#failMinimal()
        } else if (length === 127) {
          next = at + 10
          if (next > end) break
          const high = readUint32(bytes, at + 2)
          const low = readUint32(bytes, at + 6)
          if (high > 0x7fff_ffff) {
            return this.#fail('ERR_LENGTH_INVALID', 'The 64-bit length has its highest bit set', '§5.2')
          }
          if (high === 0 && low < 65_536) return this.#failMinimal()
          if (high > 0x1f_ffff) return this.#failTooLarge()
          length = high * 0x1_0000_0000 + low
        }
        if (isServer) {
          if (next + 4 > end) break
          this.#key = readUint32(bytes, next)
          next += 4
        }
        at = next
        if (first & 0x08) {
          this.#control = nothing
        } else {
          const { limits } = this.#settings
          const compressed = plain
            ? false
            : (first & RSV1) !== 0 || (this.#messageOpcode !== 0 && this.#messageCompressed)
          if (
            length > limits.maxMessageBytes - this.#messageLength &&
            (!compressed || length > compressedLimit(limits.maxMessageBytes) - this.#messageLength)
          ) {
            return this.#failTooLarge()
          }
          if (plain && length <= end - at && !this.#settings.streamed) {
            // The common case: a whole message, here and now.
            const stop = at + length
            if (isServer) maskInPlace(bytes, at, stop, this.#key)
            if (first === (FIN | BINARY)) this.#sink.binary(bytes.subarray(at, stop), false)
            else {
              const text = this.#settings.text.decode(bytes, at, stop)
              if (text === undefined) return this.#failUtf8()
              this.#sink.text(text)
            }
            at = stop
            if (this.#discarding) return false
            if (this.#paused) break
            continue
          }
          if (!this.#startDataFrame(first & 0x0f, compressed)) return false
        }
        this.#inFrame = true
        this.#opcode = first & 0x0f
        this.#fin = (first & FIN) !== 0
        this.#left = length
        this.#phase = 0
      }
      const take = Math.min(this.#left, end - at)
      if (take > 0) {
        if (isServer) {
          maskInPlace(bytes, at, at + take, this.#key, this.#phase)
          this.#phase = (this.#phase + take) & 3
        }
        this.#left -= take
        if (!this.#takePayload(bytes, at, at + take)) return false
        at += take
      }
      if (this.#left === 0) {
        this.#inFrame = false
        if (!this.#finishFrame()) return false
      } else if (at === end) break
      if (this.#discarding) return false
      if (this.#paused) break
    }
    if (at < end) this.#held = bytes.slice(at)
    return true
  }

  /** No message is handed over until `resume`; what arrives meanwhile is kept, so the link should be paused too. */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#held !== undefined) this.receive(nothing)
  }

  get paused(): boolean {
    return this.#paused
  }

  /** The link is gone: nothing comes or goes any more. */
  linkClosed(): void {
    this.#signal('linkClosed')
    this.#discard()
    this.output.discard()
  }

  /** The checks of §5.2, §5.4 and §5.5 on the first two bytes of a header. */
  #checkHeader(first: number, second: number): boolean {
    const opcode = first & 0x0f
    const isControl = opcode >= 0x8
    const rsv = first & RSV_ALL
    if (rsv !== 0) {
      const mayCompress = this.#compression !== undefined && (opcode === TEXT || opcode === BINARY)
      if (rsv !== RSV1 || !mayCompress) {
        return this.#fail('ERR_RESERVED_BIT', `A reserved bit is set on opcode ${opcode}`, '§5.2')
      }
    }
    if ((opcode > BINARY && opcode < CLOSE) || opcode > PONG) {
      return this.#fail('ERR_RESERVED_OPCODE', `Opcode ${opcode} is reserved`, '§5.2')
    }
    if (this.#settings.role === 'server' && !(second & 0x80)) {
      return this.#fail('ERR_MASK_MISSING', 'A frame of the client is not masked', '§5.1')
    }
    if (this.#settings.role === 'client' && second & 0x80) {
      return this.#fail('ERR_MASK_UNEXPECTED', 'A frame of the server is masked', '§5.1')
    }
    if (isControl) {
      if (!(first & FIN)) {
        return this.#fail('ERR_CONTROL_FRAGMENTED', 'A control frame is fragmented', '§5.5')
      }
      if ((second & 0x7f) > maxControlPayloadBytes) {
        return this.#fail(
          'ERR_CONTROL_TOO_LONG',
          'A control frame has more than 125 bytes of payload',
          '§5.5',
        )
      }
    } else if (opcode === CONTINUATION && this.#messageOpcode === 0) {
      return this.#fail('ERR_CONTINUATION_UNEXPECTED', 'A continuation frame continues nothing', '§5.4')
    } else if (opcode !== CONTINUATION && this.#messageOpcode !== 0) {
      return this.#fail('ERR_CONTINUATION_MISSING', 'A new message begins inside another', '§5.4')
    }
    return true
  }

  #startDataFrame(opcode: number, compressed: boolean): boolean {
    if (opcode !== CONTINUATION) {
      this.#messageOpcode = opcode
      this.#messageCompressed = compressed
      this.#streamStarted = false
      if (opcode === TEXT && (!compressed || this.#settings.streamed)) this.#utf8 ??= new Utf8Validator()
      if (compressed && this.#settings.streamed) this.#inflater = this.#compression?.streamed()
    }
    this.#messageFragments += 1
    const { maxFragments } = this.#settings.limits
    if (this.#messageFragments > maxFragments) {
      return this.#fail(
        'ERR_TOO_MANY_FRAGMENTS',
        `A message has more than ${maxFragments} fragments (option limits.maxFragments)`,
        '§10.4',
        POLICY_VIOLATION,
      )
    }
    return true
  }

  /** Takes unmasked payload of the frame in progress. */
  #takePayload(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#opcode >= CLOSE) {
      this.#control = joined(this.#control as Uint8Array, bytes.subarray(start, end))
      return true
    }
    if (this.#settings.streamed) return this.#stream(bytes, start, end)
    if (this.#messageOpcode === TEXT && !this.#messageCompressed) {
      const { text } = this.#settings
      if (!(this.#utf8 as Utf8Validator).push(bytes, start, end, text.isValid)) {
        return this.#failUtf8()
      }
    }
    this.#append(bytes, start, end)
    return true
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#messageLength + (end - start)
    if (this.#message === undefined || this.#message.length < needed) {
      // The last frame tells the length of the message; earlier on, and for large ones, memory follows what arrived.
      const known = this.#fin ? needed + this.#left : Number.POSITIVE_INFINITY
      const capacity = Math.min(
        known,
        Math.max(needed * growth, Math.min(firstCapacity, needed + this.#left)),
      )
      const room = new Uint8Array(capacity + (this.#messageCompressed ? flushTail.length : 0))
      if (this.#message !== undefined) room.set(this.#message.subarray(0, this.#messageLength))
      this.#message = room
    }
    this.#message.set(
      start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end),
      this.#messageLength,
    )
    this.#messageLength = needed
  }

  #finishFrame(): boolean {
    if (this.#opcode >= CLOSE) {
      const payload = this.#control as Uint8Array
      this.#control = undefined
      return this.#finishControl(payload)
    }
    return this.#fin ? this.#finishMessage() : true
  }

  #finishMessage(): boolean {
    const isText = this.#messageOpcode === TEXT
    if (isText && this.#utf8?.complete === false) {
      return this.#failUtf8()
    }
    const { text } = this.#settings
    if (this.#settings.streamed) return this.#finishStream()
    let message = this.#message ?? nothing
    let length = this.#messageLength
    const compressed = this.#messageCompressed
    this.#forgetMessage()
    if (compressed) {
      const inflated = this.#inflate(message, length)
      if (inflated === undefined) return false
      message = inflated
      length = inflated.length
    }
    if (isText) {
      const decoded = text.decode(message, 0, length)
      if (decoded === undefined) {
        return this.#failUtf8()
      }
      this.#sink.text(decoded)
    } else this.#sink.binary(length === message.length ? message : message.subarray(0, length), true)
    return true
  }

  #forgetMessage(): void {
    this.#message = undefined
    this.#messageOpcode = 0
    this.#messageLength = 0
    this.#messageFragments = 0
    this.#utf8?.reset()
    this.#inflater?.close()
    this.#inflater = undefined
  }

  /** The message inflated, or undefined after failing the connection. */
  #inflate(message: Uint8Array, length: number): Uint8Array | undefined {
    const { maxMessageBytes, maxInflationRatio } = this.#settings.limits
    let payload = message
    if (payload.length < length + flushTail.length) {
      payload = new Uint8Array(length + flushTail.length)
      payload.set(message.subarray(0, length))
    }
    payload.set(flushTail, length)
    const compression = this.#compression as MessageCompression
    const inflated = compression.inflate(payload.subarray(0, length + 4), maxMessageBytes, maxInflationRatio)
    if (inflated === 'corrupt') this.#failCorrupt()
    else if (inflated === 'tooLarge') this.#failTooLarge()
    else if (inflated === 'ratio') this.#failRatio()
    else return inflated
    return undefined
  }

  // ------------------------------------------------------------------------------------------------ streamed messages

  #stream(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#messageCompressed) {
      this.#messageLength += end - start
      return this.#handOver(bytes.subarray(start, end))
    }
    for (let at = start; at < end; at += inflatePieceBytes) {
      if (!this.#inflatePiece(bytes.subarray(at, Math.min(at + inflatePieceBytes, end)))) return false
      if (this.#discarding) return false
    }
    return true
  }

  #inflatePiece(piece: Uint8Array): boolean {
    const parts = this.#inflater?.push(piece) ?? 'corrupt'
    if (parts === 'corrupt') {
      return this.#failCorrupt()
    }
    const { maxMessageBytes, maxInflationRatio } = this.#settings.limits
    for (const part of parts) {
      this.#messageLength += part.length
      if (this.#messageLength > maxMessageBytes) {
        return this.#failTooLarge()
      }
      if (part.length > ratioFreeBytes && part.length > piece.length * maxInflationRatio) {
        return this.#failRatio()
      }
      if (!this.#handOver(part)) return false
      if (this.#discarding) return false
    }
    return true
  }

  #handOver(data: Uint8Array): boolean {
    if (this.#messageOpcode === TEXT) {
      const { text } = this.#settings
      if (!(this.#utf8 as Utf8Validator).push(data, 0, data.length, text.isValid)) {
        return this.#failUtf8()
      }
    }
    if (data.length > 0) this.#emitFragment(data, false)
    return true
  }

  #finishStream(): boolean {
    if (this.#messageCompressed && !this.#inflatePiece(flushTail)) return false
    if (this.#messageOpcode === TEXT && this.#utf8?.complete === false) {
      return this.#failUtf8()
    }
    this.#emitFragment(nothing, true)
    if (!this.#discarding) this.#forgetMessage()
    return true
  }

  #emitFragment(data: Uint8Array, last: boolean): void {
    const first = !this.#streamStarted
    this.#streamStarted = true
    this.#sink.fragment(data, this.#messageOpcode === TEXT ? 'text' : 'binary', first, last)
  }

  // ------------------------------------------------------------------------------------------------ control frames

  #finishControl(payload: Uint8Array): boolean {
    if (this.#opcode === PONG) this.#sink.pong(payload)
    else if (this.#opcode === PING) {
      if (this.holdPongs) this.#owedPong = payload
      else this.sendPong(payload)
      this.#sink.ping(payload)
    } else return this.#receiveClose(payload)
    return true
  }

  /** The closing handshake from the peer's side (§5.5.1, §7.1.5). */
  #receiveClose(payload: Uint8Array): boolean {
    let code = NO_STATUS_RECEIVED
    let reason: string | undefined = ''
    if (payload.length === 1) {
      return this.#fail('ERR_CLOSE_PAYLOAD', 'A close frame has a payload of one byte', '§5.5.1')
    }
    if (payload.length >= 2) {
      code = ((payload[0] as number) << 8) | (payload[1] as number)
      if (!isWireCloseCode(code)) {
        return this.#fail('ERR_CLOSE_CODE', `Close code ${code} must not be sent`, '§7.4')
      }
      reason = this.#settings.text.decode(payload, 2, payload.length)
      if (reason === undefined) {
        return this.#failUtf8()
      }
    }
    this.closeReceived = { code, reason }
    this.closeFirst ??= 'remote'
    this.#signal('closeReceived')
    this.#discard()
    if (code === NO_STATUS_RECEIVED) this.sendClose()
    else this.sendClose(code)
    this.#sink.close(code, reason)
    return false
  }

  /** Writes the pong held back while the link was behind, if one is owed. */
  payPong(): void {
    const owed = this.#owedPong
    this.#owedPong = undefined
    if (owed !== undefined) this.sendPong(owed)
  }

  // ------------------------------------------------------------------------------------------------ sending

  /** Sends a whole text message. A lone surrogate becomes U+FFFD. */
  sendText(data: string, compress = true): void {
    const { text, role } = this.#settings
    const { arena } = this.output
    if (this.#compression !== undefined && compress) {
      const length = text.byteLength(data)
      if (length >= this.#compression.thresholdBytes) {
        const bytes = new Uint8Array(length)
        text.encodeInto(data, bytes, 0)
        this.#write(FIN | RSV1 | TEXT, this.#compression.compress(bytes, true, true))
        return
      }
    }
    const masked = role === 'client'
    // Up to 41 characters fit the short header whatever they are: no need to measure them first.
    let length = data.length * 3
    if (length > 125) length = text.byteLength(data)
    const headerLength = frameHeaderLength(length, masked)
    arena.reserve(headerLength + length)
    const start = arena.used + headerLength
    length = text.encodeInto(data, arena.bytes, start)
    const key = masked ? this.#settings.maskingKey() : 0
    writeFrameHeader(arena.bytes, arena.used, FIN | TEXT, length, masked, key)
    if (masked) maskInPlace(arena.bytes, start, start + length, key)
    this.output.commit(headerLength + length)
  }

  /** Sends a whole binary message; `data` is copied. */
  sendBinary(data: Uint8Array, compress = true): void {
    if (this.#compression !== undefined && compress && data.length >= this.#compression.thresholdBytes) {
      this.#write(FIN | RSV1 | BINARY, this.#compression.compress(data, true, true))
    } else this.#write(FIN | BINARY, data)
  }

  /** Sends one fragment of a message; the first carries the type. */
  sendFragment(
    data: Uint8Array,
    type: 'text' | 'binary',
    first: boolean,
    last: boolean,
    compress = true,
  ): void {
    const compressing = this.#compression !== undefined && compress
    const opcode = first ? (type === 'text' ? TEXT : BINARY) : CONTINUATION
    const payload = compressing ? (this.#compression as MessageCompression).compress(data, last, first) : data
    this.#write((last ? FIN : 0) | (first && compressing ? RSV1 : 0) | opcode, payload)
  }

  sendPing(data: Uint8Array): void {
    this.#write(FIN | PING, data)
  }

  sendPong(data: Uint8Array): void {
    if (this.closeSent === undefined) this.#write(FIN | PONG, data)
  }

  /** Sends frames made elsewhere, once for many connections; they must suit the role and what was agreed. */
  sendPrepared(bytes: Uint8Array, start: number, end: number): void {
    this.output.append(bytes, start, end)
  }

  /** Starts or answers the closing handshake (§7.1.2); only the first call counts. `reason` needs a code. */
  sendClose(code: number = NO_STATUS_RECEIVED, reason = ''): void {
    if (this.closeSent !== undefined) return
    this.closeSent = { code, reason }
    this.closeFirst ??= 'local'
    this.#owedPong = undefined
    this.#signal('closeSent')
    if (code === NO_STATUS_RECEIVED) {
      this.#write(FIN | CLOSE, nothing)
      return
    }
    const { text } = this.#settings
    const payload = new Uint8Array(2 + Math.min(text.byteLength(reason), maxReasonBytes))
    payload[0] = code >>> 8
    payload[1] = code
    text.encodeInto(reason, payload, 2)
    this.#write(FIN | CLOSE, payload)
  }

  #write(firstByte: number, payload: Uint8Array): void {
    const masked = this.#settings.role === 'client'
    const { arena } = this.output
    const { length } = payload
    const headerLength = frameHeaderLength(length, masked)
    arena.reserve(headerLength + length)
    const key = masked ? this.#settings.maskingKey() : 0
    const { bytes } = arena
    const start = writeFrameHeader(bytes, arena.used, firstByte, length, masked, key)
    if (length < 48) for (let at = 0; at < length; at++) bytes[start + at] = payload[at] as number
    else bytes.set(payload, start)
    if (masked) maskInPlace(bytes, start, start + length, key)
    this.output.commit(headerLength + length)
  }

  // ------------------------------------------------------------------------------------------------ failing

  /** Fails the connection (§7.1.7): says why with a close frame and looks at no further input. */
  #fail(code: ErrorCode, message: string, section: string, closeCode = PROTOCOL_ERROR): false {
    const standard = `RFC 6455 ${section}`
    this.fail(new ProtocolError(code, closeCode, { message: `${message} (${standard})`, section: standard }))
    return false
  }

  /** Fails the connection because of `error`, whose close code is sent. */
  fail(error: ProtocolError): void {
    this.#discard()
    this.#signal('failed')
    this.sendClose(error.closeCode, error.message.slice(0, maxReasonBytes))
    this.#sink.failed(error)
  }

  #failMinimal(): false {
    return this.#fail('ERR_LENGTH_NOT_MINIMAL', 'A length is not in its shortest form', '§5.2')
  }

  #failUtf8(): false {
    return this.#fail('ERR_INVALID_UTF8', 'Text is not valid UTF-8', '§8.1', INVALID_PAYLOAD)
  }

  #failCorrupt(): false {
    const section = 'RFC 7692 §7.2.2'
    const message = `A compressed message cannot be inflated (${section})`
    this.fail(new ProtocolError('ERR_INFLATE_FAILED', INVALID_PAYLOAD, { message, section }))
    return false
  }

  #failTooLarge(): false {
    const { maxMessageBytes } = this.#settings.limits
    const message = `A message is larger than ${maxMessageBytes} bytes (option limits.maxMessageBytes)`
    this.fail(
      new LimitError('ERR_MESSAGE_TOO_LARGE', MESSAGE_TOO_BIG, { message, section: 'RFC 6455 §7.4.1' }),
    )
    return false
  }

  #failRatio(): false {
    const { maxInflationRatio } = this.#settings.limits
    const message = `A message inflates to over ${maxInflationRatio} times its size (option limits.maxInflationRatio)`
    this.fail(new LimitError('ERR_INFLATION_RATIO', MESSAGE_TOO_BIG, { message, section: 'RFC 7692 §8' }))
    return false
  }

  #discard(): void {
    this.#discarding = true
    this.#held = undefined
    this.#control = undefined
    this.#inFrame = false
    this.#forgetMessage()
  }

  #signal(signal: Signal): void {
    this.#state = transitions[this.#state][signal]
  }
}

/** Incompressible data grows a little under DEFLATE: this much on the wire may still be a message within the limit. */
function compressedLimit(maxMessageBytes: number): number {
  return maxMessageBytes + (maxMessageBytes >>> 10) + 64
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  if (tail.length === 0) return head
  const both = new Uint8Array(head.length + tail.length)
  both.set(head)
  both.set(tail, head.length)
  return both
}
