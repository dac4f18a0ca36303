import { defineInterface, requireArguments, toDictionary, toUsvString } from './web-idl.ts'

interface OwnMessageEvent extends Event {
  /** A string for text; a `Blob` or an `ArrayBuffer` for binary, as `binaryType` says. */
  // biome-ignore lint/suspicious/noExplicitAny: as in the platform's own declaration, so that a page's code compiles
  readonly data: any
  /** The server's origin, such as `wss://example.com`. */
  readonly origin: string
  readonly lastEventId: string
}

interface OwnCloseEvent extends Event {
  /** Whether both close frames passed. */
  readonly wasClean: boolean
  /** Code of the server's close frame; 1005 where it had none, 1006 where none came. */
  readonly code: number
  /** Reason of the server's close frame, or empty. */
  readonly reason: string
}

/** A message has come: `data` is a string for text, a `Blob` or an `ArrayBuffer` for binary. */
export type MessageEvent = typeof globalThis extends { MessageEvent: { prototype: infer Platform } }
  ? Platform
  : OwnMessageEvent

/** The connection is closed: `code`, `reason` and `wasClean` say how. */
export type CloseEvent = typeof globalThis extends { CloseEvent: { prototype: infer Platform } }
  ? Platform
  : OwnCloseEvent

/** The connection failed. In a page it would not be told why; here `error` says it. */
export interface ErrorEvent extends Event {
  /** The message of `error`. */
  readonly message: string
  /**
   * Why: a `HandshakeError` (with status, headers and the start of the body where there was an answer), a
   * `ProtocolError`, a `LimitError`, a `TimeoutError` or a `ClosedError`; each has a stable `code`.
   */
  // biome-ignore lint/suspicious/noExplicitAny: as in the platform's own declaration
  readonly error: any
}

interface EventInit {
  bubbles?: boolean
  cancelable?: boolean
  composed?: boolean
}

export interface CloseEventInit extends EventInit {
  wasClean?: boolean
  code?: number
  reason?: string
}

interface EventConstructor<Instance, Init> {
  readonly prototype: Instance
  new (type: string, eventInitDict?: Init): Instance
}

const platform = globalThis as { MessageEvent?: unknown; CloseEvent?: unknown }

const OwnClose = class CloseEvent extends Event implements OwnCloseEvent {
  readonly #wasClean: boolean
  readonly #code: number
  readonly #reason: string

  constructor(type: string, eventInitDict: CloseEventInit = {}) {
    // biome-ignore lint/complexity/noArguments: Web IDL counts arguments, also undefined ones
    requireArguments(1, arguments.length, 'CloseEvent')
    const init = toDictionary(eventInitDict, 'CloseEventInit') as CloseEventInit
    super(type, init)
    this.#code = init.code === undefined ? 0 : +init.code & 0xffff
    this.#reason = init.reason === undefined ? '' : toUsvString(init.reason)
    this.#wasClean = Boolean(init.wasClean)
  }

  get wasClean(): boolean {
    return this.#wasClean
  }

  get code(): number {
    return this.#code
  }

  get reason(): string {
    return this.#reason
  }
}
defineInterface(OwnClose, 'CloseEvent', ['wasClean', 'code', 'reason'])

/** The platform's `CloseEvent`; one of the same shape where it has none (Node before 23). */
export const CloseEvent = (platform.CloseEvent ?? OwnClose) as EventConstructor<CloseEvent, CloseEventInit>

/** The event of the standard, a plain `Event`, which also knows why. Node prints the error, not the event. */
export function createErrorEvent(error: Error): Event {
  return Object.defineProperties(new Event('error'), {
    message: { value: error.message, enumerable: true },
    error: { value: error, enumerable: true },
    [Symbol.for('nodejs.util.inspect.custom')]: { value: () => error },
  })
}

export const MessageEvent = platform.MessageEvent as EventConstructor<
  MessageEvent,
  EventInit & { data: unknown; origin: string }
>
