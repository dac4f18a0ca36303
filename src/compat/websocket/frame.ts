import { Buffer } from 'node:buffer'
import { frameHeaderLength, writeFrameHeader } from '../../protocol/frame-header.ts'
import { maskInPlace } from '../../protocol/mask.ts'
import { CLOSE } from '../../protocol/opcode.ts'
import { runtime } from '../../runtime/node/index.ts'
import type { IConfig } from './config.ts'

/** A queue of bytes that a frame can be read from. */
export interface IBufferList {
  readonly length: number
  joinInto(target: Buffer, offset: number, start: number, end: number): Buffer
  advance(bytes: number): unknown
  take(bytes: number): Buffer
}

const reading = { header: 1, length16: 2, length64: 3, maskKey: 4, payload: 5, complete: 6 } as const

/** One frame as an object (RFC 6455 §5.2): what the event `frame` gives, and what `connection.sendFrame` takes. */
export class WebSocketFrame {
  maskBytes: Buffer
  frameHeader: Buffer
  config: IConfig
  maxReceivedFrameSize: number
  /** Whether a rule was broken by the frame read; `dropReason` says which. */
  protocolError = false
  frameTooLarge = false
  invalidCloseFrameLength = false
  dropReason: string | undefined
  parseState: number = reading.header
  /** Close code of a close frame; -1 where it has none. */
  closeStatus = -1
  fin = false
  rsv1 = false
  rsv2 = false
  rsv3 = false
  mask = false
  opcode = 0
  /** Payload bytes of a frame that was read, or of the last `toBuffer`. */
  length = 0
  /** The payload; of a close frame, the reason only. */
  binaryPayload: Buffer | undefined

  /** `maskBytes` and `frameHeader` are memory to read into; `config` holds the limit of `addData`. */
  constructor(
    maskBytes: Buffer = Buffer.alloc(4),
    frameHeader: Buffer = Buffer.alloc(10),
    config: IConfig = {},
  ) {
    this.maskBytes = maskBytes
    this.frameHeader = frameHeader
    this.config = config
    this.maxReceivedFrameSize = config.maxReceivedFrameSize ?? Number.POSITIVE_INFINITY
  }

  /** Reads on in `list`; true when the frame is complete or wrong, false while there is too little. */
  addData(list: IBufferList): boolean {
    if (this.parseState === reading.header && list.length >= 2) {
      this.#read(list, 0, 2)
      const first = this.frameHeader[0] as number
      const second = this.frameHeader[1] as number
      this.#takeFirstByte(first)
      this.mask = second >= 0x80
      this.length = second & 0x7f
      if (this.opcode >= CLOSE && this.length > 125)
        return this.#wrong('Illegal control frame longer than 125 bytes.')
      if (this.opcode >= CLOSE && !this.fin) return this.#wrong('Control frames must not be fragmented.')
      this.parseState =
        this.length === 126 ? reading.length16 : this.length === 127 ? reading.length64 : reading.maskKey
    }
    if (this.parseState === reading.length16 && list.length >= 2) {
      this.#read(list, 2, 2)
      this.length = this.frameHeader.readUInt16BE(2)
      this.parseState = reading.maskKey
    } else if (this.parseState === reading.length64 && list.length >= 8) {
      this.#read(list, 2, 8)
      if (this.frameHeader.readUInt32BE(2) !== 0)
        return this.#wrong('Unsupported 64-bit length frame received')
      this.length = this.frameHeader.readUInt32BE(6)
      this.parseState = reading.maskKey
    }
    if (this.parseState === reading.maskKey && (!this.mask || list.length >= 4)) {
      if (this.mask) {
        list.joinInto(this.maskBytes, 0, 0, 4)
        list.advance(4)
      }
      this.parseState = reading.payload
    }
    return this.parseState === reading.payload && this.#readPayload(list)
  }

  /** Takes the payload from `list` unread; false while there is too little. */
  throwAwayPayload(list: IBufferList): boolean {
    if (list.length < this.length) return false
    list.advance(this.length)
    this.parseState = reading.complete
    return true
  }

  /** The frame as it goes on the wire; masked where `mask` is set, with a key of zero for `nullMask`. */
  toBuffer(nullMask = false): Buffer {
    const payload = this.#wirePayload()
    this.length = payload.length
    const key = !this.mask ? undefined : nullMask ? 0 : runtime.maskingKey()
    const bytes = Buffer.allocUnsafe(frameHeaderLength(payload.length, this.mask) + payload.length)
    const firstByte =
      (this.fin ? 0x80 : 0) |
      (this.rsv1 ? 0x40 : 0) |
      (this.rsv2 ? 0x20 : 0) |
      (this.rsv3 ? 0x10 : 0) |
      (this.opcode & 0x0f)
    const start = writeFrameHeader(bytes, 0, firstByte, payload.length, key)
    bytes.set(payload, start)
    if (key !== undefined && key !== 0) maskInPlace(bytes, start, bytes.length, key)
    return bytes
  }

  toString(): string {
    return `Opcode: ${this.opcode}, fin: ${this.fin}, length: ${this.length}, hasPayload: ${this.binaryPayload !== undefined}, masked: ${this.mask}`
  }

  /** @internal A frame that was read elsewhere; `payload` is kept. */
  static of(firstByte: number, masked: boolean, payload: Buffer, config: IConfig): WebSocketFrame {
    const frame = new WebSocketFrame(undefined, undefined, config)
    frame.#takeFirstByte(firstByte)
    frame.mask = masked
    frame.length = payload.length
    frame.#takePayload(payload)
    return frame
  }

  #takeFirstByte(first: number): void {
    this.fin = (first & 0x80) !== 0
    this.rsv1 = (first & 0x40) !== 0
    this.rsv2 = (first & 0x20) !== 0
    this.rsv3 = (first & 0x10) !== 0
    this.opcode = first & 0x0f
  }

  #read(list: IBufferList, offset: number, bytes: number): void {
    list.joinInto(this.frameHeader, offset, 0, bytes)
    list.advance(bytes)
  }

  #readPayload(list: IBufferList): boolean {
    if (this.length > this.maxReceivedFrameSize) {
      this.frameTooLarge = true
      this.dropReason = `Frame size of ${this.length} bytes exceeds maximum accepted frame size`
      return true
    }
    if (list.length < this.length) return false
    const payload = this.length === 0 ? Buffer.alloc(0) : list.take(this.length)
    list.advance(this.length)
    if (this.mask) maskInPlace(payload, 0, payload.length, this.maskBytes.readInt32BE(0))
    this.#takePayload(payload)
    return true
  }

  #takePayload(payload: Buffer): void {
    this.parseState = reading.complete
    this.binaryPayload = payload
    if (this.opcode !== CLOSE || payload.length === 0) return
    this.invalidCloseFrameLength = payload.length === 1
    if (!this.invalidCloseFrameLength) this.closeStatus = payload.readUInt16BE(0)
    this.binaryPayload = payload.subarray(2)
  }

  /** Of a close frame the code stands in front of the reason (§5.5.1). */
  #wirePayload(): Uint8Array {
    const payload = this.binaryPayload ?? Buffer.alloc(0)
    if (this.opcode !== CLOSE) return payload
    const withCode = Buffer.allocUnsafe(2 + payload.length)
    withCode.writeUInt16BE(this.closeStatus, 0)
    withCode.set(payload, 2)
    return withCode
  }

  #wrong(reason: string): true {
    this.protocolError = true
    this.dropReason = reason
    return true
  }
}
