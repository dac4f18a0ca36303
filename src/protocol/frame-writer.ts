import { frameHeaderLength, writeFrameHeader } from './frame-header.ts'
import { maskInPlace } from './mask.ts'
import { FIN, TEXT } from './opcode.ts'
import type { Arena } from './output.ts'
import type { TextCodec } from './text.ts'

/** Below this size a loop copies faster than a call. */
const copiedByHand = 48

/**
 * Writes a frame where the arena is free and answers its length, for `Output.commit`. `firstByte` is FIN, RSV and
 * opcode; `key` the masking key, or `undefined` for a frame that is not masked.
 */
export function writeFrame(
  arena: Arena,
  firstByte: number,
  payload: Uint8Array,
  key: number | undefined,
): number {
  const { length } = payload
  const size = frameHeaderLength(length, key !== undefined) + length
  arena.reserve(size)
  const { bytes, used } = arena
  const start = writeFrameHeader(bytes, used, firstByte, length, key)
  if (length < copiedByHand) for (let at = 0; at < length; at++) bytes[start + at] = payload[at] as number
  else bytes.set(payload, start)
  if (key !== undefined) maskInPlace(bytes, start, start + length, key)
  return size
}

/** Writes a whole text message as one frame: encodes it in place. */
export function writeTextFrame(arena: Arena, data: string, text: TextCodec, key: number | undefined): number {
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
