import { CallError, type ErrorCode } from '../errors.ts'

/** Where a message stands in its channel; offsets count by one as long as the epoch is the same. */
export interface Position {
  readonly epoch: string
  readonly offset: number
}

/** A `CallError` as it travels. */
export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  readonly channel?: string | undefined
  readonly event?: string | undefined
  readonly path?: readonly (string | number)[] | undefined
  readonly reason?: string | undefined
  readonly retryAfterMs?: number | undefined
}

/** A call that a frame belongs to: one the other side made (`to`), or one of the sender's own (`of`). */
interface OfCall {
  readonly to?: number | undefined
  readonly of?: number | undefined
}

/** Frames of calls, which both ends send. */
export type CallFrame =
  | {
      readonly type: 'call'
      readonly id: number
      readonly channel?: string | undefined
      readonly event: string
      readonly body?: unknown
      readonly deadlineMs?: number | undefined
    }
  | { readonly type: 'reply'; readonly to: number; readonly body?: unknown }
  | { readonly type: 'error'; readonly to?: number | undefined; readonly error: WireError }
  | ({ readonly type: 'item'; readonly body?: unknown } & OfCall)
  | ({ readonly type: 'end' } & OfCall)
  | ({ readonly type: 'more'; readonly items: number } & OfCall)
  | { readonly type: 'cancel'; readonly of: number }

/** Frames of a connection, which both ends send and neither counts. */
export type CarrierFrame =
  | { readonly type: 'ack'; readonly position: number }
  | { readonly type: 'ping' }
  | { readonly type: 'pong' }

export interface ConnectFrame {
  readonly type: 'connect'
  readonly version?: number | undefined
  readonly token?: string | undefined
  readonly resume?:
    | {
        readonly session: string
        readonly key: string
        readonly position: number
        /** Larger with each connection the client tries: one that was overtaken takes nothing over. */
        readonly attempt?: number | undefined
      }
    | undefined
  /** The longest that the client wants to go without hearing anything, where it hears over HTTP. */
  readonly heartbeatMs?: number | undefined
  /** What the client can write besides JSON. */
  readonly codec?: string | undefined
}

/** Whose frames follow in the body of a request. */
export interface CarryFrame {
  readonly type: 'carry'
  readonly session: string
  readonly key: string
}

export type ChannelUpFrame =
  | {
      readonly type: 'join'
      readonly channel: string
      readonly params?: unknown
      readonly since?: Position | undefined
    }
  | { readonly type: 'leave'; readonly channel: string }
  | { readonly type: 'send'; readonly channel: string; readonly event: string; readonly body?: unknown }
  | {
      readonly type: 'history'
      readonly channel: string
      readonly since?: Position | undefined
      readonly limit?: number | undefined
    }
  | { readonly type: 'authenticate'; readonly token: string }

/** What a client numbers. */
export type NumberedFrame = (ChannelUpFrame | CallFrame) & { readonly id: number }

/** Everything a client may say. */
export type UpFrame = ConnectFrame | CarrierFrame | { readonly type: 'close' } | NumberedFrame

/** What a session begins with. */
export interface SessionFacts {
  readonly session: string
  readonly key: string
  readonly heartbeat: { readonly everyMs: number; readonly graceMs: number }
  readonly windowMs: number
  /** What counted frames are written in, both ways, from here on; absent: JSON. */
  readonly codec?: string | undefined
}

/** Why a session or a connection ended. */
export type Why =
  | 'normal'
  | 'goingAway'
  | 'restart'
  | 'overload'
  | 'tooBig'
  | 'timeout'
  | 'protocolError'
  | 'unauthorized'
  | 'kicked'
  | 'replaced'

export interface CloseFrame {
  readonly type: 'close'
  readonly why?: Why | undefined
  readonly code?: ErrorCode | undefined
  readonly message?: string | undefined
  readonly reconnect?: boolean | undefined
  readonly afterMs?: number | undefined
  readonly url?: string | undefined
}

/** One message of a channel's history. */
export interface HistoryEntry {
  readonly offset: number
  readonly event: string
  readonly body?: unknown
  /** When it was published, in milliseconds since 1970. */
  readonly time: number
}

/** One device of somebody who is present. */
export interface PresenceEntry {
  readonly ref: string
  readonly meta?: unknown
}

export type ChannelDownFrame =
  | {
      readonly type: 'joined'
      readonly to: number
      readonly channel: string
      readonly at: Position
      readonly welcome?: unknown
      readonly resumed?: { readonly replayed: number } | undefined
      readonly reset?: { readonly reason: string } | undefined
    }
  | {
      readonly type: 'left'
      readonly to?: number | undefined
      readonly channel: string
      readonly why: Why
      readonly message?: string | undefined
    }
  | {
      readonly type: 'moved'
      /** The channel that was left. */
      readonly from: string
      /** The one that was joined, as `joined` says it. */
      readonly channel: string
      readonly at: Position
      /** What a join says there, so that another session can say it too. */
      readonly params?: unknown
      readonly welcome?: unknown
    }
  | {
      readonly type: 'channel-reset'
      readonly channel: string
      readonly reason: string
      readonly at: Position
    }
  | {
      readonly type: 'publish'
      /** So many before it were left out, because the client reads too slowly for the channel. */
      readonly skipped?: number | undefined
      readonly channel: string
      readonly event: string
      readonly body?: unknown
      readonly offset: number
    }
  | {
      readonly type: 'send'
      readonly channel?: string | undefined
      readonly event: string
      readonly body?: unknown
    }
  | {
      readonly type: 'presence'
      readonly channel: string
      /** Absent where they are too many to be named. */
      readonly state?: Readonly<Record<string, readonly PresenceEntry[]>> | undefined
      /** How many devices, where they are not named. */
      readonly count?: number | undefined
    }
  | {
      readonly type: 'presence-diff'
      readonly channel: string
      readonly joins: Readonly<Record<string, readonly PresenceEntry[]>>
      readonly leaves: Readonly<Record<string, readonly string[]>>
    }

/** What a server says and both ends count. */
export type CountedFrame = ChannelDownFrame | CallFrame

/** Everything a server may say. */
export type DownFrame =
  | CountedFrame
  | CarrierFrame
  | CloseFrame
  | ({ readonly type: 'connected' } & SessionFacts)
  | {
      readonly type: 'resumed'
      /** The one that was asked for. */
      readonly position?: number | undefined
      readonly replayed: number
      readonly received: number
    }
  | ({ readonly type: 'reset'; readonly reason: string } & SessionFacts)

/** The version of the protocol, and its subprotocol. */
export const protocolVersion = 1
export const subprotocol = 'polyplex.1'

/** Close codes a connection ends with, by why. */
export const closeCodes: Readonly<Record<Why, number>> = {
  normal: 1000,
  goingAway: 1001,
  restart: 1012,
  overload: 1013,
  tooBig: 1009,
  timeout: 4408,
  protocolError: 4400,
  unauthorized: 4401,
  kicked: 4403,
  replaced: 4409,
}

const uncounted: ReadonlySet<string> = new Set([
  'connected',
  'resumed',
  'reset',
  'ack',
  'ping',
  'pong',
  'close',
])

/** Whether a frame of the server has a position. */
export function isCounted(frame: DownFrame): frame is CountedFrame {
  return !uncounted.has(frame.type)
}

/** What of an error the other side may know: neither cause nor stack. */
export function wireError(error: CallError): WireError {
  const { code, message, channel, event, path, reason, retryAfterMs } = error
  return { code, message, channel, event, path, reason, retryAfterMs }
}

/** What came as a frame, as an error again. */
export function errorOf({ code, ...facts }: WireError): CallError {
  return new CallError(code, facts)
}
