import type { ConnectFrame } from '../../codec/frame.ts'
import type { RealtimeError } from '../../errors.ts'

/** How a carrier ended, as far as it knows. */
export interface CarrierEnd {
  /** Close code of the server; absent where none came. */
  readonly code?: number | undefined
  /** Close reason of the server. */
  readonly message?: string | undefined
  /** HTTP status of a server that did not let it open, or did not let it go on. */
  readonly status?: number | undefined
  /** What the server says about when to try again. */
  readonly retryAfterMs?: number | undefined
  /** What went wrong on our side of the network, or was not said by our server (`ERR_FRAME`, `ERR_REDIRECT`). */
  readonly error?: RealtimeError | undefined
}

/** What a carrier tells: `opened`, then what comes, then `closed`; or `closed` alone. Nothing after `closed`. */
export interface CarrierEvents {
  /** Frames get through, both ways. The session greets the server in this call: what it sends first is a `connect`. */
  opened(): void
  /** A frame: a text, or bytes where the ends have agreed on a codec. */
  received(data: string | Uint8Array): void
  closed(end: CarrierEnd): void
  /** The `connect` that takes the session up where it is now: for a carrier of many requests, each of which says it. */
  greeting(): ConnectFrame
}

/** One open instance of a transport: carries frames in order, each whole, and none twice. */
export interface Carrier {
  /** Takes a frame; only between `opened` and `closed`. What it takes is sent in order, or it ends. */
  send(text: string): void
  /** The same for a frame in bytes; absent where the carrier takes text only. */
  sendBytes?(bytes: Uint8Array<ArrayBuffer>): void
  /**
   * Ends it; nothing is told any more. With 1000 what was taken is still sent, where that takes nobody's time; with any
   * other code the session goes on elsewhere, and sends it again.
   */
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
  /** What the state of a connection calls it, and what is remembered where it works. */
  readonly name: string
  /**
   * Begins to open a carrier; `url` begins with `ws:`, `wss:`, `http:` or `https:`. Tells nothing before it has returned.
   * It need not watch the time: whoever waits too long closes it.
   */
  open(url: string, events: CarrierEvents): Carrier
}
