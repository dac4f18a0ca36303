import type { Why } from '../codec/frame.ts'
import type { BacklogPolicy } from '../session/backlog.ts'
import type { Rate } from '../session/token-bucket.ts'
import {
  checkOptions,
  isBoolean,
  isCount,
  isEither,
  isFunction,
  isObject,
  isOneOf,
  isString,
  optionError,
} from '../util/options.ts'
import { ChannelPattern, type ParamsOf } from './channel-pattern.ts'
import type { ChannelContext } from './context.ts'
import type { InputOf, OutputOf, StandardSchema } from './standard-schema.ts'

/** One event of a channel. Without a schema a value is `unknown`, and passes as it is. */
export interface EventDefinition {
  /** What whoever sends or calls says. */
  readonly input?: StandardSchema | undefined
  /** What a call is answered with; for a stream, each item. */
  readonly output?: StandardSchema | undefined
  /** What is published to everybody. @default `input` */
  readonly delivery?: StandardSchema | undefined
}

export type EventDefinitions = Readonly<Record<string, EventDefinition>>

/** What the sender of an event says, before validation. */
export type SaidOf<Event> = Event extends { readonly input: infer Schema } ? InputOf<Schema> : unknown
/** What the handler of an event gets. */
export type HandledOf<Event> = Event extends { readonly input: infer Schema } ? OutputOf<Schema> : unknown
/** What a handler answers with. */
export type AnswerOf<Event> = Event extends { readonly output: infer Schema } ? InputOf<Schema> : unknown
/** What the caller gets. */
export type ReceivedOf<Event> = Event extends { readonly output: infer Schema } ? OutputOf<Schema> : unknown
/** What is published. */
export type PublishedOf<Event> = Event extends { readonly delivery: infer Schema }
  ? InputOf<Schema>
  : SaidOf<Event>

type Awaitable<Value> = Value | Promise<Value>
/** A call may be answered item by item. */
export type Answer<Value> = Awaitable<Value> | Awaitable<AsyncIterable<Value>>

/** How much members hear of each other. */
export interface PresenceOptions {
  /**
   * Devices that are named. Where there are more, members hear only how many: what n members have to hear to know of each other
   * grows with n². @default 1_000
   */
  readonly maxListed?: number | undefined
}

/** What becomes of messages for a member who reads more slowly than they come, or is away. */
export interface SlowReaderOptions {
  /**
   * `close`: all of them wait, and when that is more than `limits.maxBytes` the session ends with `overload`. The others leave
   * some out, and tell the client how many: the oldest that wait, the newest, or all but the latest of each key.
   */
  readonly policy: 'close' | BacklogPolicy
  /** Messages that wait at most, not for `close`. @default 100 */
  readonly maxWaiting?: number | undefined
  /** What a message is about, for `latestByKey`. @default its event */
  readonly key?: ((event: string, body: unknown) => string) | undefined
}

/** What becomes of a channel, its members and its messages. */
export interface ChannelDefinition<Pattern extends string, Events extends EventDefinitions> {
  /** Events with their schemas. Others are refused with `ERR_EVENT`. */
  readonly events?: Events | undefined
  /** What `params` of a join must be. @default anything, and nobody looks at it */
  readonly params?: StandardSchema | undefined
  /** How many messages are kept, and how long. @default none: whoever was away for longer than a session lasts has missed something, and hears so */
  readonly history?: { readonly limit: number; readonly ttlMs: number } | undefined
  /** Whether members see who else is here. @default false */
  readonly presence?: boolean | PresenceOptions | undefined
  /** What becomes of a member who reads too slowly; others never notice. @default { policy: 'close' } */
  readonly slowReaders?: SlowReaderOptions | undefined
  /** How fast one member may send and call. @default as fast as its session may */
  readonly rate?: Rate | undefined
  /**
   * Decides about a member. What it returns is the member's welcome. A `CallError` refuses as it says; anything else
   * thrown refuses with `ERR_HANDLER`. @default everybody may join
   */
  readonly join?: ((ctx: ChannelContext<Events>, params: ParamsOf<Pattern>) => unknown) | undefined
  /** What the channel does when a member sends an event or calls it. What it returns answers a call. */
  readonly on?:
    | {
        readonly [Name in keyof Events]?: (
          ctx: ChannelContext<Events>,
          body: HandledOf<Events[Name]>,
        ) => Answer<AnswerOf<Events[Name]>> | undefined | Promise<undefined>
      }
    | undefined
  /** A member is gone. */
  readonly leave?: ((ctx: ChannelContext<Events>, why: Why) => unknown) | undefined
}

/** A kind of channel, whatever its events are. */
export interface DefinedChannel {
  readonly pattern: ChannelPattern
  readonly definition: object
}

/** A kind of channel; `realtime` serves it, and its type tells the client what it has. */
export interface Channel<Pattern extends string = string, Events extends EventDefinitions = EventDefinitions>
  extends DefinedChannel {
  readonly pattern: ChannelPattern<Pattern>
  readonly definition: ChannelDefinition<Pattern, Events>
}

/** A kind of channel as the core sees it: its events are names. */
export type AnyChannel = Channel<string, EventDefinitions>

/**
 * Defines a kind of channel.
 *
 * ```ts
 * const room = channel('room:{id}', {
 *   events: { message: {} },
 *   on: { message: (ctx, body) => ctx.publish('message', body) },
 * })
 * ```
 *
 * @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function channel<const Pattern extends string, const Events extends EventDefinitions>(
  pattern: Pattern,
  definition: ChannelDefinition<Pattern, Events>,
): Channel<Pattern, Events> {
  const what = `channel('${pattern}')`
  checkOptions(what, definition, {
    events: isObject,
    params: isSchema,
    history: isObject,
    presence: isEither(isBoolean, isObject),
    slowReaders: isObject,
    rate: isObject,
    join: isFunction,
    on: isObject,
    leave: isFunction,
  })
  checkOptions(`${what}: history`, definition.history ?? {}, { limit: isCount(1), ttlMs: isCount(1) })
  if (typeof definition.presence === 'object') {
    checkOptions(`${what}: presence`, definition.presence, { maxListed: isCount(0) })
  }
  checkOptions(`${what}: slowReaders`, definition.slowReaders ?? {}, {
    policy: isOneOf('close', 'dropOldest', 'dropNewest', 'latestByKey'),
    maxWaiting: isCount(1),
    key: isFunction,
  })
  checkOptions(`${what}: rate`, definition.rate ?? {}, rateRules)
  for (const [name, event] of Object.entries(definition.events ?? {})) {
    checkOptions(`${what}: event '${name}'`, event, { input: isSchema, output: isSchema, delivery: isSchema })
  }
  for (const [name, handler] of Object.entries(definition.on ?? {})) {
    if (isFunction(handler) !== undefined) throw optionError(`${what}: on.${name} must be a function`)
    if (!Object.hasOwn(definition.events ?? {}, name)) {
      throw optionError(`${what}: on.${name} handles an event that is not among 'events'`)
    }
  }
  return { pattern: new ChannelPattern(pattern), definition }
}

export const rateRules = { perSecond: isCount(1), burst: isCount(1) }

function isSchema(value: unknown): string | undefined {
  const standard = (value as Partial<StandardSchema> | null | undefined)?.['~standard']
  const isOne = isObject(standard) === undefined && isFunction(standard?.validate) === undefined
  return isOne && isString(standard?.vendor) === undefined
    ? undefined
    : 'a schema that speaks Standard Schema'
}
