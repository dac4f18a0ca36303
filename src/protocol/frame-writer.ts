import { frameHeaderLength, writeFrameHeader } from './frame-header.ts'
import { maskInPlace } from './mask.ts'
import { FIN, TEXT } from './opcode.ts'
import type { Arena } from './output.ts'
import type { TextCodec } from './text.ts'

/** Below this size a loop copies faster than a call. */
const copiedByHand = 48

/**
 * Writes a frame with the first `length` bytes of its payload where the arena is free, and answers how many bytes that
 * takes, for `Output.commit`; `writePiece` writes the others. `firstByte` is FIN, RSV and opcode; `key` the masking key,
 * or `undefined` for a frame that is not masked.
 */
export function writeFrame(
  arena: Arena,
  firstByte: number,
  payload: Uint8Array,
  length: number,
  key: number | undefined,
): number {
  const size = frameHeaderLength(payload.length, key !== undefined) + length
  arena.reserve(size)
  const { bytes, used } = arena
  const start = writeFrameHeader(bytes, used, firstByte, payload.length, key)
  if (length < copiedByHand) for (let at = 0; at < length; at++) bytes[start + at] = payload[at] as number
  else bytes.set(length === payload.length ? payload : payload.subarray(0, length), start)
  if (key !== undefined) maskInPlace(bytes, start, start + length, key)
  return size
}

/** Writes `payload[from, to)` of a frame whose beginning has been written, and answers its length. */
export function writePiece(
  arena: Arena,
  payload: Uint8Array,
  from: number,
  to: number,
  key: number | undefined,
): number {
  arena.reserve(to - from)
  const { bytes, used } = arena
  bytes.set(payload.subarray(from, to), used)
  if (key !== undefined) maskInPlace(bytes, used, used + to - from, key, from & 3)
  return to - from
}

/** Writes a whole text message as one frame: encodes it in place. */
export function writeTextFrame(
  arena: Arena,
  data: string,
  text: TextCodec<unknown>,
  key: number | undefined,
): number {
  // Up to 41 characters fit the short header whatever they are: no need to measure them first.
  let length = data.length * 3
  if (length > 125) length = text.byteLength(data)
  const headerLength = frameHeaderLength(length, key !== undefined)
  arena.reserve(headerLength + length)
  const { bytes, used } = arena
  const start = used + headerLength
  length = text.encodeInto(data, bytes, start)
  writeFrameHeader(bytes, used, FIN | TEXT, length, key)
  if (key !== undefined) maskInPlace(bytes, start, start + length, key)
  return headerLength + length
}
