import { WebSocketClient } from './client.ts'
import { WebSocketConnection } from './connection.ts'
import { deprecation } from './deprecation.ts'
import { WebSocketFrame } from './frame.ts'
import { WebSocketRequest } from './request.ts'
import { WebSocketRouter } from './router.ts'
import { WebSocketServer } from './server.ts'
import { W3CWebSocket } from './w3cwebsocket.ts'

/** The version whose interface this is. */
const version = '1.0.35'

export type { IClientConfig, IConfig, IServerConfig } from './config.ts'
export type {
  IBinaryMessage,
  IExtension,
  IStringified,
  IUtf8Message,
  Message,
} from './connection-events.ts'
export type { ICookie } from './cookies.ts'
export type { IBufferList } from './frame.ts'
export type { IRouterConfig, IRouterHandler } from './router.ts'
export type { RouterRequest as IRouterRequest } from './router-request.ts'
export type { ICloseEvent, IMessageEvent } from './w3cwebsocket.ts'
export {
  deprecation,
  version,
  W3CWebSocket as w3cwebsocket,
  WebSocketClient as client,
  WebSocketConnection as connection,
  WebSocketFrame as frame,
  WebSocketRequest as request,
  WebSocketRouter as router,
  WebSocketServer as server,
}

export default {
  server: WebSocketServer,
  client: WebSocketClient,
  router: WebSocketRouter,
  frame: WebSocketFrame,
  request: WebSocketRequest,
  connection: WebSocketConnection,
  w3cwebsocket: W3CWebSocket,
  deprecation,
  version,
}
