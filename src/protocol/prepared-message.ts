import { frameHeaderLength, writeFrameHeader } from './frame-header.ts'
import { BINARY, FIN, RSV1, TEXT } from './opcode.ts'
import type { Arena } from './output.ts'

/** A message of a server as one frame, written once for any number of connections. */
export interface PreparedMessage {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

/** Writes a whole message into the arena, for `Connection.sendPrepared` in the same turn. */
export function prepareMessage(
  arena: Arena,
  type: 'text' | 'binary',
  payload: Uint8Array,
  compressed: boolean,
): PreparedMessage {
  const size = frameHeaderLength(payload.length, false) + payload.length
  arena.reserve(size)
  const { bytes, used } = arena
  const first = FIN | (compressed ? RSV1 : 0) | (type === 'text' ? TEXT : BINARY)
  bytes.set(payload, writeFrameHeader(bytes, used, first, payload.length, false, 0))
  arena.used = used + size
  return { bytes, start: used, end: used + size }
}
