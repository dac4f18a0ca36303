/** What stands for bytes in JSON: `{"$bytes":"AQID"}`, in base64. */
const mark = '$bytes'

/** A value as JSON. Bytes may be anywhere in it. */
export function toJson(value: unknown): string {
  // To look costs less than to let JSON ask for each value.
  return hasBytes(value) ? JSON.stringify(value, marked) : JSON.stringify(value)
}

/**
 * The value that JSON stands for, with its bytes.
 *
 * @throws {SyntaxError} where it is no JSON
 */
export function fromJson(text: string): unknown {
  return text.includes(mark) ? JSON.parse(text, unmarked) : JSON.parse(text)
}

function hasBytes(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (ArrayBuffer.isView(value)) return true
  for (const key in value) if (hasBytes((value as Record<string, unknown>)[key])) return true
  return false
}

function marked(_key: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? { [mark]: toBase64(value) } : value
}

function unmarked(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, mark)) return value
  const text = (value as Record<string, unknown>)[mark]
  const isMark = typeof text === 'string' && Object.keys(value).length === 1
  return (isMark && fromBase64(text)) || value
}

/** At most so many bytes are turned into letters by one call: more would be too many arguments. */
const pieceLength = 8_192

/** RFC 4648 §4. */
export function toBase64({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
  let letters = ''
  for (let at = 0; at < bytes.length; at += pieceLength) {
    letters += String.fromCharCode(...bytes.subarray(at, at + pieceLength))
  }
  return btoa(letters)
}

/** The bytes, or nothing where it is not base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
  } catch {
    return undefined
  }
}
