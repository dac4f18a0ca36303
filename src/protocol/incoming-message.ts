import type { ProtocolError } from '../errors.ts'
import type { MessageCompression } from './compression.ts'
import type { ConnectionSettings, ConnectionSink } from './connection.ts'
import { TEXT } from './opcode.ts'
import { StreamedMessage } from './streamed-message.ts'
import { WholeMessage } from './whole-message.ts'

/**
 * A message that did not come whole in one frame and one chunk: checks its limits and its text as it comes, and hands
 * it over. Each method answers the fault that fails the connection, if there is one.
 */
export interface IncomingMessage {
  /** Most payload bytes that `take` may be given at once. */
  readonly mostAtOnce: number
  /** Memory taken by what has come of it, in bytes. */
  readonly heldBytes: number
  /** The next frame of the message begins, with `length` bytes of payload. */
  begin(length: number, last: boolean): ProtocolError | undefined
  /** Takes unmasked payload. */
  take(payload: Uint8Array): ProtocolError | undefined
  /** The last frame is complete. */
  finish(): ProtocolError | undefined
  /** The connection looks at nothing more, so nothing more is handed over. */
  close(): void
}

export function incomingMessage<Text>(
  settings: ConnectionSettings<Text>,
  sink: ConnectionSink<Text>,
  opcode: number,
  compression: MessageCompression | undefined,
): IncomingMessage {
  const type = opcode === TEXT ? 'text' : 'binary'
  return settings.streamed
    ? new StreamedMessage(settings, sink, type, compression)
    : new WholeMessage(settings, sink, type, compression)
}
