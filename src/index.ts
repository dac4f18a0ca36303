/** `polyplex`: the client, true to the WHATWG standard, and the errors. */
export {
  CloseEvent,
  type CloseEventInit,
  type ErrorEvent,
  type MessageEvent,
} from './client/events.ts'
export type { ClientLimits, ClientOptions, HeaderFields, WebSocketOptions } from './client/options.ts'
export { type BinaryType, WebSocket, type WebSocketEventMap } from './client/websocket.ts'
export { type WebSocketCloseInfo, WebSocketError } from './client/websocket-error.ts'
export {
  type WebSocketOpenInfo,
  WebSocketStream,
  type WebSocketStreamOptions,
} from './client/websocket-stream.ts'
export * from './errors.ts'
export type { CompressionOptions } from './protocol/permessage-deflate.ts'
export type { ByteStream, DialTarget, HttpAgent, TlsOptions } from './runtime/contract.ts'
export type { Heartbeat } from './transport/websocket-carrier.ts'
