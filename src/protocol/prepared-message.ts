import { writeFrame } from './frame-writer.ts'
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
  const firstByte = FIN | (compressed ? RSV1 : 0) | (type === 'text' ? TEXT : BINARY)
  const size = writeFrame(arena, firstByte, payload, payload.length, undefined)
  const start = arena.used
  arena.used = start + size
  return { bytes: arena.bytes, start, end: start + size }
}
