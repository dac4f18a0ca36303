import type { Server as HttpServer } from 'node:http'
import type { Server as HttpsServer, RequestOptions } from 'node:https'
import { type CompressionOptions, defaultCompression } from '../../protocol/permessage-deflate.ts'

/** What servers and clients have in common. */
export interface IConfig {
  /**
   * Largest frame a peer may send, in bytes; a larger one fails the connection with 1009.
   * @default 65_536 for servers, 1_048_576 for clients
   */
  maxReceivedFrameSize?: number | undefined
  /**
   * Largest message, in bytes, after inflation; a larger one fails the connection with 1009. Without effect where
   * `assembleFragments` is false. @default 1_048_576 for servers, 8_388_608 for clients
   */
  maxReceivedMessageSize?: number | undefined
  /** Whether messages longer than `fragmentationThreshold` are sent in several frames. @default true */
  fragmentOutgoingMessages?: boolean | undefined
  /** Largest payload of a frame that is sent, in bytes. @default 16_384 */
  fragmentationThreshold?: number | undefined
  /** Whether messages are put together and told by `message`. If not, each frame is told by `frame`. @default true */
  assembleFragments?: boolean | undefined
  /** How long the peer may take to answer a close frame, in milliseconds; then the connection is cut. @default 5_000 */
  closeTimeout?: number | undefined
  /** Whether small packets are sent at once instead of being gathered by the system. @default true */
  disableNagleAlgorithm?: boolean | undefined
  /** Whether silent peers are pinged. @default true for servers, false for clients */
  keepalive?: boolean | undefined
  /** After so much silence, in milliseconds, a ping is sent. @default 20_000 */
  keepaliveInterval?: number | undefined
  /** Whether a peer that stays silent behind the ping is dropped. @default true */
  dropConnectionOnKeepaliveTimeout?: boolean | undefined
  /** How long it may stay silent behind the ping, in milliseconds. @default 10_000 */
  keepaliveGracePeriod?: number | undefined
  /** Whether TCP's own keep-alive is used in place of pings. @default false */
  useNativeKeepalive?: boolean | undefined
  /**
   * Whether compression (RFC 7692) is agreed to; an object says how. Not part of the original interface. Without
   * effect where `assembleFragments` is false. @default false
   */
  perMessageDeflate?: boolean | Partial<CompressionOptions> | undefined
}

export interface IServerConfig extends IConfig {
  /** The server or servers of `node:http` or `node:https` whose upgrades are answered. */
  httpServer: HttpServer | HttpsServer | (HttpServer | HttpsServer)[]
  /**
   * Whether every request is accepted without asking, from any origin, with the first subprotocol it names: pages
   * of other sites may connect then, with their visitors' cookies. @default false
   */
  autoAcceptConnections?: boolean | undefined
  /**
   * Whether `X-Forwarded-For` is left out of account. Without a proxy in front that sets it, any client can name
   * any address there: set this to true. @default false
   */
  ignoreXForwardedFor?: boolean | undefined
  /** Whether `request.cookies` is filled. @default true */
  parseCookies?: boolean | undefined
  /** Whether `request.requestedExtensions` is filled. @default true */
  parseExtensions?: boolean | undefined
}

export interface IClientConfig extends IConfig {
  /** Version of the protocol; 8 only differs by the name of the `Origin` field. @default 13 */
  webSocketVersion?: number | undefined
  /** Options of `https.request` for `wss:`; `headers` among them are sent too. */
  tlsOptions?: RequestOptions | undefined
}

const defaults = {
  fragmentOutgoingMessages: true,
  fragmentationThreshold: 0x4000,
  assembleFragments: true,
  disableNagleAlgorithm: true,
  closeTimeout: 5_000,
  perMessageDeflate: false,
}

export const serverDefaults = {
  ...defaults,
  maxReceivedFrameSize: 0x1_0000,
  maxReceivedMessageSize: 0x10_0000,
  keepalive: true,
  keepaliveInterval: 20_000,
  dropConnectionOnKeepaliveTimeout: true,
  keepaliveGracePeriod: 10_000,
  useNativeKeepalive: false,
  autoAcceptConnections: false,
  ignoreXForwardedFor: false,
  parseCookies: true,
  parseExtensions: true,
}

export const clientDefaults = {
  ...defaults,
  maxReceivedFrameSize: 0x10_0000,
  maxReceivedMessageSize: 0x80_0000,
  webSocketVersion: 13,
}

/** The compression that `config` asks for, if any. */
export function compressionOf(config: IConfig): Readonly<CompressionOptions> | undefined {
  const { perMessageDeflate, assembleFragments } = config
  if (!perMessageDeflate || assembleFragments === false) return undefined
  return perMessageDeflate === true ? defaultCompression : { ...defaultCompression, ...perMessageDeflate }
}
