import type { Dialect } from '../channels/dialect.ts'
import type { Realtime } from '../channels/realtime.ts'
import { type Limits, limitRules } from '../protocol/limits.ts'
import { type CompressionOptions, compressionRules } from '../protocol/permessage-deflate.ts'
import type { TlsOptions } from '../runtime/contract.ts'
import type { Backpressure, Closed, Heartbeat } from '../transport/websocket-carrier.ts'
import {
  checkOptions,
  isAnything,
  isBoolean,
  isCount,
  isEither,
  isFunction,
  isObject,
  isOneOf,
  isString,
  isStrings,
  type OptionRule,
  optionError,
} from '../util/options.ts'
import type { MessageStream } from './message-stream.ts'
import type { Origins } from './origin.ts'
import type { Socket } from './socket.ts'
import type { UpgradeRequest } from './upgrade-request.ts'

/** What `admit` lets in. */
export interface Admission<Data> {
  /** Becomes `socket.data`. */
  data?: Data
  /** The subprotocol to answer with; one of those offered. @default by the option `protocols` */
  protocol?: string
  /** Response header fields, for cookies and the like. */
  headers?: HeadersInit
}

type HeadersInit = Headers | Record<string, string> | [string, string][]
export type Awaitable<Value> = Value | Promise<Value>

/**
 * What happens to the sockets of a path. A handler that throws or rejects closes its own socket with 1011 and is
 * reported to `error`; nothing else notices.
 */
export interface Handlers<Data> {
  /**
   * Decides about a handshake. A `Response`, returned or thrown, refuses with its status, headers and body; anything
   * else thrown refuses with 500. Messages the peer sends meanwhile wait.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing admits
  admit?(request: UpgradeRequest): Awaitable<Admission<Data> | Response | void>
  /** The socket is open; what is sent here comes before everything else. */
  open?(socket: Socket<Data>): unknown
  /** A whole message: a string for text, a copy of the bytes for binary. */
  message?(socket: Socket<Data>, data: string | Uint8Array): unknown
  /** Instead of `message`: every message as a stream, from its first bytes on. */
  stream?(socket: Socket<Data>, message: MessageStream): unknown
  /** A peer that was behind has caught up: nothing waits any more. */
  drain?(socket: Socket<Data>): unknown
  /** A ping came; it has been answered. The bytes are valid only during the call. */
  ping?(socket: Socket<Data>, data: Uint8Array): unknown
  /** A pong came. The bytes are valid only during the call. */
  pong?(socket: Socket<Data>, data: Uint8Array): unknown
  /** The connection is gone; called once for each socket that was open. */
  close?(socket: Socket<Data>, closed: Closed): unknown
  /**
   * Something went wrong: the peer broke the protocol or a limit, went silent, was refused (then without a socket),
   * or a handler threw (`ERR_HANDLER`, the exception as `cause`). @default handlers that threw go to the console
   */
  error?(socket: Socket<Data> | undefined, error: Error): unknown
}

/** What may differ from path to path. */
export interface RouteOptions<Data> extends Handlers<Data> {
  /** What a peer may make us hold or wait for. */
  limits?: Partial<Limits>
  /** Notices peers that are gone. Off: only TCP notices, often after hours. @default { everyMs: 25_000, graceMs: 20_000 } */
  heartbeat?: Partial<Heartbeat> | false
  /** What becomes of messages for a peer that reads too slowly. */
  backpressure?: Partial<Backpressure>
  /** permessage-deflate (RFC 7692): costs CPU and saves bytes. @default false */
  compression?: boolean | Partial<CompressionOptions>
  /** Pages of which origins may connect. Any: every web page can, with its visitor's cookies. @default 'same' */
  origins?: Origins<UpgradeRequest>
  /** Our subprotocols, in order of preference. @default the client's first */
  protocols?: readonly string[]
}

export interface AttachOptions<Data, Paths = Record<string, Data>> extends RouteOptions<Data> {
  /**
   * Paths with handlers of their own: `/chat/:room` names a segment, `*` at the end takes the rest; the first match
   * counts. Other options are those of the whole, unless the path has them too. Handlers of the whole are for all
   * other paths, `admit` among them; without any of them those are refused with 404. Only `error` of the whole also
   * hears of the paths that have none.
   */
  paths?: { [Path in keyof Paths]: RouteOptions<Paths[Path]> }
  /** Channels, made by `realtime`; served in all of `dialects`. */
  app?: Realtime
  /** The protocols in which clients reach the channels of `app`. They come before all paths. @default none */
  dialects?: readonly Dialect[]
  /**
   * Takes connections over TCP as raw handles of Node: less CPU for every message, and with `serve` a quarter of the
   * CPU of a handshake and of the memory of an idle connection. Rests on parts of Node that its documentation does not
   * cover; they are looked for at start-up, and where one is missing, or with `false`, ordinary sockets do the same.
   * @default true
   */
  rawHandles?: boolean
}

export interface ServeOptions<Data, Paths = Record<string, Data>> extends AttachOptions<Data, Paths> {
  /** TCP port; 0 lets the system choose. @default 0 */
  port?: number
  /** Name or address to listen on. @default all of this machine */
  hostname?: string
  /** Listens on a Unix socket instead of a port. */
  path?: string
  /** Serves `wss:`; `key` and `cert` at the least, and whatever else Node's TLS takes. */
  tls?: TlsOptions
  /** WebSocket over HTTP/2 too (RFC 8441); browsers use it by themselves over TLS. @default true with `tls` */
  http2?: boolean
  /** Answers what is no upgrade. @default 426 for everything */
  fetch?: (request: Request) => Response | Promise<Response>
}

const handlerNames = ['open', 'message', 'stream', 'drain', 'ping', 'pong', 'close'] as const

/** Whether the options say what to do with a socket. */
export function hasHandlers(options: RouteOptions<never>): boolean {
  return handlerNames.some((name) => options[name] !== undefined)
}

const routeRules: Readonly<Record<keyof RouteOptions<unknown>, OptionRule>> = {
  admit: isFunction,
  open: isFunction,
  message: isFunction,
  stream: isFunction,
  drain: isFunction,
  ping: isFunction,
  pong: isFunction,
  close: isFunction,
  error: isFunction,
  limits: isObject,
  heartbeat: isEither((value) => (value === false ? undefined : 'false'), isObject),
  backpressure: isObject,
  compression: isEither(isBoolean, isObject),
  origins: isEither(isOneOf('same', 'any'), isStrings, isFunction),
  protocols: isStrings,
}

const attachRules: Readonly<Record<keyof AttachOptions<unknown>, OptionRule>> = {
  ...routeRules,
  paths: isObject,
  app: isObject,
  dialects: (value) => (Array.isArray(value) ? undefined : 'a list of dialects'),
  rawHandles: isBoolean,
}

const serveRules: Readonly<Record<keyof ServeOptions<unknown>, OptionRule>> = {
  ...attachRules,
  port: isCount(0, 65_535),
  hostname: isString,
  path: isString,
  tls: isObject,
  http2: isBoolean,
  fetch: isFunction,
}

/** @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID` */
export function checkServeOptions(options: ServeOptions<never>): void {
  checkOptions('serve()', options, serveRules)
  checkRoutes('serve()', options)
  if (options.path !== undefined && (options.port !== undefined || options.hostname !== undefined)) {
    throw optionError("serve(): option 'path' excludes 'port' and 'hostname'")
  }
}

/** @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID` */
export function checkAttachOptions(options: AttachOptions<never>): void {
  checkOptions('attach()', options, attachRules)
  checkRoutes('attach()', options)
}

function checkRoutes(what: string, options: AttachOptions<never>): void {
  checkRoute(what, options)
  if ((options.app === undefined) !== (options.dialects === undefined)) {
    throw optionError(`${what}: the options 'app' and 'dialects' belong together`)
  }
  for (const [path, route] of Object.entries((options.paths ?? {}) as Record<string, RouteOptions<never>>)) {
    if (isObject(route) !== undefined) throw optionError(`${what}: path '${path}' must be an object`)
    checkOptions(`${what}: path '${path}'`, route, routeRules)
    checkRoute(`${what}: path '${path}'`, route)
  }
}

function checkRoute(what: string, options: RouteOptions<never>): void {
  checkOptions(`${what}: limits`, options.limits ?? {}, limitRules)
  checkOptions(`${what}: heartbeat`, options.heartbeat || {}, {
    everyMs: isCount(1, 86_400_000),
    graceMs: isCount(1, 86_400_000),
  })
  checkOptions(`${what}: backpressure`, options.backpressure ?? {}, {
    highWaterMarkBytes: isCount(0, Number.POSITIVE_INFINITY),
    policy: isOneOf('close', 'drop'),
  })
  if (typeof options.compression === 'object') {
    checkOptions(`${what}: compression`, options.compression, compressionRules)
  }
  if (options.message !== undefined && options.stream !== undefined) {
    throw optionError(`${what}: messages go to 'message' or to 'stream', not to both`)
  }
}

const admissionRules: Readonly<Record<keyof Admission<unknown>, OptionRule>> = {
  data: isAnything,
  protocol: isString,
  headers: isEither(isObject, (value) => (Array.isArray(value) ? undefined : 'a list of pairs')),
}

/**
 * What `admit` answered: nothing, or an admission. Anything else admits nobody: whoever answers `false` means that.
 *
 * @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function checkAdmission(answer: unknown): object | undefined {
  if (answer === undefined || answer === null) return undefined
  if (isObject(answer) !== undefined) {
    throw optionError('admit must answer with an admission, a Response or nothing')
  }
  checkOptions('The answer of admit', answer as object, admissionRules)
  return answer as object
}

/** @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID` */
export function checkCloseOptions(options: object): void {
  checkOptions('close()', options, { code: isAnything, reason: isString })
}
