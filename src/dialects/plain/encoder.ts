import type { Encoder, SessionEvent } from '../../channels/carrier.ts'
import { SharedMessage } from '../../protocol/shared-message.ts'
import type { TextCodec } from '../../protocol/text.ts'
import type { Unit } from '../../session/outbox.ts'
import { messageOf } from './texts.ts'

/** What an event counts for that a WebSocket does not hear. */
const otherBytes = 100

/** An event as it is, for who writes it a way of its own, and as the message that WebSockets get. */
export interface PlainUnit extends Unit {
  readonly event: SessionEvent
  /** Nothing where it is none of their business. */
  readonly message: SharedMessage | undefined
}

/** Writes events; one for many sessions in a row is written once. `ownEvent` is what a bare text is. */
export function plainEncoder(ownEvent: string, text: TextCodec): Encoder<PlainUnit> {
  let last: PlainUnit | undefined
  return {
    name: 'plain',
    encode(event) {
      if (last?.event === event) return last
      const data = messageOf(event, ownEvent)
      const message = data === undefined ? undefined : new SharedMessage(data, text)
      last = { event, message, byteLength: message?.byteLength ?? otherBytes }
      return last
    },
  }
}
