/**
 * How text becomes bytes and back. The runtime hands in its fastest; `plainText` runs anywhere. `Text` is what a text
 * message is handed over as.
 */
export interface TextCodec<Text = string> {
  /** The text in `bytes[start, end)`, or `undefined` where that is not valid UTF-8. A byte order mark is kept. */
  decode(bytes: Uint8Array, start: number, end: number): Text | undefined
  /** Whether text is taken as it is, valid or not. @default false */
  readonly unchecked?: boolean
  /** Whether all of `bytes` is valid UTF-8. */
  isValid(bytes: Uint8Array): boolean
  /** Length of `text` in UTF-8 bytes; a lone surrogate counts as U+FFFD. */
  byteLength(text: string): number
  /** Writes `text` at `bytes[offset]`, where it is known to fit; answers how many bytes it took. */
  encodeInto(text: string, bytes: Uint8Array, offset: number): number
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lossyDecoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/** The text in `bytes[start, end)`, with U+FFFD for what is not valid UTF-8. */
export function lossyText(bytes: Uint8Array, start: number, end: number): string {
  return lossyDecoder.decode(bytes.subarray(start, end))
}

export const plainText: TextCodec = {
  decode(bytes, start, end) {
    try {
      return decoder.decode(bytes.subarray(start, end))
    } catch {
      return undefined
    }
  },
  isValid(bytes) {
    return plainText.decode(bytes, 0, bytes.length) !== undefined
  },
  byteLength(text) {
    let length = text.length
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at)
      if (unit < 0x80) continue
      if (unit < 0x800) length += 1
      else if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) {
        // A surrogate pair: two units, four bytes.
        length += 2
        at += 1
      } else length += 2
    }
    return length
  },
  encodeInto(text, bytes, offset) {
    return encoder.encodeInto(text, bytes.subarray(offset)).written
  },
}
