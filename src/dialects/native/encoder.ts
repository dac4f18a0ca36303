import type { Encoder, SessionEvent } from '../../channels/carrier.ts'
import { toJson } from '../../codec/json.ts'
import { SharedMessage } from '../../protocol/shared-message.ts'
import type { TextCodec } from '../../protocol/text.ts'

/** Writes frames as JSON; one for many sessions in a row is written once. */
export function jsonEncoder(text: TextCodec): Encoder<SharedMessage> {
  let last: SessionEvent | undefined
  let message: SharedMessage | undefined
  return {
    name: 'native',
    encode(event) {
      if (message === undefined || event !== last) {
        message = new SharedMessage(toJson(event), text)
        last = event
      }
      return message
    },
    transfer: {
      pack: ({ data }) => data as string,
      unpack: (data) => new SharedMessage(data, text),
    },
  }
}
