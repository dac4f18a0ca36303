import type { ServerType, UnknownServer } from './channel-types.ts'
import { Connection } from './connection.ts'
import { type ConnectOptions, connectionSettings } from './options.ts'
import { watchPage } from './page.ts'
import type { Transport } from './transport.ts'

/** Opens a connection; `webSocket` is the transport of that name. */
export function openConnection<Server extends ServerType = UnknownServer>(
  url: string | URL,
  options: ConnectOptions,
  webSocket: Transport,
): Connection<Server> {
  const { location } = globalThis as { location?: { readonly href?: string } }
  const settings = connectionSettings(url, options, webSocket, location?.href)
  const { signal } = options
  const close = (): void => connection.close()
  const over = new AbortController()
  const connection = new Connection<Server>(settings, () => over.abort())
  if (signal?.aborted) close()
  else {
    signal?.addEventListener('abort', close, { signal: over.signal })
    watchPage(connection.start(), over.signal)
  }
  return connection
}
