import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { certificate } from '../wire/certificate.ts'
import { Inbox } from '../wire/inbox.ts'
import type { ForeignConnection, ForeignServer } from './servers-kind.ts'

/** A server of node:http or node:https on which a library is put. */
export async function listenHttp(
  secure: boolean,
  mount: (server: Server, connected: (connection: ForeignConnection) => void) => void,
): Promise<ForeignServer> {
  const server = secure ? createSecureServer(certificate) : createServer()
  const connections = new Inbox<ForeignConnection>()
  mount(server, connections.push)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: urlOf(server.address() as AddressInfo, secure),
    connections,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function urlOf({ port }: AddressInfo, secure: boolean): string {
  return secure ? `wss://localhost:${port}/` : `ws://127.0.0.1:${port}/`
}
