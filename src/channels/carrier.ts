import type { CountedFrame, Why } from '../codec/frame.ts'
import type { Unit } from '../session/outbox.ts'

/** What happens in a session, in the order in which its peer has to hear it. Frames as objects: each dialect writes them its way. */
export type SessionEvent = CountedFrame

/** How a dialect writes what happens. */
export interface Encoder<Encoded extends Unit> {
  /** Name of the dialect. */
  readonly name: string
  /** One event, indivisible; the same object may come for many sessions in a row. */
  encode(event: SessionEvent): Encoded
}

/** Why a carrier or a session ends, and what its peer should do. */
export interface Ending {
  readonly why: Why
  readonly message?: string | undefined
  readonly reconnect?: boolean | undefined
  readonly afterMs?: number | undefined
  readonly url?: string | undefined
}

/** One way to a peer that is open now. */
export interface Carrier {
  /** Units wait: take them when there is room. */
  wake(): void
  /** The carrier is wanted no more. */
  close(ending: Ending): void
}
