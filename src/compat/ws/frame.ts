import { Buffer } from 'node:buffer'
import { frameHeaderLength, writeFrameHeader } from '../../protocol/frame-header.ts'
import { maskInPlace } from '../../protocol/mask.ts'
import { FIN, RSV1 } from '../../protocol/opcode.ts'
import { runtime } from '../../runtime/node/runtime.ts'

/** A frame's header, and whether its data may be masked in place. */
export interface FrameOptions {
  /** @default false */
  readonly fin?: boolean | undefined
  /** Writes the masking key; random keys where it is absent. */
  readonly generateMask?: ((mask: Buffer) => void) | undefined
  /** @default false */
  readonly mask?: boolean | undefined
  /** Memory for the masking key. */
  readonly maskBuffer?: Buffer | undefined
  readonly opcode: number
  /** Whether the data must stay as it is; where not, masking changes it. @default false */
  readonly readOnly?: boolean | undefined
  /** @default false */
  readonly rsv1?: boolean | undefined
}

const sharedMask = Buffer.alloc(4)

/** One frame as a list of pieces to write: its header, and `data` where that could be left as it is. */
export function frame(data: string | Uint8Array, options: FrameOptions): (Buffer | string)[] {
  const key = options.mask === true ? maskingKey(options) : undefined
  const isPlainText = typeof data === 'string' && (key === undefined || key === 0)
  const bytes = isPlainText ? undefined : asBuffer(data)
  const length = bytes === undefined ? Buffer.byteLength(data as string) : bytes.length
  const headerLength = frameHeaderLength(length, key !== undefined)
  const copies = bytes !== undefined && key !== undefined && key !== 0 && options.readOnly === true
  const target = Buffer.allocUnsafe(copies ? headerLength + length : headerLength)
  const first = (options.fin ? FIN : 0) | (options.rsv1 ? RSV1 : 0) | options.opcode
  writeFrameHeader(target, 0, first, length, key)
  if (length === 0) return [target]
  if (bytes === undefined) return [target, data as string]
  if (key === undefined || key === 0) return [target, bytes]
  if (copies) {
    bytes.copy(target, headerLength)
    maskInPlace(target, headerLength, target.length, key)
    return [target]
  }
  maskInPlace(bytes, 0, length, key)
  return [target, bytes]
}

function asBuffer(data: string | Uint8Array): Buffer {
  if (typeof data === 'string') return Buffer.from(data)
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.length)
}

function maskingKey({ generateMask, maskBuffer = sharedMask }: FrameOptions): number {
  if (generateMask === undefined) return runtime.maskingKey()
  generateMask(maskBuffer)
  return maskBuffer.readInt32BE(0)
}

/** Masking keys as a connection wants them, out of a function that writes one. */
export function keysOf(generateMask: (mask: Buffer) => void): () => number {
  const options: FrameOptions = { generateMask, maskBuffer: Buffer.alloc(4), opcode: 0 }
  return () => maskingKey(options)
}
