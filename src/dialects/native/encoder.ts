import type { Encoder, SessionEvent, Transfer } from '../../channels/carrier.ts'
import type { Codec } from '../../codec/codec.ts'
import { toJson } from '../../codec/json.ts'
import { SharedMessage } from '../../protocol/shared-message.ts'
import type { TextCodec } from '../../protocol/text.ts'

/** Frames as one end of the protocol writes them: in JSON, and with a codec where the client has it too. */
export interface FrameEncoders {
  readonly codec: Codec | undefined
  readonly json: Encoder<SharedMessage>
  /** JSON where there is no codec. */
  readonly packed: Encoder<SharedMessage>
}

export function frameEncoders(text: TextCodec, codec: Codec | undefined): FrameEncoders {
  const transfer: Transfer<SharedMessage> = {
    pack: (message) => lineOf(message, codec),
    unpack: (line) =>
      new SharedMessage(codec === undefined || line.startsWith('{') ? line : codec.fromText(line), text),
  }
  const json = encoderOf((event) => new SharedMessage(toJson(event), text), transfer)
  const packed =
    codec === undefined ? json : encoderOf((event) => new SharedMessage(codec.encode(event), text), transfer)
  return { codec, json, packed }
}

/** A frame for ways that carry text only. */
export function lineOf(frame: string | SharedMessage, codec: Codec | undefined): string {
  const data = typeof frame === 'string' ? frame : frame.data
  return typeof data === 'string' ? data : (codec as Codec).toText(data)
}

/** One event for many sessions in a row is written once. */
function encoderOf(
  write: (event: SessionEvent) => SharedMessage,
  transfer: Transfer<SharedMessage>,
): Encoder<SharedMessage> {
  let last: SessionEvent | undefined
  let message: SharedMessage | undefined
  return {
    name: 'native',
    encode(event) {
      if (message === undefined || event !== last) {
        message = write(event)
        last = event
      }
      return message
    },
    transfer,
  }
}
