import type { Dialect } from '../../channels/dialect.ts'
import type { Codec } from '../../codec/codec.ts'
import { subprotocol } from '../../codec/frame.ts'
import { runtime } from '../../runtime/node/index.ts'
import type { RouteOptions } from '../../server/options.ts'
import { type Origins, requestOriginAllowed } from '../../server/origin.ts'
import type { Socket } from '../../server/socket.ts'
import type { Heartbeat } from '../../transport/websocket-carrier.ts'
import {
  checkOptions,
  isCount,
  isEither,
  isFunction,
  isObject,
  isOneOf,
  isString,
  isStrings,
} from '../../util/options.ts'
import { Connection } from './connection.ts'
import { frameEncoders } from './encoder.ts'
import { answerOverHttp, type HttpWish } from './http.ts'
import { SocketWire } from './socket-wire.ts'

export interface NativeOptions {
  /** Path at which connections without a subprotocol are taken too. @default '/polyplex' */
  path?: string | undefined
  /** What clients may write frames in, besides JSON: `messagePack()` of `polyplex/message-pack`. @default JSON alone */
  codec?: Codec | undefined
  /** Time until a connection has its session: the first frame, and `authenticate`; in milliseconds. @default 10_000 */
  connectTimeoutMs?: number | undefined
  /**
   * When an end that has heard nothing asks, and how long it then waits before it gives the connection up; in
   * milliseconds, for both ends. @default { everyMs: 25_000, graceMs: 20_000 }
   */
  heartbeat?: Partial<Heartbeat> | undefined
  /** How long a poll is held where nothing waits, in milliseconds. @default 25_000 */
  pollMs?: number | undefined
  /** The largest body of a request, for clients without WebSocket. @default 1_048_576 */
  maxBodyBytes?: number | undefined
  /** Pages of which origins may use it. Any: every web page can, with its visitor's cookies. @default 'same' */
  origins?: Origins<unknown> | undefined
}

const wishes: readonly string[] = ['stream', 'events', 'poll', 'send'] satisfies HttpWish[]

/** Our own protocol, `polyplex.1`, as PROTOCOL.md has it: at every path for clients that offer the subprotocol. */
export function native(options: NativeOptions = {}): Dialect {
  checkOptions('native()', options, {
    path: isString,
    codec: isObject,
    connectTimeoutMs: isCount(1, 3_600_000),
    heartbeat: isObject,
    pollMs: isCount(1, 3_600_000),
    maxBodyBytes: isCount(1),
    origins: isEither(isOneOf('same', 'any'), isStrings, isFunction),
  })
  checkOptions('native(): heartbeat', options.heartbeat ?? {}, {
    everyMs: isCount(1, 86_400_000),
    graceMs: isCount(1, 86_400_000),
  })
  const { everyMs = 25_000, graceMs = 20_000 } = options.heartbeat ?? {}
  const heartbeat: Heartbeat = { everyMs, graceMs }
  const { path = '/polyplex', connectTimeoutMs = 10_000, pollMs = 25_000 } = options
  const { maxBodyBytes = 1_048_576, origins = 'same' } = options
  return {
    name: 'native',
    mount(core) {
      const frames = frameEncoders(runtime.text, options.codec)
      const settings = { core, frames, heartbeat, connectTimeoutMs, pollMs, maxBodyBytes }
      const route: RouteOptions<Connection | undefined> = {
        protocols: [subprotocol],
        origins: origins as NonNullable<RouteOptions<undefined>['origins']>,
        heartbeat,
        open(socket) {
          socket.data = new Connection(settings, new SocketWire(socket as Socket<never>))
        },
        message: (socket, data) => socket.data?.received(data),
        drain: (socket) => socket.data?.drained(),
        close: (socket) => socket.data?.lost(),
      }
      return {
        claims: (request) => request.protocols.includes(subprotocol) || request.path === path,
        route: route as RouteOptions<never>,
        takes: (target) => wishOf(target) !== undefined,
        fetch(request) {
          const wish = wishOf(request.url)
          if (wish === undefined) return undefined
          if (!requestOriginAllowed(request, origins)) return new Response(null, { status: 403 })
          const origin = request.headers.get('origin')
          const answer = answerOverHttp(settings, wish, request)
          return origin === null ? answer : answer.then((response) => sharedWith(origin, response))
        },
      }
    },
  }
}

/** What a request wants of the protocol; nothing where it is no business of ours. */
function wishOf(target: string): HttpWish | undefined {
  const query = target.indexOf('?')
  const wish = query < 0 ? null : new URLSearchParams(target.slice(query)).get(subprotocol)
  return wish !== null && wishes.includes(wish) ? (wish as HttpWish) : undefined
}

/** Lets a page of another origin, which is allowed here, read the answer. */
function sharedWith(origin: string, response: Response): Response {
  response.headers.set('Access-Control-Allow-Origin', origin)
  response.headers.set('Access-Control-Allow-Credentials', 'true')
  response.headers.append('Vary', 'Origin')
  return response
}
