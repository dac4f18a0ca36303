// What `require` gives: the names that `import` gives, of the very same classes.
import type * as whole from './websocket/index.js' with { 'resolution-mode': 'import' }

export declare const client: typeof whole.client
export type client = whole.client
export declare const connection: typeof whole.connection
export type connection = whole.connection
export declare const frame: typeof whole.frame
export type frame = whole.frame
export declare const request: typeof whole.request
export type request = whole.request
export declare const router: typeof whole.router
export type router = whole.router
export declare const server: typeof whole.server
export type server = whole.server
export declare const w3cwebsocket: typeof whole.w3cwebsocket
export type w3cwebsocket = whole.w3cwebsocket
export declare const deprecation: typeof whole.deprecation
export declare const version: typeof whole.version
export type IBinaryMessage = whole.IBinaryMessage
export type IBufferList = whole.IBufferList
export type IClientConfig = whole.IClientConfig
export type ICloseEvent = whole.ICloseEvent
export type IConfig = whole.IConfig
export type ICookie = whole.ICookie
export type IExtension = whole.IExtension
export type IMessageEvent = whole.IMessageEvent
export type IRouterConfig = whole.IRouterConfig
export type IRouterHandler = whole.IRouterHandler
export type IRouterRequest = whole.IRouterRequest
export type IServerConfig = whole.IServerConfig
export type IStringified = whole.IStringified
export type IUtf8Message = whole.IUtf8Message
export type Message = whole.Message
