import { type ServeOptions, type Server, serve } from '../../src/server/index.ts'
import { RawPeer } from './raw-peer.ts'

/** A server on a free port; when the block is left, everybody is cut off and nothing remains. */
export async function served<Data = undefined, Paths = object>(
  options: ServeOptions<Data, Paths>,
): Promise<Server<Data>> {
  const local = options.path === undefined ? { port: 0, hostname: '127.0.0.1' } : {}
  const server = await serve<Data, Paths>({ ...local, ...options })
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      for (const socket of server.sockets) socket.terminate()
      await server.close()
      RawPeer.destroyAll()
    },
  }
}
