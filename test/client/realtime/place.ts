import { channel } from '../../../src/channels/channel.ts'
import { type RealtimeOptions, realtime } from '../../../src/channels/realtime.ts'
import { connect } from '../../../src/client/realtime/connect.ts'
import { Connection } from '../../../src/client/realtime/connection.ts'
import { httpTransport } from '../../../src/client/realtime/http-transport.ts'
import type { ConnectOptions, TransportName } from '../../../src/client/realtime/options.ts'
import type { ConnectionState } from '../../../src/client/realtime/state.ts'
import type { TransportMemory } from '../../../src/client/realtime/transport-memory.ts'
import { webSocketTransport } from '../../../src/client/realtime/web-socket-transport.ts'
import { WebSocket } from '../../../src/client/websocket.ts'
import { type NativeOptions, native } from '../../../src/dialects/native/index.ts'
import { serve } from '../../../src/server/serve.ts'
import { BlockingProxy, type Policy } from './blocking-proxy.ts'
import { fastTime } from './fast-time.ts'

export const room = channel('room:{id}', {
  events: { message: {}, echo: {}, count: {}, asked: {} },
  history: { limit: 10_000, ttlMs: 60_000 },
  presence: true,
  on: {
    message: async (ctx, body) => ctx.publish('message', body),
    echo: (_ctx, body) => body,
    asked: async (ctx, question) => `client said ${await ctx.call('asked', question)}`,
    async *count(_ctx, to) {
      for (let item = 1; item <= (to as number); item++) yield item
    },
  },
})

/** Collects what is pushed, and waits for so much of it. */
export class Heard {
  readonly values: unknown[] = []
  #wanted = 0
  #told = (): void => {}

  push(value: unknown): void {
    this.values.push(value)
    if (this.values.length === this.#wanted) this.#told()
  }

  upTo(count: number): Promise<unknown[]> {
    this.#wanted = count
    return new Promise((resolve) => {
      this.#told = () => resolve(this.values)
      if (this.values.length >= count) this.#told()
    })
  }
}

export interface Place extends AsyncDisposable {
  readonly app: ReturnType<typeof realtime>
  readonly proxy: BlockingProxy
  readonly close: () => Promise<void>
  connect(options?: ConnectOptions): Connection<typeof room>
  /** A connection for which time passes so many times faster. */
  connectFast(
    factor: number,
    transports: readonly TransportName[],
    memory?: TransportMemory,
  ): Connection<typeof room>
}

/** A server behind a proxy. */
export async function place(
  policy: Partial<Policy> = {},
  options: Omit<RealtimeOptions, 'channels'> = {},
  dialect: NativeOptions = {},
): Promise<Place> {
  const app = realtime({
    channels: [room],
    limits: { rate: { perSecond: 100_000, burst: 100_000 } },
    ...options,
  })
  const server = await serve({ app, dialects: [native(dialect)] })
  const proxy = await BlockingProxy.listen(server.url, policy)
  return {
    app,
    proxy,
    close: () => server.close(),
    connect: (more) => connect<typeof room>(proxy.url, { reconnect: { firstMs: 10, maxMs: 20 }, ...more }),
    connectFast(factor, transports, memory) {
      const time = fastTime(factor)
      const webSocket = webSocketTransport((url, protocol) => new WebSocket(url, protocol))
      const connection = new Connection<typeof room>(
        {
          url: proxy.url,
          transports: transports.map((name) =>
            name === 'websocket' ? webSocket : httpTransport(name, time),
          ),
          memory,
          reconnect: { firstMs: 10 * factor, maxMs: 20 * factor },
          openTimeoutMs: 10_000,
          maxQueueBytes: 4_194_304,
          callDeadlineMs: 30_000 * factor,
          auth: undefined,
          report: (error) => console.error(error),
          time,
        },
        () => {},
      )
      connection.start()
      return connection
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await server.close()
    },
  }
}

/** Resolves with the first state of which `wanted` is true. */
export function stateOf(
  { state }: Connection<typeof room>,
  wanted: (state: ConnectionState) => boolean,
): Promise<ConnectionState> {
  return new Promise((resolve) => {
    if (wanted(state.value)) resolve(state.value)
    else {
      const stop = state.subscribe((value) => {
        if (!wanted(value)) return
        stop()
        resolve(value)
      })
    }
  })
}

export const openOver = (transport: string) => (state: ConnectionState) =>
  state.status === 'open' && state.transport === transport
