import type { Bus } from '../bus/contract.ts'
import { memoryBus } from '../bus/memory-bus.ts'
import type { Position } from '../codec/frame.ts'
import { runtime } from '../runtime/node/index.ts'
import type { Rate } from '../session/token-bucket.ts'
import { checkOptions, isCount, isFunction, isObject, optionError } from '../util/options.ts'
import { type AnyChannel, type DefinedChannel, rateRules } from './channel.ts'
import type { HistoryOptions, PresenceMember, PublishingOptions } from './context.ts'
import { Core, type CoreLimits } from './core.ts'
import type { Credentials, Principal } from './principal.ts'

/** What sessions may take of the server. */
export interface RealtimeLimits {
  /** How long a session without a connection is kept. Longer: more breaks go unnoticed, and more memory. @default 120_000 */
  windowMs: number
  /**
   * The same for sessions of somebody unknown (a principal without `id`) that are in no channel: there is nothing to miss. As long
   * as a client over HTTP may need between its first answer and its first join. @default 10_000
   */
  unjoinedWindowMs: number
  /** Sessions on this node, connected or not; whoever comes then is sent away for five seconds (`overload`). @default 100_000 */
  maxSessions: number
  /** Bytes a session keeps for a client that is away or behind; over it the session ends (`overload`). @default 1_048_576 */
  maxBytes: number
  /** How long is kept what the client never acknowledged. @default 120_000 */
  maxAgeMs: number
  /** Channels a session may be in. @default 100 */
  maxChannels: number
  /** Calls of a session that may be under way at a time. @default 100 */
  maxCalls: number
  /** How fast a session may join, send and call; faster is refused with `ERR_RATE`. @default as fast as it can */
  rate: Rate | undefined
}

export interface RealtimeOptions<Channels extends readonly DefinedChannel[] = readonly DefinedChannel[]> {
  /** The kinds of channels; of several that fit a name the first counts. */
  readonly channels: Channels
  /**
   * Says who shows these credentials: a principal, or nothing for somebody unknown. A `CallError` refuses as it says;
   * anything else thrown refuses with `ERR_UNAUTHORIZED`. @default everybody is let in, unknown
   */
  readonly authenticate?: (credentials: Credentials) => Principal | undefined | Promise<Principal | undefined>
  /** What links the nodes. @default `memoryBus()`, for a server of one node */
  readonly bus?: Bus | undefined
  readonly limits?: Partial<RealtimeLimits> | undefined
  /** Hears of handlers that threw, answers that do not fit their schema, a bus that failed. @default they go to the console */
  readonly onError?: ((error: Error) => void) | undefined
}

/** A channel, from outside of any handler. */
export interface ChannelHandle {
  publish(event: string, body: unknown, options?: PublishingOptions): Promise<Position>
  history(options?: HistoryOptions): ReturnType<Room['history']>
  /** Who is here, as far as this node knows: it follows channels that have members here. */
  presence(): PresenceMember[]
}

/** A user, on all devices and all nodes. Each order resolves when the bus has it; nodes follow within moments. */
export interface UserHandle {
  /** Sends an event outside of any channel. */
  send(event: string, body: unknown): Promise<void>
  /** Removes the user from a channel. */
  kick(channel: string, message?: string): Promise<void>
  /** Moves the user from a channel to another, as `ctx.move` does; where that one refuses, `onError` of the node hears of it. */
  move(from: string, to: string, params?: unknown): Promise<void>
  /** Ends the user's sessions, and so all memberships: the token is no longer good. */
  revoke(message?: string): Promise<void>
}

type Room = ReturnType<Core['room']>

/** Channels and sessions, to be given to `serve` as `app`. */
export interface Realtime<Channels extends readonly DefinedChannel[] = readonly DefinedChannel[]> {
  /** The kinds of channels; their types tell a client what there is. */
  readonly channels: Channels
  /** @throws {CallError} `ERR_CHANNEL` */
  channel(name: string): ChannelHandle
  /** Somebody, on all devices and nodes; `id` is that of the principal. */
  user(id: string): UserHandle
  /** Sessions on this node, connected or not. */
  readonly sessionCount: number
  /** @internal What dialects are mounted on. */
  readonly core: Core
}

export const defaultRealtimeLimits: Readonly<RealtimeLimits> = {
  windowMs: 120_000,
  unjoinedWindowMs: 10_000,
  maxSessions: 100_000,
  maxBytes: 1_048_576,
  maxAgeMs: 120_000,
  maxChannels: 100,
  maxCalls: 100,
  rate: undefined,
}

/**
 * Makes an application of channels.
 *
 * ```ts
 * await using server = await serve({ port: 8080, app: realtime({ channels: [room] }), dialects: [native()] })
 * ```
 *
 * @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function realtime<const Channels extends readonly DefinedChannel[]>(
  options: RealtimeOptions<Channels>,
): Realtime<Channels> {
  checkRealtimeOptions(options)
  const core = new Core({
    channels: options.channels as readonly DefinedChannel[] as readonly AnyChannel[],
    bus: options.bus ?? memoryBus(),
    limits: limitsOf(options.limits),
    environment: {
      randomBytes: runtime.randomBytes,
      digest: runtime.sha256,
      now: runtime.now,
      time: Date.now,
      wheel: runtime.wheel,
    },
    authenticate: options.authenticate ?? (() => undefined),
    onError: options.onError ?? ((error) => console.error(error)),
  })
  return {
    channels: options.channels,
    core,
    get sessionCount() {
      return core.sessions.size
    },
    channel(name) {
      const room = core.room(name)
      return {
        publish: (event, body, publishing) => room.publish(event, body, publishing),
        history: (asked) => room.history(asked),
        presence: () => core.room(name).present(),
      }
    },
    user: (user) => ({
      send: (event, body) => core.order({ what: 'send', user, event, body }),
      kick: (name, message) => core.order({ what: 'kick', user, channel: name, message }),
      move: (from, to, params) => core.order({ what: 'move', user, from, to, params }),
      revoke: (message) => core.order({ what: 'revoke', user, message }),
    }),
  }
}

function limitsOf(limits: Partial<RealtimeLimits> = {}): CoreLimits {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined)
  return { ...defaultRealtimeLimits, ...Object.fromEntries(given) }
}

function checkRealtimeOptions(options: RealtimeOptions): void {
  checkOptions('realtime()', options, {
    channels: (value) => (Array.isArray(value) ? undefined : 'a list of channels'),
    authenticate: isFunction,
    bus: isObject,
    limits: isObject,
    onError: isFunction,
  })
  if (options.channels === undefined) throw optionError("realtime() needs the option 'channels'")
  const limits = options.limits ?? {}
  checkOptions('realtime(): limits', limits, {
    windowMs: isCount(0),
    unjoinedWindowMs: isCount(0),
    maxSessions: isCount(1),
    maxBytes: isCount(1),
    maxAgeMs: isCount(1),
    maxChannels: isCount(1),
    maxCalls: isCount(1),
    rate: isObject,
  })
  checkOptions('realtime(): limits.rate', limits.rate ?? {}, rateRules)
}
