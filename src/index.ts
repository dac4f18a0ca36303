/** `polyplex`: the client, true to the WHATWG standard; `connect`, for servers of channels; and the errors. */
export {
  CloseEvent,
  type CloseEventInit,
  type ErrorEvent,
  type MessageEvent,
} from './client/events.ts'
export type { ClientLimits, ClientOptions, HeaderFields, WebSocketOptions } from './client/options.ts'
export type { CallOptions } from './client/realtime/calls.ts'
export type {
  Channel,
  ChannelOccurrences,
  ChannelState,
  DeliveryFacts,
  HistoryOptions,
} from './client/realtime/channel.ts'
export type {
  ChannelNames,
  ChannelType,
  EventsAt,
  History,
  MessageOf,
  ServerType,
  UnknownServer,
} from './client/realtime/channel-types.ts'
export { connect } from './client/realtime/connect.ts'
export type { Connection, ConnectionOccurrences, TokenSource } from './client/realtime/connection.ts'
export type { Observable } from './client/realtime/observable.ts'
export type { ConnectOptions, TransportName } from './client/realtime/options.ts'
export type { Presence, PresenceChange } from './client/realtime/presence.ts'
export type { ReconnectDelays } from './client/realtime/reconnect.ts'
export type { ConnectionState, Reason } from './client/realtime/state.ts'
export type { Carrier, CarrierEnd, CarrierEvents, Transport } from './client/realtime/transport.ts'
export { type BinaryType, WebSocket, type WebSocketEventMap } from './client/websocket.ts'
export { type WebSocketCloseInfo, WebSocketError } from './client/websocket-error.ts'
export {
  type WebSocketOpenInfo,
  WebSocketStream,
  type WebSocketStreamOptions,
} from './client/websocket-stream.ts'
export type { ConnectFrame, Position, PresenceEntry, Why } from './codec/frame.ts'
export * from './errors.ts'
export type { CompressionOptions } from './protocol/permessage-deflate.ts'
export type { TakenCall } from './rpc/calls-taken.ts'
export type { ByteStream, DialTarget, HttpAgent, TlsOptions } from './runtime/contract.ts'
export type { Heartbeat } from './transport/websocket-carrier.ts'
