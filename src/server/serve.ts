import { defaultLimits } from '../protocol/limits.ts'
import { listen, runtime } from '../runtime/node/index.ts'
import { type AppHandles, handlesOf } from './app-handles.ts'
import { type CloseOptions, Endpoint } from './endpoint.ts'
import { mountsOf, withMounts } from './mounts.ts'
import { checkServeOptions, type ServeOptions } from './options.ts'
import type { SendOptions, Socket } from './socket.ts'

/** A running server. */
export interface Server<Data = undefined> extends AppHandles, AsyncDisposable {
  /** Where clients connect, such as `ws://localhost:8080/`. */
  readonly url: string
  /** TCP port; 0 for a Unix socket. */
  readonly port: number
  /** Everybody who is connected. */
  readonly sockets: ReadonlySet<Socket<Data>>
  /** Resolves when the server has closed. */
  readonly closed: Promise<void>
  /** Sends to all subscribers of `topic`; answers to how many. The message is framed once for all. */
  publish(topic: string, data: string | ArrayBufferLike | ArrayBufferView, options?: SendOptions): number
  /** Accepts nobody new, closes every socket, and resolves when all are gone, at most `closeTimeoutMs` later. */
  close(options?: CloseOptions): Promise<void>
}

/**
 * Serves WebSockets.
 *
 * ```ts
 * const server = await serve({
 *   port: 8080,
 *   message(socket, data) { socket.send(data) },
 * })
 * ```
 *
 * @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`; rejects with the system's error where the
 * address cannot be had (`EADDRINUSE`, `EACCES`)
 */
export async function serve<Data = undefined, Paths = Record<string, Data>>(
  options: ServeOptions<Data, Paths>,
): Promise<Server<Data>> {
  checkServeOptions(options as ServeOptions<never>)
  const { tls, hostname, path, app } = options
  const mounts = mountsOf(options as ServeOptions<never>)
  const endpoint = new Endpoint<Data>(options as ServeOptions<Data>, runtime, mounts)
  const fetch = withMounts(mounts, options.fetch)
  const listener = await listen(
    {
      port: options.port ?? 0,
      hostname,
      path,
      tls,
      http2: options.http2 ?? tls !== undefined,
      maxHeaderBytes: options.limits?.maxHeaderBytes ?? defaultLimits.maxHeaderBytes,
      handshakeTimeoutMs: options.limits?.handshakeTimeoutMs ?? defaultLimits.handshakeTimeoutMs,
      closeTimeoutMs: options.limits?.closeTimeoutMs ?? defaultLimits.closeTimeoutMs,
      rawHandles: options.rawHandles ?? true,
      fetch: fetch && ((request) => endpoint.respond(fetch, request)),
    },
    {
      upgrade: (exchange) => endpoint.upgrade(exchange),
      failed: (error) => endpoint.failed(error),
    },
  )
  const scheme = tls === undefined ? 'ws' : 'wss'
  let markClosed: () => void = () => {}
  const closed = new Promise<void>((resolve) => {
    markClosed = resolve
  })
  const close = async (closeOptions?: CloseOptions): Promise<void> => {
    app?.core.close(closeOptions?.reason)
    const emptied = endpoint.close(closeOptions)
    listener.stop()
    await emptied
    await listener.close()
    markClosed()
  }
  return {
    url:
      path === undefined ? `${scheme}://${authority(hostname, listener.port)}/` : `${scheme}+unix:${path}:/`,
    port: listener.port,
    sockets: endpoint.sockets,
    ...handlesOf('serve()', app),
    closed,
    publish: (topic, data, sendOptions) => endpoint.publish(topic, data, sendOptions),
    close,
    [Symbol.asyncDispose]: () => close(),
  }
}

/** How a client on this machine names the address. */
function authority(hostname: string | undefined, port: number): string {
  if (hostname === undefined || hostname === '0.0.0.0' || hostname === '::') return `localhost:${port}`
  return hostname.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`
}
