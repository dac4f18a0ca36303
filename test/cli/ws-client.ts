import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { type ClientOptions, WebSocket } from 'ws'

/** The package `ws` as a foreign client, which keeps what came until the test asks for it, and can stop reading. */
export class WsClient {
  readonly socket: WebSocket
  /** How it ended; never rejects. */
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #came: (string | Buffer)[] = []
  #wake: () => void = () => {}

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data, isBinary) => {
      this.#came.push(isBinary ? (data as Buffer) : String(data))
      this.#wake()
    })
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: String(reason) })
        this.#wake()
      })
    })
    socket.on('error', () => {})
  }

  /** Connects; rejects with the reason where that fails. Cut off at the end of the test. */
  static async open(
    t: TestContext,
    url: string,
    options: ClientOptions & { protocols?: string[] } = {},
  ): Promise<WsClient> {
    const { protocols = [], ...rest } = options
    const socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...rest })
    t.after(() => socket.terminate())
    const client = new WsClient(socket)
    await once(socket, 'open')
    return client
  }

  /** The next message: a string for text, bytes for binary. */
  async next(): Promise<string | Buffer> {
    for (;;) {
      const first = this.#came.shift()
      if (first !== undefined) return first
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('closed before the next message')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** The next message as JSON. */
  async nextJson(): Promise<unknown> {
    return JSON.parse(String(await this.next()))
  }

  send(data: string | Uint8Array): void {
    this.socket.send(data)
  }

  /** Closes with 1000 and waits until that is done. */
  async close(): Promise<{ code: number; reason: string }> {
    this.socket.close(1000)
    return this.closed
  }
}

/** The HTTP status with which an opening handshake is refused. */
export async function refusalOf(url: string, options: ClientOptions = {}): Promise<number> {
  const socket = new WebSocket(url, options)
  socket.on('error', () => {})
  const [request, response] = await once(socket, 'unexpected-response')
  request.destroy()
  return response.statusCode
}
