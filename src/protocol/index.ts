/** `polyplex/protocol`: the WebSocket protocol as pure machines, without I/O. */
export * from '../errors.ts'
export {
  composeHandshakeOffer,
  type HandshakeAgreement,
  type HandshakeOffer,
  readHandshakeResponse,
} from './client-handshake.ts'
export type { CloseFrame } from './close-code.ts'
export { isWireCloseCode } from './close-code.ts'
export { type Deflate, type Inflater, MessageCompression } from './compression.ts'
export { Connection, type ConnectionSettings, type ConnectionSink, type Role } from './connection.ts'
export { type Extension, formatExtensions, parseExtensions } from './extension-header.ts'
export { acceptFor } from './handshake-key.ts'
export { HeaderList } from './header-list.ts'
export { endOfHead, formatResponseHead, parseRequestHead, type RequestHead } from './http-head.ts'
export { defaultLimits, type Limits } from './limits.ts'
export { Arena, Output } from './output.ts'
export {
  type AgreedCompression,
  acceptCompression,
  type CompressionOptions,
  confirmCompression,
  defaultCompression,
  offerCompression,
} from './permessage-deflate.ts'
export { CLOSED, CLOSING, CONNECTING, OPEN, type ReadyState } from './ready-state.ts'
export {
  composeHandshakeResponse,
  type HandshakeRequest,
  type HandshakeResponse,
  readHandshakeRequest,
  wantsWebSocket,
} from './server-handshake.ts'
export { plainText, type TextCodec } from './text.ts'
