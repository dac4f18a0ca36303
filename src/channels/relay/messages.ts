import type { NumberedFrame } from '../../codec/frame.ts'
import type { ResetReason } from '../../session/line.ts'
import type { Ending, SessionEvent } from '../carrier.ts'

/** What the client of a session does, as its session hears of it on whatever node. */
export type Act =
  | NumberedFrame
  | { readonly type: 'ack'; readonly position: number }
  | { readonly type: 'close' }
  | { readonly type: 'ping' }
  /** The connection has something to say in the session: what the client sent could not be read. */
  | { readonly type: 'tell'; readonly event: SessionEvent }

/** Which session is meant, and that its key is known: by a digest, so that who reads the bus cannot use it. */
export interface SessionClaim {
  readonly session: string
  readonly digest: string
  readonly dialect: string
}

/** Said to the node where the session lives. `relay` numbers what the other node does for clients of sessions elsewhere. */
export type MessageToHome =
  | ({
      readonly what: 'attach'
      readonly relay: number
      readonly position: number
      readonly attempt: number | undefined
    } & SessionClaim)
  /** Acts of the client, each as JSON. */
  | { readonly what: 'acts'; readonly relay: number; readonly acts: readonly string[] }
  /** Leave to send so much more. */
  | { readonly what: 'grant'; readonly relay: number; readonly bytes: number }
  /** The connection is gone. */
  | { readonly what: 'gone'; readonly relay: number }
  /** Acts that came in a request of their own. */
  | ({ readonly what: 'post'; readonly relay: number; readonly acts: readonly string[] } & SessionClaim)

/** Why a session does not go on through this connection: a later one of its client has it, or nobody can have it. */
export type Refusal = ResetReason | 'replaced'

/** Said to the node where the client is connected. */
export type MessageToRelay =
  | {
      readonly what: 'attached'
      readonly relay: number
      readonly replayed: number
      readonly received: number
    }
  | { readonly what: 'refused'; readonly relay: number; readonly reason: Refusal }
  /** What the client has to hear. */
  | { readonly what: 'units'; readonly relay: number; readonly units: readonly string[] }
  /** The session has the acts up to this number; leave to send so much more. */
  | { readonly what: 'heard'; readonly relay: number; readonly received: number; readonly bytes: number }
  /** The client was heard by another way; it may want to hear something by this one. */
  | { readonly what: 'alive'; readonly relay: number; readonly asks: boolean }
  | { readonly what: 'end'; readonly relay: number; readonly ending: Ending }
  /** The acts of a post have been taken; or nothing, where the session is not known. */
  | { readonly what: 'posted'; readonly relay: number; readonly received: number | undefined }

export type NodeMessage = MessageToHome | MessageToRelay

/** Bytes that may be on their way in each direction of a relay. */
export const relayWindowBytes = 262_144
