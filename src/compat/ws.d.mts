import { IncomingMessage } from 'node:http'
import WebSocket from './ws.cjs'

export default WebSocket
export { WebSocket }
export import createWebSocketStream = WebSocket.createWebSocketStream
export import extension = WebSocket.extension
export import PerMessageDeflate = WebSocket.PerMessageDeflate
export import Receiver = WebSocket.Receiver
export import Sender = WebSocket.Sender
export import subprotocol = WebSocket.subprotocol
export import WebSocketServer = WebSocket.WebSocketServer
export type AddressInfo = WebSocket.AddressInfo
export type CertMeta = WebSocket.CertMeta
export type ClientOptions = WebSocket.ClientOptions
export type CloseEvent = WebSocket.CloseEvent
export type Data = WebSocket.Data
export type ErrorEvent = WebSocket.ErrorEvent
export type Event = WebSocket.Event
export type EventListenerOptions = WebSocket.EventListenerOptions
export type FinishRequestCallback = WebSocket.FinishRequestCallback
export type MessageEvent = WebSocket.MessageEvent
export type PerMessageDeflateOptions = WebSocket.PerMessageDeflateOptions
export type RawData = WebSocket.RawData
export type Server<
  T extends typeof WebSocket.WebSocket = typeof WebSocket.WebSocket,
  U extends typeof IncomingMessage = typeof IncomingMessage,
> = WebSocket.Server<T, U>
export type ServerOptions<
  U extends typeof WebSocket.WebSocket = typeof WebSocket.WebSocket,
  V extends typeof IncomingMessage = typeof IncomingMessage,
> = WebSocket.ServerOptions<U, V>
export type VerifyClientCallbackAsync<Request extends IncomingMessage = IncomingMessage> =
  WebSocket.VerifyClientCallbackAsync<Request>
export type VerifyClientCallbackSync<Request extends IncomingMessage = IncomingMessage> =
  WebSocket.VerifyClientCallbackSync<Request>
