/** `polyplex/server`: WebSocket servers, and channels with the protocols in which clients reach them. */
export type {
  Bus,
  BusMessage,
  HistoryPage,
  HistoryRequest,
  Lease,
  PublishOptions,
  Retention,
  Subscription,
  TopicListener,
} from './bus/contract.ts'
export { type MemoryBusOptions, memoryBus } from './bus/memory-bus.ts'
export type { Carrier, Encoder, Ending, SessionEvent } from './channels/carrier.ts'
export {
  type Channel,
  type ChannelDefinition,
  channel,
  type DefinedChannel,
  type EventDefinition,
  type EventDefinitions,
  type PresenceOptions,
  type SlowReaderOptions,
} from './channels/channel.ts'
export type {
  CallOptions,
  ChannelContext,
  HistoryOptions,
  PresenceMember,
  PublishingOptions,
} from './channels/context.ts'
export type { Core } from './channels/core.ts'
export type { ClaimedRequest, Dialect, Mount } from './channels/dialect.ts'
export type { Credentials, Principal } from './channels/principal.ts'
export {
  type ChannelHandle,
  defaultRealtimeLimits,
  type Realtime,
  type RealtimeLimits,
  type RealtimeOptions,
  realtime,
  type UserHandle,
} from './channels/realtime.ts'
export type { Session } from './channels/session.ts'
export type { StandardSchema } from './channels/standard-schema.ts'
export type { Codec } from './codec/codec.ts'
export type { HistoryEntry, NumberedFrame, Position, Why } from './codec/frame.ts'
export { type NativeOptions, native } from './dialects/native/index.ts'
export { type PlainOptions, plain } from './dialects/plain/index.ts'
export * from './server/index.ts'
export type { BacklogPolicy } from './session/backlog.ts'
export type { Unit } from './session/outbox.ts'
export type { Rate } from './session/token-bucket.ts'
