import { EventEmitter } from 'node:events'

declare class WebSocket extends EventEmitter {}
declare const WebSocketAlias: typeof WebSocket
interface WebSocketAlias extends WebSocket {}
declare namespace WebSocket {
  const WebSocket: typeof WebSocketAlias
  type WebSocket = WebSocketAlias
}
export = WebSocket
