import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between a client and a server, and cuts, stalls and refuses as it is told. */
export class CuttingProxy implements AsyncDisposable {
  readonly #server = createServer((client) => this.#accept(client))
  readonly #sockets = new Set<Socket>()
  readonly #target: URL
  #refuses = false

  private constructor(target: URL) {
    this.#target = target
  }

  static async listen(target: string): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(new URL(target))
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#target.pathname}`
  }

  /** Resets every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** From now on nobody gets through, or everybody again. */
  refuse(refuses: boolean): void {
    this.#refuses = refuses
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #accept(client: Socket): void {
    if (this.#refuses) {
      client.resetAndDestroy()
      return
    }
    const server = connect(Number(this.#target.port), '127.0.0.1')
    client.pipe(server).pipe(client)
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
  }
}
