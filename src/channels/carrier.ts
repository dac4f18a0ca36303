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
  /** How units travel between nodes. Without it sessions of the dialect go on only on the node they began on. */
  readonly transfer?: Transfer<Encoded> | undefined
}

/** How units of a dialect go from the node of a session to that of its client. */
export interface Transfer<Encoded extends Unit> {
  pack(unit: Encoded): string
  unpack(text: string): Encoded
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
  /** The client was heard by another way: it lives. With `asks` it wants to know whether this one still brings something. */
  alive?(asks: boolean): void
}
