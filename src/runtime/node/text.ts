import { Buffer, isUtf8 } from 'node:buffer'
import type { TextCodec } from '../../protocol/text.ts'

/** UTF-8 by Node's native functions. */
export const nodeText: TextCodec = {
  decode(bytes, start, end) {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
    return isUtf8(view) ? view.toString('utf8') : undefined
  },
  isValid: (bytes) => isUtf8(bytes),
  byteLength: (text) => Buffer.byteLength(text),
  encodeInto: (text, bytes, offset) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).write(text, offset),
}
