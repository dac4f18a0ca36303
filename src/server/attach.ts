import { type AdoptableServer, adopt, runtime } from '../runtime/node/index.ts'
import { type CloseOptions, Endpoint } from './endpoint.ts'
import { type AttachOptions, checkAttachOptions } from './options.ts'
import type { SendOptions, Socket } from './socket.ts'

/** WebSockets on a server that somebody else runs. */
export interface Attachment<Data = undefined> extends AsyncDisposable {
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
 * of Express, Fastify and Koa. With `paths` and no handlers of the whole, other upgrades are left alone.
 *
 * @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function attach<Data = undefined, Paths = Record<string, Data>>(
  server: AdoptableServer,
  options: AttachOptions<Data, Paths>,
): Attachment<Data> {
  checkAttachOptions(options as AttachOptions<never>)
  const endpoint = new Endpoint<Data>(options as AttachOptions<Data>, runtime)
  const letGo = adopt(
    server,
    (target) => endpoint.takes(target),
    (exchange) => endpoint.upgrade(exchange),
    options.rawHandles ?? true,
  )
  let markClosed: () => void = () => {}
  const closed = new Promise<void>((resolve) => {
    markClosed = resolve
  })
  const close = async (closeOptions?: CloseOptions): Promise<void> => {
    const emptied = endpoint.close(closeOptions)
    letGo()
    await emptied
    markClosed()
  }
  return {
    sockets: endpoint.sockets,
    closed,
    publish: (topic, data, sendOptions) => endpoint.publish(topic, data, sendOptions),
    close,
    [Symbol.asyncDispose]: () => close(),
  }
}
