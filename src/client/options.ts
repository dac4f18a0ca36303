import { isHeaderField } from '../protocol/http-head.ts'
import { defaultLimits, limitRules } from '../protocol/limits.ts'
import {
  type CompressionOptions,
  compressionRules,
  defaultCompression,
} from '../protocol/permessage-deflate.ts'
import type { ByteStream, DialTarget, HttpAgent, TlsOptions } from '../runtime/contract.ts'
import type { Heartbeat } from '../transport/websocket-carrier.ts'
import {
  checkOptions,
  isBoolean,
  isCount,
  isEither,
  isFunction,
  isObject,
  type OptionRule,
  optionError,
} from '../util/options.ts'

/**
 * What no browser can give: the last argument of `WebSocket` and `WebSocketStream`. An unknown key throws
 * `ERR_OPTION_UNKNOWN` with the nearest known name, a wrong value `ERR_OPTION_INVALID`.
 */
export interface ClientOptions {
  /**
   * Header fields for the opening handshake, besides those of the handshake itself. `Origin` is not sent unless it
   * stands here: this is no browser. After a redirect to another origin, `Authorization`, `Cookie`,
   * `Proxy-Authorization` and `Host` are left out. @default none
   */
  headers?: HeaderFields | undefined
  /**
   * Aborts the opening handshake: the connection fails with `ERR_CLOSED` and the signal's reason as `cause`.
   * Once the connection is open it does nothing. @default none
   */
  signal?: AbortSignal | undefined
  /**
   * For `wss:`, whatever the platform's TLS takes: `ca` to trust a certificate of one's own, `cert` and `key` to show
   * one, `servername`; `rejectUnauthorized: false` trusts everybody, so anybody in between can read and change
   * everything. @default what the platform trusts
   */
  tls?: TlsOptions | undefined
  /**
   * An agent of `node:http` (`ws:`) or `node:https` (`wss:`), also one that goes through a proxy. Excludes `dial` and
   * `http2`. @default none: a connection of its own for each socket
   */
  agent?: HttpAgent | undefined
  /**
   * Makes the connection itself: through a proxy, in memory, … For `wss:` TLS is put on top of what it returns.
   * @default TCP
   */
  dial?: ((target: DialTarget) => ByteStream | Promise<ByteStream>) | undefined
  /**
   * Time for the whole opening handshake, in milliseconds: name look-up, connection, TLS, answer and redirects.
   * Longer fails with `ERR_HANDSHAKE_TIMEOUT`. @default 10_000
   */
  handshakeTimeoutMs?: number | undefined
  /** What the server may make us hold or wait for. */
  limits?: Partial<ClientLimits> | undefined
  /**
   * permessage-deflate (RFC 7692), offered to the server, which decides. By default the server may keep its window
   * between messages and we keep none: that inflates cheaply and compresses cheaply. @default true
   */
  compression?: boolean | Partial<CompressionOptions> | undefined
  /**
   * How many redirects to follow; one more, or one from `wss:` to `ws:`, fails with `ERR_REDIRECT`. Whoever controls
   * a redirect then decides with whom the program talks. @default 0
   */
  followRedirects?: number | undefined
  /**
   * Whether ports of services that could mistake a handshake for their own protocol (Fetch, "bad port") fail with
   * `ERR_NETWORK`. For programs that take URLs from strangers. @default false
   */
  blockBadPorts?: boolean | undefined
  /**
   * Whether handshakes with the same host and port wait for each other, as RFC 6455 §4.1 wants of programs that run
   * strangers' scripts: many sockets then open one after the other. `handshakeTimeoutMs` counts from a socket's turn.
   * @default false
   */
  serializeHandshakes?: boolean | undefined
  /**
   * Pings a silent server and cuts the connection (`ERR_HEARTBEAT_TIMEOUT`) when it stays silent: notices a dead
   * network in `everyMs + graceMs`. Servers mostly do this themselves. @default false
   */
  heartbeat?: Partial<Heartbeat> | boolean | undefined
  /**
   * Speaks HTTP/2 (RFC 8441), over TLS agreed on by ALPN, otherwise by prior knowledge. All sockets to the same server
   * share one connection, closed with the last of them; a server that cannot fails with `ERR_EXTENDED_CONNECT`.
   * @default false
   */
  http2?: boolean | undefined
  /**
   * Takes a connection over TCP as a raw handle of Node, for less CPU per message; where Node has none, or with
   * `false`, an ordinary socket does the same. @default true
   */
  rawHandles?: boolean | undefined
}

export type HeaderFields =
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[]>>

/** The options as the second argument of `WebSocket`, subprotocols included. */
export interface WebSocketOptions extends ClientOptions {
  /** Subprotocols, in order of preference; the server has to choose one. @default [] */
  protocols?: string | readonly string[] | undefined
}

export interface ClientLimits {
  /**
   * Largest message, in bytes, after inflation; a longer one fails the connection with 1009 (`ERR_MESSAGE_TOO_LARGE`).
   * A page's code expects no limit, so this one is only there to end what cannot be meant. @default 134_217_728
   */
  maxMessageBytes: number
  /** Most frames one message may be cut into; more fail the connection with 1008. @default 131_072 */
  maxFragments: number
  /**
   * How many times larger than on the wire a message may become by inflation, once it is larger than 1 MiB; more
   * fails the connection with 1009 (`ERR_INFLATION_RATIO`). @default 200
   */
  maxInflationRatio: number
  /** Largest head of the server's answer, in bytes; a larger one fails with `ERR_HTTP_HEAD_TOO_LARGE`. @default 16_384 */
  maxHeaderBytes: number
  /** Time for the server to answer our close frame, in milliseconds; then the link is cut (1006). @default 5_000 */
  closeTimeoutMs: number
}

/** Options with everything decided. */
export interface ClientSettings {
  readonly headers: readonly (readonly [string, string])[]
  readonly tls: TlsOptions | undefined
  readonly agent: HttpAgent | undefined
  readonly dial: ((target: DialTarget) => ByteStream | Promise<ByteStream>) | undefined
  readonly handshakeTimeoutMs: number
  readonly limits: Readonly<ClientLimits>
  readonly compression: Readonly<CompressionOptions> | undefined
  readonly followRedirects: number
  readonly blockBadPorts: boolean
  readonly serializeHandshakes: boolean
  readonly heartbeat: Heartbeat | undefined
  readonly http2: boolean
  readonly rawHandles: boolean
}

const { handshakeTimeoutMs: handshakeTimeoutRule, ...clientLimitRules } = limitRules

const rules: Readonly<Record<keyof ClientOptions, OptionRule>> = {
  headers: (value) => (typeof value === 'object' && value !== null ? undefined : 'an object or pairs'),
  signal: (value) => (value instanceof AbortSignal ? undefined : 'an AbortSignal'),
  tls: isObject,
  agent: (value) =>
    typeof (value as { addRequest?: unknown } | null)?.addRequest === 'function'
      ? undefined
      : 'an agent of node:http or node:https',
  dial: isFunction,
  handshakeTimeoutMs: handshakeTimeoutRule,
  limits: isObject,
  compression: isEither(isBoolean, isObject),
  followRedirects: isCount(0, 100),
  blockBadPorts: isBoolean,
  serializeHandshakes: isBoolean,
  heartbeat: isEither(isBoolean, isObject),
  http2: isBoolean,
  rawHandles: isBoolean,
}

const ownHeaders =
  /^(connection|upgrade|content-length|transfer-encoding|http2-settings|te|sec-websocket-.*)$/i

/**
 * Checks options and decides what they leave open. `windows`: whether the platform's zlib takes a window of earlier
 * messages, without which no context takeover is possible.
 *
 * @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function settingsOf(what: string, options: ClientOptions, windows: boolean): ClientSettings {
  checkOptions(what, options, rules)
  const { limits, heartbeat, compression } = options
  checkOptions(`${what}: limits`, limits ?? {}, clientLimitRules)
  if (typeof heartbeat === 'object') {
    checkOptions(`${what}: heartbeat`, heartbeat, {
      everyMs: isCount(1, 86_400_000),
      graceMs: isCount(1, 86_400_000),
    })
  }
  if (typeof compression === 'object') {
    checkOptions(`${what}: compression`, compression, compressionRules)
  }
  if (options.agent !== undefined && (options.dial !== undefined || options.http2 === true)) {
    throw optionError(`${what}: option 'agent' excludes 'dial' and 'http2'`)
  }
  return {
    headers: fieldsOf(what, options.headers ?? []),
    tls: options.tls,
    agent: options.agent,
    dial: options.dial,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? defaultLimits.handshakeTimeoutMs,
    limits: {
      maxMessageBytes: limits?.maxMessageBytes ?? 134_217_728,
      maxFragments: limits?.maxFragments ?? defaultLimits.maxFragments,
      maxInflationRatio: limits?.maxInflationRatio ?? defaultLimits.maxInflationRatio,
      maxHeaderBytes: limits?.maxHeaderBytes ?? defaultLimits.maxHeaderBytes,
      closeTimeoutMs: limits?.closeTimeoutMs ?? defaultLimits.closeTimeoutMs,
    },
    compression: compressionOf(compression ?? true, windows),
    followRedirects: options.followRedirects ?? 0,
    blockBadPorts: options.blockBadPorts ?? false,
    serializeHandshakes: options.serializeHandshakes ?? false,
    heartbeat: heartbeatOf(heartbeat ?? false),
    http2: options.http2 ?? false,
    rawHandles: options.rawHandles ?? true,
  }
}

function compressionOf(
  wanted: boolean | Partial<CompressionOptions>,
  windows: boolean,
): CompressionOptions | undefined {
  if (wanted === false) return undefined
  const options = wanted === true ? {} : wanted
  return {
    thresholdBytes: options.thresholdBytes ?? defaultCompression.thresholdBytes,
    serverContextTakeover: windows && (options.serverContextTakeover ?? true),
    clientContextTakeover: windows && (options.clientContextTakeover ?? false),
    serverMaxWindowBits: options.serverMaxWindowBits ?? defaultCompression.serverMaxWindowBits,
    clientMaxWindowBits: options.clientMaxWindowBits ?? defaultCompression.clientMaxWindowBits,
    level: options.level ?? defaultCompression.level,
  }
}

function heartbeatOf(wanted: boolean | Partial<Heartbeat>): Heartbeat | undefined {
  if (wanted === false) return undefined
  const options = wanted === true ? {} : wanted
  return { everyMs: options.everyMs ?? 25_000, graceMs: options.graceMs ?? 20_000 }
}

/** @throws {RealtimeError} `ERR_OPTION_INVALID` for a field that cannot be sent, or is the handshake's own */
function fieldsOf(what: string, headers: HeaderFields): [string, string][] {
  const entries = Symbol.iterator in headers ? [...headers] : Object.entries(headers)
  const fields: [string, string][] = []
  for (const [name, value] of entries as Iterable<[string, string | readonly string[]]>) {
    for (const one of Array.isArray(value) ? (value as string[]) : [value]) {
      if (!isHeaderField(String(name), String(one))) {
        throw optionError(`${what}: header field '${name}' cannot be sent (RFC 9110 §5)`)
      }
      if (ownHeaders.test(name)) {
        throw optionError(`${what}: header field '${name}' belongs to the handshake itself`)
      }
      fields.push([name, String(one)])
    }
  }
  return fields
}
