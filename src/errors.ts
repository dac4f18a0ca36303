/** Who broke the rule: we (a misuse of the interface) or the peer. */
export type Side = 'local' | 'remote'

/**
 * Every stable error code of the package. Programs may `switch` over it; messages are for people and may change.
 */
export type ErrorCode =
  // frames (RFC 6455 §5)
  | 'ERR_RESERVED_BIT'
  | 'ERR_RESERVED_OPCODE'
  | 'ERR_MASK_MISSING'
  | 'ERR_MASK_UNEXPECTED'
  | 'ERR_LENGTH_NOT_MINIMAL'
  | 'ERR_LENGTH_INVALID'
  | 'ERR_CONTROL_FRAGMENTED'
  | 'ERR_CONTROL_TOO_LONG'
  | 'ERR_CONTINUATION_UNEXPECTED'
  | 'ERR_CONTINUATION_MISSING'
  // messages
  | 'ERR_INVALID_UTF8'
  | 'ERR_MESSAGE_TOO_LARGE'
  | 'ERR_TOO_MANY_FRAGMENTS'
  | 'ERR_INFLATE_FAILED'
  | 'ERR_INFLATION_RATIO'
  // closing (RFC 6455 §7)
  | 'ERR_CLOSE_PAYLOAD'
  | 'ERR_CLOSE_CODE'
  | 'ERR_CLOSED'
  | 'ERR_CONNECTION_LOST'
  | 'ERR_BACKPRESSURE'
  // opening handshake (RFC 6455 §4)
  | 'ERR_HTTP_MALFORMED'
  | 'ERR_HTTP_VERSION'
  | 'ERR_HTTP_HEAD_TOO_LARGE'
  | 'ERR_METHOD'
  | 'ERR_HOST_MISSING'
  | 'ERR_UPGRADE_MISSING'
  | 'ERR_CONNECTION_HEADER'
  | 'ERR_KEY'
  | 'ERR_VERSION'
  | 'ERR_SUBPROTOCOL'
  | 'ERR_EXTENSION'
  | 'ERR_ACCEPT'
  | 'ERR_STATUS'
  | 'ERR_REDIRECT'
  | 'ERR_NETWORK'
  | 'ERR_ORIGIN'
  | 'ERR_PATH'
  | 'ERR_REFUSED'
  | 'ERR_EXTENDED_CONNECT'
  // time
  | 'ERR_HANDSHAKE_TIMEOUT'
  | 'ERR_CLOSE_TIMEOUT'
  | 'ERR_HEARTBEAT_TIMEOUT'
  // sessions, channels and calls (PROTOCOL.md)
  | 'ERR_FRAME'
  | 'ERR_UNAUTHORIZED'
  | 'ERR_CHANNEL'
  | 'ERR_JOIN_FIRST'
  | 'ERR_EVENT'
  | 'ERR_INPUT'
  | 'ERR_OUTPUT'
  | 'ERR_APPLICATION'
  | 'ERR_TOO_MANY'
  | 'ERR_RATE'
  | 'ERR_CANCELLED'
  | 'ERR_DEADLINE'
  | 'ERR_FORGOTTEN'
  | 'ERR_SESSION'
  | 'ERR_NO_HISTORY'
  | 'ERR_QUEUE_FULL'
  // our caller
  | 'ERR_OPTION_UNKNOWN'
  | 'ERR_OPTION_INVALID'
  | 'ERR_STATE'
  | 'ERR_HANDLER'

export interface ErrorFacts {
  /** Text for people: the subject, the rule, the section. */
  message: string
  /** Who broke the rule. @default 'remote' */
  side?: Side
  /** Section of the standard that was broken, such as `RFC 6455 §5.2`. */
  section?: string
  cause?: unknown
}

/** Base of every error of this package. `code` is stable, `side` says who broke the rule, `section` which one. */
export class RealtimeError extends Error {
  readonly code: ErrorCode
  readonly side: Side
  readonly section: string | undefined

  constructor(code: ErrorCode, facts: ErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.side = facts.side ?? 'remote'
    this.section = facts.section
  }

  override get name(): string {
    return this.constructor.name
  }
}

/** The peer broke the protocol after the opening handshake; the connection was failed with `closeCode`. */
export class ProtocolError extends RealtimeError {
  /** Close code the connection was failed with (RFC 6455 §7.4.1). */
  readonly closeCode: number

  constructor(code: ErrorCode, closeCode: number, facts: ErrorFacts) {
    super(code, facts)
    this.closeCode = closeCode
  }
}

/** A limit of ours was passed. The message names the option that sets it. */
export class LimitError extends ProtocolError {}

export interface HandshakeFacts extends ErrorFacts {
  status?: number
  headers?: ReadonlyArray<readonly [string, string]>
  body?: string
}

/** The opening handshake did not succeed. With an HTTP answer: its status, headers and the start of its body. */
export class HandshakeError extends RealtimeError {
  /** HTTP status that was received (client) or sent (server); `undefined` when there was no answer. */
  readonly status: number | undefined
  /** Header fields of that answer, in order, as received. */
  readonly headers: ReadonlyArray<readonly [string, string]>
  /** Start of the answer's body as text, at most 4 KiB. */
  readonly body: string

  constructor(code: ErrorCode, facts: HandshakeFacts) {
    super(code, facts)
    this.status = facts.status
    this.headers = facts.headers ?? []
    this.body = facts.body ?? ''
  }
}

/** The connection is closed or was lost; the operation cannot happen any more. */
export class ClosedError extends RealtimeError {}

/** Something did not happen in its time. The message names the option that sets it. */
export class TimeoutError extends RealtimeError {}

export interface CallFacts extends ErrorFacts {
  /** The channel it is about. */
  channel?: string | undefined
  /** The event it is about. */
  event?: string | undefined
  /** Where in the body the value stands that does not fit. */
  path?: readonly (string | number)[] | undefined
  /** The application's own word for what is wrong (`ERR_APPLICATION`). */
  reason?: string | undefined
  /** When to try again, in milliseconds from now. */
  retryAfterMs?: number | undefined
}

/**
 * What was asked of a session, a channel or a call did not happen. Thrown by a handler, it reaches the caller as it is, but
 * for its cause and stack; to refuse with a word of your own, throw one with `ERR_APPLICATION` and a `reason`.
 */
export class CallError extends RealtimeError {
  readonly channel: string | undefined
  readonly event: string | undefined
  readonly path: readonly (string | number)[] | undefined
  readonly reason: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, facts: CallFacts) {
    super(code, facts)
    this.channel = facts.channel
    this.event = facts.event
    this.path = facts.path
    this.reason = facts.reason
    this.retryAfterMs = facts.retryAfterMs
  }
}
