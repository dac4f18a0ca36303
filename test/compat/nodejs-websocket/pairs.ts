import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { after } from 'node:test'
import ours, {
  type Connection,
  type ConnectOptions,
  type ServerOptions,
} from '../../../src/compat/nodejs-websocket/index.ts'
import { Inbox } from '../../wire/inbox.ts'

export type Library = typeof ours

/** The package this is a drop-in for. */
export const original = createRequire(import.meta.url)('nodejs-websocket') as Library
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
  readonly texts = new Inbox<string>()
  readonly binaries = new Inbox<Buffer>()
  readonly pongs = new Inbox<string>()
  readonly errors: Error[] = []
  readonly closed: Promise<{ code: number | undefined; reason: string | undefined }>

  constructor(connection: Connection) {
    this.connection = connection
    connection.on('text', this.texts.push)
    connection.on('pong', this.pongs.push)
    connection.on('error', (error) => this.errors.push(error))
    connection.on('binary', (stream) => {
      // A message that is cut off has no end.
      buffer(stream).then(this.binaries.push, () => {})
    })
    this.closed = new Promise((resolve) => {
      connection.on('close', (code, reason) => resolve({ code, reason }))
    })
  }
}

type Server = ReturnType<Library['createServer']>

const ends: { close(): void }[] = []
after(() => {
  for (const end of ends) end.close()
})

/** A server on a port of its own. */
export async function host(
  library: Library,
  options: ServerOptions = {},
): Promise<{ server: Server; url: string }> {
  const server = library.createServer(options)
  server.listen(0)
  await once(server, 'listening')
  ends.push({
    close() {
      for (const connection of server.connections) connection.socket.destroy()
      server.close()
    },
  })
  return { server, url: `ws://localhost:${(server.socket.address() as AddressInfo).port}/` }
}

/** Both ends of a connection. */
export async function meet(
  pair: Pair,
  options: ServerOptions = {},
  clientOptions: ConnectOptions = {},
): Promise<{ server: End; client: End; host: Server }> {
  const { server, url } = await host(pair.server, options)
  const accepted = new Promise<End>((resolve) => {
    server.on('connection', (connection) => resolve(new End(connection)))
  })
  const connection = pair.client.connect(url, clientOptions)
  const client = new End(connection)
  await once(connection, 'connect')
  return { server: await accepted, client, host: server }
}
