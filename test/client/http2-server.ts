import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { certificate } from '../wire/certificate.ts'
import { Inbox } from '../wire/inbox.ts'
import { Peer } from './byte-server.ts'

export interface Asked {
  readonly stream: ServerHttp2Stream
  readonly headers: IncomingHttpHeaders
}

/** A server of HTTP/2 whose streams a test answers itself. */
export class Http2ByteServer implements AsyncDisposable {
  readonly url: string
  readonly sessions = new Set<ServerHttp2Session>()
  /** How many connections there were. */
  connections = 0
  readonly #server: Http2Server | Http2SecureServer
  readonly #asked = new Inbox<Asked>()

  private constructor(server: Http2Server | Http2SecureServer, secure: boolean) {
    this.#server = server
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    this.url = `${secure ? 'wss' : 'ws'}://localhost:${port}/`
    server.on('session', (session: ServerHttp2Session) => {
      this.connections += 1
      this.sessions.add(session)
      session.on('close', () => this.sessions.delete(session))
      session.on('error', () => {})
    })
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      stream.on('error', () => {})
      this.#asked.push({ stream, headers })
    })
  }

  static async listen(
    options: { secure?: boolean; enableConnectProtocol?: boolean } = {},
  ): Promise<Http2ByteServer> {
    const { secure = false, enableConnectProtocol = true } = options
    const settings = { settings: { enableConnectProtocol } }
    const server = secure ? createSecureServer({ ...certificate, ...settings }) : createServer(settings)
    server.on('sessionError', () => {})
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
    return new Http2ByteServer(server, secure)
  }

  /** The next request. */
  request(): Promise<Asked> {
    return this.#asked.next()
  }

  /** The next request, accepted. */
  async accept(headers: Record<string, string> = {}): Promise<Asked & { readonly peer: Peer }> {
    const asked = await this.request()
    asked.stream.respond({ ':status': 200, ...headers })
    return { ...asked, peer: new Peer(asked.stream) }
  }

  /** Resolves when no connection is left. */
  async empty(): Promise<void> {
    for (const session of this.sessions) await new Promise((resolve) => session.once('close', resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.sessions) session.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
