import type { RealtimeError } from '../../errors.ts'

/** How a carrier ended, as far as it knows. */
export interface CarrierEnd {
  /** Close code of the server; absent where none came. */
  readonly code?: number | undefined
  /** Close reason of the server. */
  readonly message?: string | undefined
  /** HTTP status of a server that did not let it open. */
  readonly status?: number | undefined
  /** What the server says about when to try again. */
  readonly retryAfterMs?: number | undefined
  /** What went wrong on our side of the network. */
  readonly error?: RealtimeError | undefined
}

/** What a carrier tells: `opened`, then what comes, then `closed`; or `closed` alone. Nothing after `closed`. */
export interface CarrierEvents {
  opened(): void
  received(text: string): void
  closed(end: CarrierEnd): void
}

/** One open instance of a transport: carries frames in order, each whole, and none twice. */
export interface Carrier {
  send(text: string): void
  /** Ends it, politely where that costs no time; nothing is told any more. */
  close(code: number): void
}

/**
 * A way to carry frames to a server and back. One that carries over a list, to a server in the same program:
 *
 * ```ts sketch
 * const direct: Transport = {
 *   name: 'direct',
 *   open(url, events) {
 *     const peer = server.accept(url, { send: (text) => events.received(text), close: () => events.closed({}) })
 *     queueMicrotask(() => events.opened())
 *     return { send: (text) => peer.received(text), close: () => peer.closed() }
 *   },
 * }
 * ```
 */
export interface Transport {
  readonly name: string
  /** Begins to open a carrier. Tells nothing before it has returned. */
  open(url: string, events: CarrierEvents): Carrier
}
