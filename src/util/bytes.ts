/**
 * The bytes of any buffer or view, without a copy.
 *
 * @throws {TypeError} where `data` is neither
 */
export function bytesOf(data: ArrayBufferLike | ArrayBufferView): Uint8Array {
  if (data instanceof Uint8Array) return data
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data)
  throw new TypeError(
    `Expected a string, an ArrayBuffer or a view, not ${data === null ? 'null' : typeof data}`,
  )
}

/** Copies up to this size share a block; larger ones have a buffer of their own. */
const pooledUpTo = 4_096
const blockBytes = 65_536
let block: Uint8Array = new Uint8Array(0)
let used = 0

/** A copy of `bytes` that may be kept. Small ones are parts of a shared block, so `.buffer` is larger than they are. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const { length } = bytes
  if (length > pooledUpTo) return new Uint8Array(bytes)
  if (used + length > block.length) {
    block = new Uint8Array(blockBytes)
    used = 0
  }
  const copy = block.subarray(used, used + length)
  // Aligned, so that typed arrays of any element may be laid over a message.
  used = (used + length + 7) & ~7
  if (length < 48) for (let at = 0; at < length; at++) copy[at] = bytes[at] as number
  else copy.set(bytes)
  return copy
}
