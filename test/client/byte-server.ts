import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { certificate } from '../wire/certificate.ts'
import { CLOSE, frame } from '../wire/frames.ts'
import { Inbox } from '../wire/inbox.ts'
import { acceptOf, type Head, RawPeer } from '../wire/raw-peer.ts'

export interface Acceptance {
  /** Header fields besides those of every acceptance; `undefined` leaves one of those out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** What is sent in the same piece, behind the head. */
  readonly behind?: Uint8Array
}

/** A connection to a client, read and written by hand. */
export class Peer extends RawPeer {
  /** The opening handshake, once it has been read. */
  request: Head = { line: '', status: 0, headers: {} }

  /** Resolves when the client has ended the connection, in order or not. */
  get over(): Promise<unknown> {
    return Promise.race([this.ended, this.gone])
  }

  /** Starts the closing handshake, or answers it: an empty close frame without a code. */
  close(code?: number, reason = ''): void {
    const payload =
      code === undefined ? '' : Buffer.concat([Buffer.of(code >>> 8, code & 255), Buffer.from(reason)])
    this.send(frame(CLOSE, payload, { mask: false }))
  }

  /** Answers the client's close frame in kind and ends the connection. */
  override async finish(): Promise<{ code: number; reason: string }> {
    const closed = await this.closeFrame()
    this.close(closed.code === 1005 ? undefined : closed.code, closed.reason)
    this.stream.end()
    await this.gone
    return closed
  }
}

/** A server that knows no protocol: tests read and write the bytes of its connections themselves. */
export class ByteServer implements AsyncDisposable {
  readonly url: string
  readonly port: number
  /** The address it listens on, as it stands in a URL. */
  readonly host: string
  readonly #server: Server
  readonly #arrived = new Inbox<Peer>()
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, secure: boolean) {
    this.#server = server
    const address = server.address()
    const place = typeof address === 'object' && address !== null ? address : { port: 0, address: '' }
    this.port = place.port
    this.host = place.address.includes(':') ? `[${place.address}]` : place.address
    this.url = `${secure ? 'wss' : 'ws'}://localhost:${this.port}/`
    // Of those that never get through TLS too, so that nothing stays open.
    server.on('connection', (socket: Socket) => this.#sockets.add(socket))
    server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#sockets.add(socket)
      this.#arrived.push(new Peer(socket))
    })
  }

  static async listen(options: { secure?: boolean; path?: string } = {}): Promise<ByteServer> {
    const secure = options.secure ?? false
    const server = secure
      ? createTlsServer({ ...certificate, ...{ allowHalfOpen: true } })
      : createServer({ allowHalfOpen: true })
    server.on('tlsClientError', () => {})
    await new Promise<void>((resolve) => {
      if (options.path !== undefined) server.listen(options.path, resolve)
      else server.listen(0, 'localhost', resolve)
    })
    return new ByteServer(server, secure)
  }

  /** The next connection, before anything was read. */
  connection(): Promise<Peer> {
    return this.#arrived.next()
  }

  /** How many connections nobody has taken. */
  get waiting(): number {
    return this.#arrived.length
  }

  /** The next connection, once its request has come. */
  async request(): Promise<Peer> {
    const peer = await this.connection()
    peer.request = await peer.head()
    return peer
  }

  /** The next connection, upgraded. */
  async accept(acceptance: Acceptance = {}): Promise<Peer> {
    const peer = await this.request()
    peer.send(
      Buffer.concat([
        Buffer.from(acceptanceOf(peer.request, acceptance)),
        acceptance.behind ?? Buffer.alloc(0),
      ]),
    )
    return peer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** The head with which a server accepts `request` (RFC 6455 §4.2.2). */
export function acceptanceOf(request: Head, { headers = {} }: Acceptance = {}): string {
  const fields = {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': acceptOf(request.headers['sec-websocket-key'] ?? ''),
    ...headers,
  }
  const lines = Object.entries(fields).map(([name, value]) =>
    value === undefined ? '' : `${name}: ${value}\r\n`,
  )
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`
}
