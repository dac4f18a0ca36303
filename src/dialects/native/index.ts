import type { Dialect } from '../../channels/dialect.ts'
import { subprotocol } from '../../codec/frame.ts'
import { runtime } from '../../runtime/node/index.ts'
import type { RouteOptions } from '../../server/options.ts'
import { checkOptions, isCount, isString } from '../../util/options.ts'
import { Connection } from './connection.ts'
import { textEncoder } from './encoder.ts'

export interface NativeOptions {
  /** Path at which connections without a subprotocol are taken too. @default '/polyplex' */
  path?: string | undefined
  /** Time for the first frame of a connection, in milliseconds. @default 10_000 */
  connectTimeoutMs?: number | undefined
}

const heartbeat = { everyMs: 25_000, graceMs: 20_000 }

/** Our own protocol, `polyplex.1`, as PROTOCOL.md has it: at every path for clients that offer the subprotocol. */
export function native(options: NativeOptions = {}): Dialect {
  checkOptions('native()', options, { path: isString, connectTimeoutMs: isCount(1, 3_600_000) })
  const { path = '/polyplex', connectTimeoutMs = 10_000 } = options
  return {
    name: 'native',
    mount(core) {
      const encoder = textEncoder((text) => runtime.text.byteLength(text))
      const settings = { core, encoder, heartbeat, connectTimeoutMs }
      const route: RouteOptions<Connection | undefined> = {
        protocols: [subprotocol],
        heartbeat,
        open(socket) {
          socket.data = new Connection(settings, socket)
        },
        message: (socket, data) => socket.data?.received(data),
        drain: (socket) => socket.data?.drained(),
        close: (socket) => socket.data?.lost(),
      }
      return {
        claims: (request) => request.protocols.includes(subprotocol) || request.path === path,
        route: route as RouteOptions<never>,
      }
    },
  }
}
