import {
  checkOptions,
  isCount,
  isEither,
  isFunction,
  isObject,
  isString,
  optionError,
} from '../../util/options.ts'
import type { ConnectionSettings, TokenSource } from './connection.ts'
import { platformTime } from './platform-time.ts'
import { defaultDelays, type ReconnectDelays } from './reconnect.ts'
import type { Transport } from './transport.ts'

/** The second argument of `connect`. */
export interface ConnectOptions {
  /**
   * The token that the server's `authenticate` gets, or a function that gives it, asked for each connection: then one that
   * expires is no trouble. It travels in the first frame, never in the URL. @default none
   */
  auth?: string | TokenSource | undefined
  /** How to reach the server, in order of preference: by name, or one of your own. @default ['websocket'] */
  transports?: readonly ('websocket' | Transport)[] | undefined
  /**
   * How long to wait between attempts; with `false` a lost connection is closed for good. The server's advice comes on
   * top. @default { firstMs: 1_000, maxMs: 30_000 }
   */
  reconnect?: Partial<ReconnectDelays> | false | undefined
  /**
   * What may wait to be sent, or to be acknowledged, in bytes. What was taken is sent in its order, whatever happens to
   * the connection; what does not fit is refused with `ERR_QUEUE_FULL`. @default { maxBytes: 4_194_304 }
   */
  queue?: { maxBytes?: number | undefined } | undefined
  /** How long a call waits for its answer, in milliseconds, also while there is no connection. @default 30_000 */
  callDeadlineMs?: number | undefined
  /** Time for a connection to open and the server to greet, in milliseconds. @default 10_000 */
  openTimeoutMs?: number | undefined
  /** Hears of listeners that throw, and of errors that nobody listens to. @default they go to the console */
  onError?: ((error: unknown) => void) | undefined
}

const isTransports = (value: unknown): string | undefined => {
  const isOne = (one: unknown): boolean =>
    one === 'websocket' || typeof (one as Partial<Transport> | null)?.open === 'function'
  return Array.isArray(value) && value.length > 0 && value.every(isOne)
    ? undefined
    : "a list of 'websocket' and transports"
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
  checkOptions('connect', options, {
    auth: isEither(isString, isFunction),
    transports: isTransports,
    reconnect: (value) => (value === false ? undefined : isObject(value)),
    queue: isObject,
    callDeadlineMs: isCount(1),
    openTimeoutMs: isCount(1),
    onError: isFunction,
  })
  const { reconnect = {}, queue = {}, transports = ['websocket'] } = options
  if (reconnect !== false) {
    checkOptions('connect: reconnect', reconnect, { firstMs: isCount(0), maxMs: isCount(0) })
  }
  checkOptions('connect: queue', queue, { maxBytes: isCount(0) })
  const text = String(url)
  if (!URL.canParse(text, base)) throw optionError(`connect: '${text}' is no URL`)
  const { protocol, href } = new URL(text, base)
  if (!/^(ws|http)s?:$/.test(protocol)) {
    throw optionError(`connect: '${protocol}' is no scheme of a server; 'wss:' and 'https:' are`)
  }
  return {
    url: href,
    auth: options.auth,
    transports: transports.map((one) => (one === 'websocket' ? webSocket : one)),
    reconnect: reconnect && {
      firstMs: reconnect.firstMs ?? defaultDelays.firstMs,
      maxMs: reconnect.maxMs ?? defaultDelays.maxMs,
    },
    openTimeoutMs: options.openTimeoutMs ?? 10_000,
    maxQueueBytes: queue.maxBytes ?? 4_194_304,
    callDeadlineMs: options.callDeadlineMs ?? 30_000,
    report: options.onError ?? ((error) => console.error(error)),
    time: platformTime,
  }
}
