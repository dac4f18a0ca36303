import { WebSocket } from '../websocket.ts'
import type { ServerType, UnknownServer } from './channel-types.ts'
import type { Connection } from './connection.ts'
import { openConnection } from './opening.ts'
import type { ConnectOptions } from './options.ts'
import { readError } from './read-error.ts'
import { webSocketTransport } from './web-socket-transport.ts'

/**
 * Connects to a server of channels, and stays connected: over breaks, restarts and sleep nothing is lost, doubled or
 * reordered, and where that was impossible it is said. The type of the server's channels, or of its application, tells
 * what they have; nothing is generated.
 *
 * ```ts sketch
 * const connection = connect<typeof room>('wss://example.com/live', { auth: () => freshToken() })
 * const lobby = connection.channel('room:lobby')
 * lobby.on('message', (body) => show(body))
 * await lobby.join()
 * const { at } = await lobby.call('message', { text: 'hello' })
 * ```
 *
 * @param url `wss:` or `https:`, `ws:` or `http:`; in a page also relative to it
 * @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function connect<Server extends ServerType = UnknownServer>(
  url: string | URL,
  options: ConnectOptions = {},
): Connection<Server> {
  return openConnection<Server>(url, options, webSocket)
}

const webSocket = webSocketTransport((url, protocol) => new WebSocket(url, protocol), readError)
