import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** What the proxy does with what passes. */
export interface Policy {
  /** Upgrades pass, are answered with 503, or are never answered. */
  upgrades: 'pass' | 'refuse' | 'swallow'
  /** Holds answers back until they end. */
  buffers: boolean
  /** Cuts connections on which nothing passes for so long, in milliseconds; 0 for never. */
  idleMs: number
  /** Answers instead of the server; nothing where the request passes. */
  answer: ((wish: string | null, response: ServerResponse) => boolean) | undefined
}

/** Stands between a client and a server and speaks HTTP to both, as companies and hotels have it. */
export class BlockingProxy implements AsyncDisposable {
  readonly policy: Policy
  /** What was asked for: `upgrade`, or the query of the protocol over HTTP. */
  readonly seen: string[] = []
  readonly #sockets = new Set<Duplex>()
  readonly #port: number
  readonly #server = createServer((incoming, response) => this.#pass(incoming, response))

  private constructor(target: string, policy: Partial<Policy>) {
    this.#port = Number(new URL(target).port)
    this.policy = { upgrades: 'pass', buffers: false, idleMs: 0, answer: undefined, ...policy }
    this.#server.on('upgrade', (incoming, socket, head) => this.#upgrade(incoming, socket, head))
    this.#server.on('connection', (socket) => this.#keep(socket))
  }

  static async listen(target: string, policy: Partial<Policy> = {}): Promise<BlockingProxy> {
    const proxy = new BlockingProxy(target, policy)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/live`
  }

  /** Resets every connection. */
  cut(): void {
    for (const socket of this.#sockets) {
      // Node cannot reset what is being shut down.
      if (socket.writableEnded) socket.destroy()
      else (socket as Socket).resetAndDestroy()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
    // Not by the socket's own timer, which a server of HTTP uses for itself.
    const { idleMs } = this.policy
    if (idleMs === 0) return
    const timer = setTimeout(() => socket.destroy(), idleMs)
    const restart = (): void => void timer.refresh()
    socket.on('data', restart)
    socket.on('close', () => clearTimeout(timer))
    const { write } = socket
    socket.write = (...args: unknown[]) => {
      restart()
      return Reflect.apply(write, socket, args) as boolean
    }
  }

  #pass(incoming: IncomingMessage, response: ServerResponse): void {
    const wish = new URL(incoming.url ?? '', 'http://here').searchParams.get('polyplex.1')
    if (wish !== null) this.seen.push(wish)
    if (this.policy.answer?.(wish, response)) return
    const { method, headers, url } = incoming
    const outgoing = request({
      port: this.#port,
      host: '127.0.0.1',
      path: url,
      method,
      headers,
      agent: false,
    })
    outgoing.on('error', () => response.destroy())
    response.on('close', () => outgoing.destroy())
    incoming.pipe(outgoing)
    outgoing.on('response', (answer) => {
      answer.on('error', () => response.destroy())
      if (this.policy.buffers) {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => {
          response.writeHead(answer.statusCode ?? 502, answer.headers)
          response.end(Buffer.concat(chunks))
        })
      } else {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        response.flushHeaders()
        answer.pipe(response)
      }
    })
  }

  #upgrade({ method, url, rawHeaders }: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.seen.push('upgrade')
    const { upgrades } = this.policy
    if (upgrades === 'swallow') return
    if (upgrades === 'refuse') {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
      return
    }
    const server = connect(this.#port, '127.0.0.1')
    this.#keep(server)
    const lines = rawHeaders.map((text, index) => text + (index % 2 === 0 ? ': ' : '\r\n')).join('')
    server.write(`${method} ${url} HTTP/1.1\r\n${lines}\r\n`)
    server.write(head)
    socket.pipe(server).pipe(socket)
    server.on('close', () => socket.destroy())
    socket.on('close', () => server.destroy())
  }
}
