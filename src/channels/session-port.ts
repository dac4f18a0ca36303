import type { NumberedFrame } from '../codec/frame.ts'
import type { Unit } from '../session/outbox.ts'
import type { Carrier, Ending, SessionEvent } from './carrier.ts'

/** A session as a connection sees it: one of this node, or one that lives on another. */
export interface SessionPort<Encoded extends Unit> {
  /** The largest number of a frame that the session has. */
  readonly received: number
  /** The next unit for `carrier`. */
  take(carrier: Carrier): Encoded | undefined
  /** The client has everything up to `position`. False where it cannot have. */
  acknowledge(position: number): boolean
  /** The client says something that has a number. */
  receive(frame: NumberedFrame): void
  /** Says something to the client, behind everything said before. */
  write(event: SessionEvent): void
  /** The carrier is gone; the session waits for another one. */
  detach(carrier: Carrier): void
  /** The client wants the session to be over. */
  end(ending: Ending): void
}

/** A carrier that can serve a session of another node, with which it speaks over the bus. */
export interface DistantCarrier extends Carrier {
  /** `received` of the session has grown. */
  confirm(): void
  /** The other node takes nothing more for now: nothing is read until `resume`. */
  pause(): void
  resume(): void
}
