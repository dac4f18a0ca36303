import * as extension from './extension.ts'
import { PerMessageDeflate } from './per-message-deflate.ts'
import { Receiver } from './receiver.ts'
import { Sender } from './sender.ts'
import { createWebSocketStream } from './stream.ts'
import * as subprotocol from './subprotocol.ts'
import { WebSocket } from './websocket.ts'
import { WebSocketServer } from './websocket-server.ts'

/** What `require` gives: the class, with everything else on it. */
export default Object.assign(WebSocket, {
  createWebSocketStream,
  extension,
  PerMessageDeflate,
  Receiver,
  Sender,
  Server: WebSocketServer,
  subprotocol,
  WebSocket,
  WebSocketServer,
})
export {
  createWebSocketStream,
  extension,
  PerMessageDeflate,
  Receiver,
  Sender,
  subprotocol,
  WebSocket,
  WebSocketServer,
}
