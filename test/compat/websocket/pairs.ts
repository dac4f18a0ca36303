import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import type * as types from '../../../src/compat/websocket/index.ts'
import ours from '../../../src/compat/websocket/index.ts'
import { Inbox } from '../../wire/inbox.ts'

export type Library = typeof ours
export type Connection = types.connection

/** The package this is a drop-in for. */
export const original = createRequire(import.meta.url)('websocket') as Library
export { ours }

/** Who serves, and who connects. */
export interface Pair {
  readonly name: string
  readonly server: Library
  readonly client: Library
}

export const pairs: readonly Pair[] = [
  { name: 'both ends ours', server: ours, client: ours },
  { name: 'our server, the original client', server: ours, client: original },
  { name: 'the original server, our client', server: original, client: ours },
]

/** What an end was told. */
export class End {
  readonly connection: Connection
  readonly messages = new Inbox<string | Buffer>()
  readonly closed: Promise<{ code: number; description: string | undefined }>

  constructor(connection: Connection) {
    this.connection = connection
    connection.on('message', (message) =>
      this.messages.push(message.type === 'utf8' ? message.utf8Data : message.binaryData),
    )
    // The original's connections of a reset peer emit it before they close.
    connection.on('error', () => {})
    this.closed = new Promise((resolve) => {
      connection.on('close', (code, description) => resolve({ code, description }))
    })
  }
}

const servers = new Set<{ http: HttpServer; host: InstanceType<Library['server']> }>()
after(async () => {
  for (const { http, host } of servers) {
    for (const connection of [...host.connections]) connection.drop(1001)
    for (const request of [...host.pendingRequests]) request.socket.destroy()
    http.closeAllConnections()
    http.close()
    await once(http, 'close')
  }
})

/** A server on a port of its own. */
export async function host(library: Library, config: Partial<types.IServerConfig> = {}) {
  const http = createServer()
  http.listen(0)
  await once(http, 'listening')
  const server = new library.server({ httpServer: http, ...config })
  servers.add({ http, host: server })
  return { http, server, url: `ws://localhost:${(http.address() as AddressInfo).port}/` }
}

/** A client's connection, or why there is none. */
export function dial(
  library: Library,
  url: string,
  config: types.IClientConfig = {},
  ...rest: [protocols?: string | string[], origin?: string, headers?: Record<string, string>]
): Promise<Connection> {
  const client = new library.client(config)
  const connected = new Promise<Connection>((resolve, reject) => {
    client.on('connect', resolve)
    client.on('connectFailed', reject)
  })
  client.connect(url, ...rest)
  return connected
}

/** Both ends of a connection. */
export async function meet(
  pair: Pair,
  config: Partial<types.IServerConfig> = {},
  clientConfig: types.IClientConfig = {},
): Promise<{ server: End; client: End }> {
  const { server, url } = await host(pair.server, config)
  const accepted = new Promise<End>((resolve) => {
    server.on('request', (request) => resolve(new End(request.accept(null, request.origin))))
  })
  const client = new End(await dial(pair.client, url, clientConfig))
  return { server: await accepted, client }
}
