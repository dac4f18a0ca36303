import type { RouteOptions } from '../server/options.ts'
import type { Core } from './core.ts'

/** What is known of a request before it is answered. */
export interface ClaimedRequest {
  /** Path as sent, without the query. */
  readonly path: string
  /** Subprotocols the client offered. */
  readonly protocols: readonly string[]
}

/** A dialect on a server: which requests are its own, and what becomes of them. */
export interface Mount {
  /** Whether the upgrade comes from a client of this dialect; the first dialect that says so gets it. */
  claims(request: ClaimedRequest): boolean
  /** What becomes of its WebSockets. */
  readonly route: RouteOptions<never>
  /** Whether a request that is no upgrade may be its own, by its target: path and query as sent. */
  takes?(target: string): boolean
  /** Answers a request that is no upgrade; nothing where it is somebody else's. */
  fetch?(request: Request): Response | Promise<Response> | undefined
}

/**
 * A protocol of clients. It turns what they send into frames for a `Session`, and writes the session's events their way; the
 * application never learns which one a client speaks.
 */
export interface Dialect {
  readonly name: string
  /** @internal Called once, by `serve`. */
  mount(core: Core): Mount
}
