import type { Codec } from '../../codec/codec.ts'
import {
  checkEachOption,
  isAtLeast,
  isBoolean,
  isFunction,
  isObject,
  isString,
  type OptionRule,
  optionError,
} from '../../util/options.ts'
import type { ConnectionSettings, TokenSource } from './connection.ts'
import { type HttpWay, httpTransport } from './http-transport.ts'
import { platformTime } from './platform-time.ts'
import { defaultDelays, type ReconnectDelays } from './reconnect.ts'
import type { Transport } from './transport.ts'
import { transportMemory } from './transport-memory.ts'

/** Transports that are there: a WebSocket, and over HTTP a stream of lines, one of events, and long polls. */
export type TransportName = 'websocket' | HttpWay

const transportNames: readonly TransportName[] = ['websocket', 'stream', 'events', 'poll']

/** The second argument of `connect`. */
export interface ConnectOptions {
  /**
   * The token that the server's `authenticate` gets, or a function that gives it, asked for each connection: then one that
   * expires is no trouble. It travels in the first frame, never in the URL. @default none
   */
  auth?: string | TokenSource | undefined
  /**
   * How to reach the server, in order of preference: by name, or one of your own. What does not get through is replaced by
   * the next at once, and tried again later. @default ['websocket', 'stream', 'events', 'poll']
   */
  transports?: readonly (TransportName | Transport)[] | undefined
  /**
   * How long to wait between attempts; with `false` a lost connection is closed for good. The server's advice comes on
   * top. @default { firstMs: 1_000, maxMs: 30_000 }
   */
  reconnect?: Partial<ReconnectDelays> | false | undefined
  /**
   * Whether a connection that was lost goes on with its session. Without, each one begins a new session, and says `reset`.
   * @default true
   */
  resume?: boolean | undefined
  /**
   * What may wait to be sent, or to be acknowledged, in bytes. What was taken is sent in its order, whatever happens to
   * the connection; what does not fit is refused with `ERR_QUEUE_FULL`. @default { maxBytes: 4_194_304 }
   */
  queue?: { maxBytes?: number | undefined } | undefined
  /** How long a call waits for its answer, in milliseconds, also while there is no connection. @default 30_000 */
  callDeadlineMs?: number | undefined
  /** What frames may be written in besides JSON, where the server has it too: `messagePack()` of `polyplex/message-pack`. @default JSON alone */
  codec?: Codec | undefined
  /** Time for a connection to open and the server to greet, in milliseconds. @default 10_000 */
  openTimeoutMs?: number | undefined
  /** Closes the connection when it is aborted. @default none */
  signal?: AbortSignal | undefined
  /** Hears of listeners that throw, and of errors that nobody listens to. @default they go to the console */
  onError?: ((error: unknown) => void) | undefined
}

const check = (what: string, options: object, rules: Readonly<Record<string, OptionRule>>): void =>
  checkEachOption(what, options, rules, (_name, names) => `; there are ${names.join(', ')}`)

const isAuth: OptionRule = (value) =>
  isString(value) && isFunction(value) ? 'a string or a function' : undefined
const isTransports = (value: unknown): string | undefined => {
  const isOne = (one: unknown): boolean =>
    transportNames.includes(one as TransportName) ||
    typeof (one as Partial<Transport> | null)?.open === 'function'
  return Array.isArray(value) && value.length > 0 && value.every(isOne)
    ? undefined
    : `a list of ${transportNames}, or transports`
}

/**
 * Checks the arguments of `connect`, and decides what they leave open.
 *
 * @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function connectionSettings(
  url: string | URL,
  options: ConnectOptions,
  webSocket: Transport,
  base: string | undefined,
): ConnectionSettings {
  check('connect', options, {
    auth: isAuth,
    transports: isTransports,
    reconnect: (value) => (value === false ? undefined : isObject(value)),
    queue: isObject,
    codec: isObject,
    resume: isBoolean,
    callDeadlineMs: isAtLeast(1),
    openTimeoutMs: isAtLeast(1),
    signal: isObject,
    onError: isFunction,
  })
  const { reconnect = {}, queue = {}, transports = transportNames } = options
  check('connect: reconnect', reconnect || {}, { firstMs: isAtLeast(0), maxMs: isAtLeast(0) })
  check('connect: queue', queue, { maxBytes: isAtLeast(0) })
  const text = String(url)
  const target = URL.canParse(text, base) ? new URL(text, base) : undefined
  if (!target || !/^(ws|http)s?:$/.test(target.protocol))
    throw optionError(`connect: '${text}' is no URL of wss: or https:`)
  return {
    url: target.href,
    auth: options.auth,
    transports: transports.map((one) => {
      if (typeof one !== 'string') return one
      return one === 'websocket' ? webSocket : httpTransport(one, platformTime)
    }),
    memory: transportMemory(target.host),
    reconnect: reconnect && {
      firstMs: reconnect.firstMs ?? defaultDelays.firstMs,
      maxMs: reconnect.maxMs ?? defaultDelays.maxMs,
    },
    openTimeoutMs: options.openTimeoutMs ?? 10_000,
    codec: options.codec,
    resume: options.resume,
    maxQueueBytes: queue.maxBytes ?? 4_194_304,
    callDeadlineMs: options.callDeadlineMs ?? 30_000,
    report: options.onError ?? ((error) => console.error(error)),
    time: platformTime,
  }
}
