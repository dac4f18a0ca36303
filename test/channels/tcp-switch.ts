import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands before several servers, and sends each new connection to the next one, as a balancer would. */
export class TcpSwitch implements AsyncDisposable {
  readonly #server = createServer((client) => this.#accept(client))
  readonly #sockets = new Set<Socket>()
  readonly #ports: readonly number[]
  #accepted = 0

  private constructor(ports: readonly number[]) {
    this.#ports = ports
  }

  static async listen(ports: readonly number[]): Promise<TcpSwitch> {
    const self = new TcpSwitch(ports)
    self.#server.listen(0, '127.0.0.1')
    await once(self.#server, 'listening')
    return self
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  /** Connections so far. */
  get accepted(): number {
    return this.#accepted
  }

  /** Resets every connection. */
  cut(): void {
    for (const socket of this.#sockets) {
      // Node cannot reset what is being shut down.
      if (socket.writableEnded) socket.destroy()
      else socket.resetAndDestroy()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #accept(client: Socket): void {
    const port = this.#ports[this.#accepted % this.#ports.length] as number
    this.#accepted += 1
    const server = connect(port, '127.0.0.1')
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
