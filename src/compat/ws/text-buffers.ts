import { Buffer, isUtf8 } from 'node:buffer'
import type { TextCodec } from '../../protocol/text.ts'
import { runtime } from '../../runtime/node/runtime.ts'
import { emptyBuffer } from './constants.ts'

/** Up to this length a loop copies and checks for ASCII faster than two calls do. */
const shortLength = 64

/**
 * Text messages as Buffers: their UTF-8 is checked, but no string is made. Input that is a `Buffer` belongs to the link
 * and is copied; all other is the connection's own and may be kept.
 */
export const checkedText: TextCodec<Buffer> = {
  ...runtime.text,
  decode(bytes, start, end) {
    const length = end - start
    if (length === 0) return emptyBuffer
    if (!Buffer.isBuffer(bytes) || length > shortLength) {
      const whole = kept(bytes, start, end)
      return isUtf8(whole) ? whole : undefined
    }
    const copy = Buffer.allocUnsafe(length)
    let bits = 0
    for (let at = 0; at < length; at++) {
      const byte = bytes[start + at] as number
      copy[at] = byte
      bits |= byte
    }
    return bits < 0x80 || isUtf8(copy) ? copy : undefined
  },
}

/** The same for `skipUTF8Validation`. */
export const uncheckedText: TextCodec<Buffer> = { ...checkedText, unchecked: true, decode: kept }

/** `bytes[start, end)` as a Buffer that the application may keep. */
export function kept(bytes: Uint8Array, start: number, end: number): Buffer {
  if (start === end) return emptyBuffer
  if (!Buffer.isBuffer(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
  const copy = Buffer.allocUnsafe(end - start)
  bytes.copy(copy, 0, start, end)
  return copy
}
