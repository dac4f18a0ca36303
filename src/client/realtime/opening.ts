import type { ServerType, UnknownServer } from './channel-types.ts'
import { Connection } from './connection.ts'
import { type ConnectOptions, connectionSettings } from './options.ts'
import { watchPage } from './page.ts'
import { type CreateWebSocket, webSocketTransport } from './web-socket-transport.ts'

/** Opens a connection with WebSockets that `create` makes. */
export function openConnection<Server extends ServerType = UnknownServer>(
  url: string | URL,
  options: ConnectOptions,
  create: CreateWebSocket,
): Connection<Server> {
  const { location } = globalThis as { location?: { readonly href?: string } }
  const settings = connectionSettings(url, options, webSocketTransport(create), location?.href)
  let stopWatching = (): void => {}
  const connection = new Connection<Server>(settings, () => stopWatching())
  stopWatching = watchPage(connection.start())
  return connection
}
