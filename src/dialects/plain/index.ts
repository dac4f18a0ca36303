import type { Encoder } from '../../channels/carrier.ts'
import type { Core } from '../../channels/core.ts'
import type { Dialect } from '../../channels/dialect.ts'
import type { Credentials } from '../../channels/principal.ts'
import { wireError } from '../../codec/frame.ts'
import { runtime } from '../../runtime/node/index.ts'
import type { RouteOptions } from '../../server/options.ts'
import { type Origins, requestOriginAllowed } from '../../server/origin.ts'
import { readText } from '../../server/request-body.ts'
import {
  checkOptions,
  isCount,
  isEither,
  isFunction,
  isOneOf,
  isString,
  isStrings,
  optionError,
} from '../../util/options.ts'
import { json } from './answers.ts'
import { CallOutlet } from './call-outlet.ts'
import { type PlainUnit, plainEncoder } from './encoder.ts'
import { Peer } from './peer.ts'
import { PollOutlet } from './poll-outlet.ts'
import { SocketOutlet } from './socket-outlet.ts'
import { StreamOutlet } from './stream-outlet.ts'
import { bodyOf, positionOf } from './texts.ts'

export interface PlainOptions {
  /** Where channels are found: `room:1` at `/channels/room:1`. @default '/channels/' */
  prefix?: string | undefined
  /** The event that a bare text is. @default 'message' */
  event?: string | undefined
  /** How long a poll waits for a message, in milliseconds. @default 25_000 */
  pollMs?: number | undefined
  /** The largest body of a request. @default 1_048_576 */
  maxBodyBytes?: number | undefined
  /** Pages of which origins may use it. Any: every web page can, with its visitor's cookies. @default 'same' */
  origins?: Origins<unknown> | undefined
}

interface Settings {
  readonly core: Core
  readonly encoder: Encoder<PlainUnit>
  readonly event: string
  readonly pollMs: number
  readonly maxBodyBytes: number
}

/**
 * Channels for clients without any library: a WebSocket at the channel's path, an event stream for `GET`, the same as long
 * polls with `?cursor=`, and an event of one's own by `POST`.
 */
export function plain(options: PlainOptions = {}): Dialect {
  checkOptions('plain()', options, {
    prefix: isString,
    event: isString,
    pollMs: isCount(1, 3_600_000),
    maxBodyBytes: isCount(1),
    origins: isEither(isOneOf('same', 'any'), isStrings, isFunction),
  })
  const { prefix = '/channels/', event = 'message', origins = 'same' } = options
  const { pollMs = 25_000, maxBodyBytes = 1_048_576 } = options
  if (!/^\/(.*\/)?$/.test(prefix)) throw optionError("plain(): option 'prefix' must begin and end with '/'")
  const channelAt = (path: string): string | undefined => {
    if (!path.startsWith(prefix) || path.length === prefix.length) return undefined
    try {
      return decodeURIComponent(path.slice(prefix.length))
    } catch {
      return undefined
    }
  }
  return {
    name: 'plain',
    mount(core) {
      const encoder = plainEncoder(event, runtime.text)
      const settings: Settings = { core, encoder, event, pollMs, maxBodyBytes }
      const route: RouteOptions<SocketOutlet | undefined> = {
        origins: origins as NonNullable<RouteOptions<undefined>['origins']>,
        async open(socket) {
          const outlet = new SocketOutlet(socket, channelAt(socket.request.path) ?? '', event)
          socket.data = outlet
          await outlet.open(core, encoder)
        },
        message: (socket, data) => socket.data?.received(data),
        drain: (socket) => socket.data?.drained(),
        close: (socket) => socket.data?.lost(),
      }
      return {
        claims: ({ path }) => channelAt(path) !== undefined,
        route: route as RouteOptions<never>,
        takes: (target) => channelAt(target.split('?', 1)[0] as string) !== undefined,
        fetch(request) {
          const url = new URL(request.url)
          const channel = channelAt(url.pathname)
          if (channel === undefined) return undefined
          if (!requestOriginAllowed(request, origins)) {
            return json({ error: { code: 'ERR_ORIGIN', message: 'Pages of this origin may not' } }, 403)
          }
          return answer(settings, channel, request, url)
        },
      }
    },
  }
}

async function answer(settings: Settings, channel: string, request: Request, url: URL): Promise<Response> {
  if (request.method === 'POST') return call(settings, channel, request, url)
  if (request.method !== 'GET') return json({ error: 'GET or POST' }, 405, { Allow: 'GET, POST' })
  return url.searchParams.has('cursor')
    ? poll(settings, channel, request, url)
    : stream(settings, channel, request, url)
}

/** An event stream; a browser that comes back says where it was. */
function stream(
  { core, encoder, event }: Settings,
  channel: string,
  request: Request,
  url: URL,
): Promise<Response> {
  const since = positionOf(request.headers.get('last-event-id') ?? '')
  return new Promise((resolve) => {
    const outlet: StreamOutlet = new StreamOutlet(core, event, () => peer, resolve)
    const peer: Peer = new Peer(channel, outlet)
    request.signal.addEventListener('abort', () => peer.lost())
    peer
      .open(core, encoder, credentialsOf(request), { params: paramsOf(url), since })
      .catch((error) => outlet.refuse(wireError(error)))
  })
}

/** One long poll. */
function poll(settings: Settings, channel: string, request: Request, url: URL): Promise<Response> {
  const { core, encoder, pollMs } = settings
  const since = positionOf(url.searchParams.get('cursor') ?? '')
  return new Promise((resolve) => {
    const outlet = new PollOutlet(core, pollMs, since !== undefined, (response) => {
      resolve(response)
      peer.lost()
    })
    const peer = new Peer(channel, outlet)
    request.signal.addEventListener('abort', () => {
      outlet.stop()
      peer.lost()
    })
    peer
      .open(core, encoder, credentialsOf(request), { params: paramsOf(url), since })
      .catch((error) => outlet.refuse(wireError(error)))
  })
}

/** One event by `POST`. */
async function call(settings: Settings, channel: string, request: Request, url: URL): Promise<Response> {
  const { core, encoder, maxBodyBytes } = settings
  const text = await readText(request, maxBodyBytes)
  if (text === undefined) {
    const message = 'The body is too long (option maxBodyBytes)'
    return json({ error: { code: 'ERR_MESSAGE_TOO_LARGE', message } }, 413)
  }
  const event = url.searchParams.get('event') ?? settings.event
  return new Promise((resolve) => {
    const outlet: CallOutlet = new CallOutlet(
      event,
      bodyOf(text),
      () => peer,
      (response) => {
        resolve(response)
        peer.lost()
      },
    )
    const peer: Peer = new Peer(channel, outlet)
    request.signal.addEventListener('abort', () => peer.lost())
    peer
      .open(core, encoder, credentialsOf(request), { params: paramsOf(url), since: undefined })
      .catch((error) => outlet.refuse(wireError(error)))
  })
}

/** The token of `Authorization: Bearer …`, and all header fields, for cookies. */
function credentialsOf({ headers }: Request): Credentials {
  const [, token] = /^Bearer\s+(\S+)$/i.exec(headers.get('authorization') ?? '') ?? []
  return { token, headers }
}

/** Params of the join: the query, without what is ours. */
function paramsOf({ searchParams }: URL): Record<string, string> {
  const { cursor: _cursor, event: _event, ...params } = Object.fromEntries(searchParams)
  return params
}
