import { Buffer } from 'node:buffer'

/** Frames made and read by hand, apart from the code under test (RFC 6455 §5.2). */

export const CONTINUATION = 0
export const TEXT = 1
export const BINARY = 2
export const CLOSE = 8
export const PING = 9
export const PONG = 10

export interface FrameParts {
  fin?: boolean
  rsv1?: boolean
  /** The masking key; `false` for none. @default 0x37fa213d */
  mask?: number | false
  /** Length to declare, where that is not the payload's. */
  declared?: number | bigint
  /** How many bits the length takes, where that is not the fewest. */
  lengthBits?: 7 | 16 | 64
}

/** A frame as a client sends it. */
export function frame(opcode: number, payload: string | Uint8Array = '', parts: FrameParts = {}): Buffer {
  const body = Buffer.from(payload as string)
  const { fin = true, rsv1 = false, mask = 0x37fa213d, declared = body.length } = parts
  const length = Number(declared)
  const bits = parts.lengthBits ?? (length < 126 ? 7 : length < 65_536 ? 16 : 64)
  const head = Buffer.alloc(2 + (bits === 7 ? 0 : bits / 8) + (mask === false ? 0 : 4))
  head[0] = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode
  head[1] = (mask === false ? 0 : 0x80) | (bits === 7 ? length : bits === 16 ? 126 : 127)
  if (bits === 16) head.writeUInt16BE(length, 2)
  if (bits === 64) head.writeBigUInt64BE(BigInt(declared), 2)
  if (mask !== false) {
    head.writeUInt32BE(mask >>> 0, head.length - 4)
    const key = head.subarray(head.length - 4)
    for (let at = 0; at < body.length; at++) body[at] = (body[at] as number) ^ (key[at & 3] as number)
  }
  return Buffer.concat([head, body])
}

export const text = (payload: string, parts?: FrameParts): Buffer => frame(TEXT, payload, parts)
export const binary = (payload: Uint8Array, parts?: FrameParts): Buffer => frame(BINARY, payload, parts)
export const ping = (payload: string | Uint8Array = ''): Buffer => frame(PING, payload)
export const pong = (payload: string | Uint8Array = ''): Buffer => frame(PONG, payload)

export function close(code?: number, reason = ''): Buffer {
  if (code === undefined) return frame(CLOSE)
  return frame(CLOSE, Buffer.concat([Buffer.of(code >>> 8, code & 255), Buffer.from(reason)]))
}

export interface Frame {
  fin: boolean
  rsv1: boolean
  opcode: number
  masked: boolean
  payload: Buffer
}

/** The frame at the start of `bytes` and where it ends; while it is not there whole, how many bytes it takes at least. */
export function readFrame(bytes: Buffer): { frame: Frame; length: number } | number {
  if (bytes.length < 2) return 2
  const first = bytes.readUInt8(0)
  const second = bytes.readUInt8(1)
  const masked = (second & 0x80) !== 0
  let length = second & 0x7f
  let at = 2
  if (length === 126) {
    if (bytes.length < 4) return 4
    length = bytes.readUInt16BE(2)
    at = 4
  } else if (length === 127) {
    if (bytes.length < 10) return 10
    length = Number(bytes.readBigUInt64BE(2))
    at = 10
  }
  const key = masked ? bytes.subarray(at, at + 4) : undefined
  if (masked) at += 4
  if (bytes.length < at + length) return at + length
  const payload = Buffer.from(bytes.subarray(at, at + length))
  if (key !== undefined) {
    for (let index = 0; index < length; index++)
      payload[index] = (payload[index] as number) ^ (key[index & 3] as number)
  }
  const frame = {
    fin: (first & 0x80) !== 0,
    rsv1: (first & 0x40) !== 0,
    opcode: first & 0x0f,
    masked,
    payload,
  }
  return { frame, length: at + length }
}
