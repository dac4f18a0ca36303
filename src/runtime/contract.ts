import type { Deflate } from '../protocol/compression.ts'
import type { Sha1Base64 } from '../protocol/handshake-key.ts'
import type { HeaderList } from '../protocol/header-list.ts'
import type { RequestHead } from '../protocol/http-head.ts'
import type { TextCodec } from '../protocol/text.ts'
import type { Link } from '../transport/link.ts'
import type { Turn } from '../transport/turn.ts'
import type { TimerWheel } from '../util/timer-wheel.ts'

/** What the pure parts cannot have of their own: time, chance, and the platform's fast primitives. One per thread. */
export interface Runtime {
  readonly text: TextCodec
  readonly deflate: Deflate
  readonly sha1: Sha1Base64
  /** An unpredictable 32-bit masking key (RFC 6455 §5.3). */
  readonly maskingKey: () => number
  /** Memory for a large message, whatever is in it: quicker than clearing it first. */
  readonly allocate: (bytes: number) => Uint8Array
  /** A new `Sec-WebSocket-Key`: 16 random bytes in Base64 (RFC 6455 §4.1). */
  readonly handshakeKey: () => string
  /** So many unpredictable bytes. */
  readonly randomBytes: (count: number) => Uint8Array
  /** The SHA-256 digest of a text in UTF-8, in base64. */
  readonly sha256: (text: string) => string
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /** Sends what one turn of the event loop produced, when it ends. */
  readonly turn: Turn
  /** All coarse timers of the thread; it turns while something waits. */
  readonly wheel: TimerWheel
}

/** A request to become a WebSocket, to be answered once by `accept` or `refuse`. */
export interface UpgradeExchange {
  readonly head: RequestHead
  /** Address of the peer, without port; empty for a Unix socket. */
  readonly remoteAddress: string
  /** Whether it came over TLS. */
  readonly secure: boolean
  /** Whether the peer went away before it was answered. */
  readonly gone: boolean
  /** Answers with 101 (200 over HTTP/2) and these header fields; what follows is the WebSocket. */
  accept(status: 101 | 200, headers: Iterable<readonly [string, string]>): Link
  /** Answers with an HTTP error and ends the connection. */
  refuse(status: number, headers: Iterable<readonly [string, string]>, body: string | Uint8Array): void
}

/** What a listener tells the server above it. */
export interface ListenerEvents {
  upgrade(exchange: UpgradeExchange): void
  /** A connection failed before it became a WebSocket: malformed or late heads, TLS errors. */
  failed(error: Error): void
}

/** Transport Layer Security: what the platform's TLS takes; `key` and `cert` in PEM at the least. */
export interface TlsOptions {
  readonly key?: string | Uint8Array
  readonly cert?: string | Uint8Array
  readonly ca?: string | Uint8Array
  readonly passphrase?: string
  readonly [option: string]: unknown
}

export interface ListenOptions {
  /** TCP port; 0 lets the system choose. */
  readonly port: number
  /** Address or name to listen on; all addresses where it is absent. */
  readonly hostname: string | undefined
  /** Path of a Unix socket, instead of a port. */
  readonly path: string | undefined
  readonly tls: TlsOptions | undefined
  /** Whether to speak HTTP/2 too: by ALPN over TLS, by prior knowledge without. */
  readonly http2: boolean
  readonly maxHeaderBytes: number
  readonly handshakeTimeoutMs: number
  readonly closeTimeoutMs: number
  /** Whether connections are taken as the platform's raw handles, where it has such. */
  readonly rawHandles: boolean
  /** Answers requests that are no upgrade. */
  readonly fetch: ((request: Request) => Response | Promise<Response>) | undefined
}

export interface Listener {
  /** Port it listens on; 0 for a Unix socket. */
  readonly port: number
  /** Accepts no further connection. */
  stop(): void
  /** Ends what never became a WebSocket; resolves when every connection is gone, after `closeTimeoutMs` at the latest. */
  close(): Promise<void>
}

/** A byte stream both ways, as Node's `stream.Duplex` is one: a socket, a pipe, a tunnel through a proxy. */
export interface ByteStream {
  // biome-ignore lint/suspicious/noExplicitAny: Node declares its listeners and chunks so
  on(event: string, listener: (...args: any[]) => void): unknown
  // biome-ignore lint/suspicious/noExplicitAny: as above
  write(chunk: any): boolean
  end(): unknown
  destroy(error?: Error): unknown
}

/** An agent of `node:http` or `node:https`, or of a package that extends one, such as those for proxies. */
export interface HttpAgent {
  readonly maxSockets: number
  destroy(): void
}

/** Where a connection is wanted. */
export interface DialTarget {
  /** Host name or address, an IPv6 one without brackets. */
  readonly hostname: string
  readonly port: number
  /** Whether TLS will be spoken over it. */
  readonly secure: boolean
}

/** What it takes to reach a server and ask it for a WebSocket. */
export interface DialRequest extends DialTarget {
  /** Path of a Unix socket, instead of host and port. */
  readonly socketPath: string | undefined
  /** The request target: path and query. */
  readonly target: string
  /** All header fields, `Host` first. */
  readonly headers: readonly (readonly [string, string])[]
  readonly tls: TlsOptions | undefined
  readonly agent: HttpAgent | undefined
  /** Makes the connection in place of the runtime; TLS is put on top of it where it is wanted. */
  readonly connect: ((target: DialTarget) => ByteStream | Promise<ByteStream>) | undefined
  readonly maxHeaderBytes: number
  /** Whether the link may take the platform's raw handle of the connection, where it has such. */
  readonly rawHandles: boolean
}

/** A server's answer. Whoever gets it uses the link, reads the body, or discards it. */
export interface DialAnswer {
  readonly status: number
  readonly headers: HeaderList
  /** What follows is the WebSocket; `undefined` where the server refused. */
  readonly link: Link | undefined
  /** The start of the body of a refusal, at most 4 KiB; the connection is given up. */
  readBody(): Promise<string>
  /** Gives the connection up. */
  discard(): void
}

/**
 * Asks a server for a WebSocket. Rejects with a `HandshakeError` where no answer comes, and with the signal's reason
 * when that is aborted first; then nothing stays open.
 */
export type Dial = (request: DialRequest, signal: AbortSignal) => Promise<DialAnswer>
