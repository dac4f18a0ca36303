import {
  CallError,
  type Dialect,
  native,
  plain,
  type Realtime,
  type RouteOptions,
  realtime,
  serve,
} from '../../index.server.ts'
import { Links } from './links.ts'
import { probes } from './probe.ts'
import { linkHeader, Relay } from './relay.ts'
import { rooms } from './room.ts'
import { visitorOf } from './visitor.ts'

const mostSessions = 2_000

/** The chat of the demo: channels, the server that pages reach over their links, and what the network panel orders. */
export interface RealtimeDemo {
  readonly app: Realtime
  /** For everybody who comes without a link: `curl`, and a WebSocket from the console. */
  readonly dialects: readonly Dialect[]
  readonly paths: { readonly '/live/:link': RouteOptions<never> }
  /** Answers what belongs to it; nothing where a request is somebody else's. */
  answer(request: Request): Promise<Response> | undefined
  close(): Promise<void>
}

export async function realtimeDemo(): Promise<RealtimeDemo> {
  const links = new Links()
  const probe = probes((channel, event, tick) => app.channel(channel).publish(event, tick))
  const app: Realtime = realtime({
    channels: [rooms(), probe],
    limits: {
      windowMs: 60_000,
      maxBytes: 262_144,
      maxChannels: 10,
      maxCalls: 500,
      rate: { perSecond: 40, burst: 500 },
    },
    authenticate(credentials) {
      if (app.sessionCount >= mostSessions) {
        throw new CallError('ERR_APPLICATION', { message: 'Too many visitors at the moment', reason: 'full' })
      }
      const visitor = visitorOf(credentials)
      const link = credentials.headers?.get(linkHeader)
      if (visitor !== undefined && link) {
        const known = links.at(link)
        if (known !== undefined) known.user = visitor.id
      }
      return visitor
    },
  })
  // Silence is noticed within seconds: whoever stalls a link wants to see it.
  const dialect = native({ heartbeat: { everyMs: 2_000, graceMs: 2_000 }, maxBodyBytes: 262_144 })
  const behind = await serve({ hostname: '127.0.0.1', app, dialects: [dialect] })
  const relay = new Relay(links, behind.url)
  return {
    app,
    dialects: [plain({ maxBodyBytes: 16_384 })],
    paths: { '/live/:link': relay.route as RouteOptions<never> },
    answer(request) {
      const { pathname, search } = new URL(request.url)
      const [, place, name] = /^\/(live|links)\/([^/]+)$/.exec(pathname) ?? []
      if (name === undefined) return undefined
      return place === 'live' ? relay.fetch(request, name, search) : links.obey(request, name, app)
    },
    close: () => behind.close(),
  }
}
