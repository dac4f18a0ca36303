import type { Position } from '../../codec/frame.ts'

/** One event as a server defines it, as far as types go. */
interface EventType {
  readonly input?: unknown
  readonly output?: unknown
  readonly delivery?: unknown
}

/** What `channel(…)` of a server makes, as far as types go. */
export interface ChannelType {
  readonly pattern: { readonly text: string }
  readonly definition: { readonly events?: Readonly<Record<string, EventType>> | undefined }
}

/** What tells a client which channels there are: a kind of channel, several (`A | B`, a list), or the application that serves them. */
export type ServerType = ChannelType | readonly ChannelType[] | { readonly channels: readonly ChannelType[] }

/** A server of which nothing is known: every channel has every event, and values are `unknown`. */
export interface UnknownServer extends ChannelType {
  readonly definition: { readonly events?: Readonly<Record<string, object>> | undefined }
}

/** The kinds of channels of a server. */
export type ChannelsOf<Server> = Server extends { readonly channels: readonly (infer One)[] }
  ? One
  : Server extends readonly (infer One)[]
    ? One
    : Server

/** Names that a pattern takes: `room:${string}` for `room:{id}`. */
export type NamesOf<Pattern extends string> = Pattern extends `${infer Before}{${string}}${infer After}`
  ? `${Before}${string}${NamesOf<After>}`
  : Pattern

/** Names of all channels of a server. */
export type ChannelNames<Server> =
  ChannelsOf<Server> extends infer One
    ? One extends ChannelType
      ? NamesOf<One['pattern']['text']>
      : never
    : never

/** The events of the channel with that name. */
export type EventsAt<Server, Name extends string> =
  ChannelsOf<Server> extends infer One
    ? One extends ChannelType
      ? Name extends NamesOf<One['pattern']['text']>
        ? NonNullable<One['definition']['events']>
        : never
      : never
    : never

type SchemaTypes<Schema> = Schema extends { readonly '~standard': { readonly types?: infer Types } }
  ? NonNullable<Types>
  : unknown
type InputOf<Schema> = SchemaTypes<Schema> extends { readonly input: infer Input } ? Input : unknown
type OutputOf<Schema> = SchemaTypes<Schema> extends { readonly output: infer Output } ? Output : unknown

/** What whoever sends or calls an event says. */
export type SaidOf<Event> = Event extends { readonly input: infer Schema } ? InputOf<Schema> : unknown
/** What whoever is sent or called gets. */
export type HeardOf<Event> = Event extends { readonly input: infer Schema } ? OutputOf<Schema> : unknown
/** What whoever is called answers with. */
export type AnswerOf<Event> = Event extends { readonly output: infer Schema } ? InputOf<Schema> : unknown
/** What the caller gets. */
export type AnsweredOf<Event> = Event extends { readonly output: infer Schema } ? OutputOf<Schema> : unknown
/** What is delivered to those who listen. */
export type DeliveredOf<Event> = Event extends { readonly delivery: infer Schema }
  ? OutputOf<Schema>
  : HeardOf<Event>

/** One message of a channel's history. */
export type MessageOf<Events> = {
  [Name in keyof Events & string]: {
    readonly offset: number
    readonly event: Name
    readonly body: DeliveredOf<Events[Name]>
    /** When it was published, in milliseconds since 1970. */
    readonly time: number
  }
}[keyof Events & string]

/** What history answers with, oldest first. */
export interface History<Events> {
  readonly at: Position
  readonly messages: readonly MessageOf<Events>[]
}
