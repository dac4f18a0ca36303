import { defaultLimits, type Limits } from '../protocol/limits.ts'
import { type CompressionOptions, defaultCompression } from '../protocol/permessage-deflate.ts'
import type { HandshakeRequest } from '../protocol/server-handshake.ts'
import type { Runtime } from '../runtime/contract.ts'
import type { CarrierEvents, CarrierSettings } from '../transport/websocket-carrier.ts'
import type { Handlers, RouteOptions } from './options.ts'
import type { Origins } from './origin.ts'
import type { PathPattern } from './path-pattern.ts'
import type { Socket } from './socket.ts'
import type { UpgradeRequest } from './upgrade-request.ts'

/** One path with its handlers and everything its sockets share. */
export interface Route<Data> {
  /** Absent for all paths that no pattern takes. */
  readonly pattern: PathPattern | undefined
  readonly handlers: Handlers<Data>
  readonly limits: Limits
  readonly compression: Readonly<CompressionOptions> | undefined
  readonly origins: Origins<UpgradeRequest>
  readonly protocols: readonly string[] | undefined
  readonly settings: CarrierSettings<Socket<Data>>
}

/** The route that `own` options make, each missing one taken from `shared`, then from the defaults. */
export function createRoute<Data>(
  pattern: PathPattern | undefined,
  own: RouteOptions<Data>,
  shared: Omit<RouteOptions<never>, keyof Handlers<never>> & Pick<Handlers<never>, 'error'>,
  events: (handlers: Handlers<Data>) => CarrierEvents<Socket<Data>>,
  runtime: Runtime,
): Route<Data> {
  const limits = { ...defaultLimits, ...defined(shared.limits), ...defined(own.limits) }
  const handlers = withError(own, shared.error as Handlers<Data>['error'])
  const heartbeat = own.heartbeat ?? shared.heartbeat
  return {
    pattern,
    handlers,
    limits,
    compression: compressionOf(own.compression ?? shared.compression ?? false, runtime),
    origins: own.origins ?? shared.origins ?? 'same',
    protocols: own.protocols ?? shared.protocols,
    settings: {
      role: 'server',
      limits,
      text: runtime.text,
      streamed: own.stream !== undefined,
      maskingKey: runtime.maskingKey,
      allocate: runtime.allocate,
      events: events(handlers),
      turn: runtime.turn,
      wheel: runtime.wheel,
      closeTimeoutMs: limits.closeTimeoutMs,
      heartbeat:
        heartbeat === false ? undefined : { everyMs: 25_000, graceMs: 20_000, ...defined(heartbeat) },
      backpressure: {
        highWaterMarkBytes: 1_048_576,
        policy: 'close',
        ...defined(shared.backpressure),
        ...defined(own.backpressure),
      },
    },
  }
}

/** `own` handlers, with the `error` of the whole where they have none: what goes wrong must not go unheard. */
function withError<Data>(own: Handlers<Data>, error: Handlers<Data>['error']): Handlers<Data> {
  if (own.error !== undefined || error === undefined) return own
  return Object.create(own, { error: { value: error } })
}

/** The subprotocol to agree on: ours in our order, or without any the client's first; empty for none. */
export function chooseProtocol(route: Route<never>, request: HandshakeRequest): string {
  const { protocols } = route
  if (protocols === undefined) return request.protocols[0] ?? ''
  return protocols.find((protocol) => request.protocols.includes(protocol)) ?? ''
}

function compressionOf(
  wanted: boolean | Partial<CompressionOptions>,
  { deflate }: Runtime,
): CompressionOptions | undefined {
  if (wanted === false) return undefined
  const options = { ...defaultCompression, ...(wanted === true ? {} : defined(wanted)) }
  if (deflate.windows) return options
  return { ...options, serverContextTakeover: false, clientContextTakeover: false }
}

/** `options` without the keys whose value is undefined: those count as absent. */
function defined<Options extends object>(options: Options | undefined): Options {
  return Object.fromEntries(
    Object.entries(options ?? {}).filter(([, value]) => value !== undefined),
  ) as Options
}
