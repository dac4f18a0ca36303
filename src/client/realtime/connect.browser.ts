import type { ServerType, UnknownServer } from './channel-types.ts'
import type { Connection } from './connection.ts'
import { openConnection } from './opening.ts'
import type { ConnectOptions } from './options.ts'
import { type WebSocketLike, webSocketTransport } from './web-socket-transport.ts'

/** `connect` in a browser: with the platform's own WebSocket. */
export function connect<Server extends ServerType = UnknownServer>(
  url: string | URL,
  options: ConnectOptions = {},
): Connection<Server> {
  return openConnection<Server>(url, options, webSocket)
}

const webSocket = webSocketTransport((url, protocol) => {
  const { WebSocket } = globalThis as unknown as {
    WebSocket: new (url: string, protocol: string) => WebSocketLike
  }
  return new WebSocket(url, protocol)
})
