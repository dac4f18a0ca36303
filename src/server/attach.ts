import { type AdoptableServer, adopt, adoptRequests, runtime } from '../runtime/node/index.ts'
import { type AppHandles, handlesOf } from './app-handles.ts'
import { type CloseOptions, Endpoint } from './endpoint.ts'
import { mountsOf, withMounts } from './mounts.ts'
import { type AttachOptions, checkAttachOptions } from './options.ts'
import type { SendOptions, Socket } from './socket.ts'

/** WebSockets on a server that somebody else runs. */
export interface Attachment<Data = undefined> extends AppHandles, AsyncDisposable {
  /** Everybody who is connected. */
  readonly sockets: ReadonlySet<Socket<Data>>
  /** Resolves when `close` has done its work. */
  readonly closed: Promise<void>
  /** Sends to all subscribers of `topic`; answers to how many. The message is framed once for all. */
  publish(topic: string, data: string | ArrayBufferLike | ArrayBufferView, options?: SendOptions): number
  /** Lets go of the server and closes every socket; the server itself goes on. */
  close(options?: CloseOptions): Promise<void>
}

/**
 * Serves WebSockets on a server of `node:http`, `node:https` or `node:http2` (with `allowHTTP1` both), and so on those
 * of Express, Fastify and Koa. With `paths` or `dialects`, and no handlers of the whole, other upgrades are left alone; requests
 * of the dialects are answered before the server's own listeners hear of them.
 *
 * @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function attach<Data = undefined, Paths = Record<string, Data>>(
  server: AdoptableServer,
  options: AttachOptions<Data, Paths>,
): Attachment<Data> {
  checkAttachOptions(options as AttachOptions<never>)
  const { app } = options
  const mounts = mountsOf(options as AttachOptions<never>)
  const endpoint = new Endpoint<Data>(options as AttachOptions<Data>, runtime, mounts)
  const letGo = adopt(
    server,
    (target, protocols) => endpoint.takes(target, protocols),
    (exchange) => endpoint.upgrade(exchange),
    options.rawHandles ?? true,
  )
  const fetch = withMounts(mounts, undefined)
  const letRequestsGo =
    fetch &&
    adoptRequests(
      server,
      (target) => mounts.some((mount) => mount.takes?.(target)),
      (request) => endpoint.respond(fetch, request),
      (error) => endpoint.failed(error),
    )
  let markClosed: () => void = () => {}
  const closed = new Promise<void>((resolve) => {
    markClosed = resolve
  })
  const close = async (closeOptions?: CloseOptions): Promise<void> => {
    app?.core.close(closeOptions?.reason)
    const emptied = endpoint.close(closeOptions)
    letGo()
    letRequestsGo?.()
    await emptied
    markClosed()
  }
  return {
    sockets: endpoint.sockets,
    ...handlesOf('attach()', app),
    closed,
    publish: (topic, data, sendOptions) => endpoint.publish(topic, data, sendOptions),
    close,
    [Symbol.asyncDispose]: () => close(),
  }
}
