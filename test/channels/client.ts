import { type Realtime, type RealtimeOptions, realtime } from '../../src/channels/realtime.ts'
import { WebSocket } from '../../src/client/websocket.ts'
import { native } from '../../src/dialects/native/index.ts'
import { serve } from '../../src/server/serve.ts'

type Frame = Record<string, unknown>

/** A client that speaks the native protocol by hand: what it says and hears are frames as they are. */
export class HandClient {
  readonly heard: Frame[] = []
  readonly #socket: WebSocket
  #told: (() => void) | undefined
  closed: { code: number; reason: string } | undefined

  constructor(url: string) {
    this.#socket = new WebSocket(url, ['polyplex.1'])
    this.#socket.addEventListener('message', (event) => {
      this.heard.push(JSON.parse(event.data as string))
      this.#told?.()
    })
    this.#socket.addEventListener('close', ({ code, reason }) => {
      this.closed = { code, reason }
      this.#told?.()
    })
  }

  async opened(): Promise<this> {
    if (this.#socket.readyState === 0) {
      await new Promise((resolve) => this.#socket.addEventListener('open', resolve, { once: true }))
    }
    return this
  }

  say(...frames: (Frame | string)[]): void {
    for (const frame of frames) this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /** Waits for the next frame of a type, and takes it and all before it out of `heard`. */
  async hear(type: string): Promise<Frame> {
    for (;;) {
      const index = this.heard.findIndex((frame) => frame['type'] === type)
      if (index >= 0) return this.heard.splice(0, index + 1)[index] as Frame
      if (this.closed !== undefined)
        throw new Error(`Closed with ${JSON.stringify(this.closed)} before ${type}`)
      await this.#anything()
    }
  }

  async hearClose(): Promise<{ code: number; reason: string }> {
    while (this.closed === undefined) await this.#anything()
    return this.closed
  }

  /** Connects and joins, and answers with what was heard of that. */
  async join(name: string, more: Frame = {}): Promise<{ connected: Frame; joined: Frame }> {
    await this.opened()
    this.say({ type: 'connect' })
    const connected = await this.hear('connected')
    this.say({ type: 'join', id: 1, channel: name, ...more })
    return { connected, joined: await this.hear('joined') }
  }

  /** Cuts the connection, as a network would. */
  cut(): void {
    this.#socket.close()
  }

  #anything(): Promise<void> {
    return new Promise((resolve) => {
      this.#told = resolve
    })
  }
}

/** A server with the channels of a test, and clients for it. */
export interface TestServer extends AsyncDisposable {
  readonly url: string
  readonly app: Realtime
  readonly errors: Error[]
  client(): HandClient
}

export async function serveChannels(
  channels: RealtimeOptions['channels'],
  options: Omit<RealtimeOptions, 'channels'> = {},
): Promise<TestServer> {
  const errors: Error[] = []
  const app = realtime({ channels, onError: (error) => errors.push(error), ...options })
  const server = await serve({ app, dialects: [native()] })
  return {
    url: server.url,
    app,
    errors,
    client: () => new HandClient(server.url),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
