import { parseRequestHead, type RequestHead } from '../protocol/http-head.ts'
import type { HandshakeRequest } from '../protocol/server-handshake.ts'

/** What a client asked for in its opening handshake. Everything costly is made when it is first looked at. */
export class UpgradeRequest {
  /** Subprotocols the client offered, in its order of preference. */
  readonly protocols: readonly string[]
  /** Named parts of the path: for `/chat/:room`, `params.room`. */
  readonly params: Readonly<Record<string, string>>
  /** Address of the peer, without port; empty over a Unix socket. */
  readonly remoteAddress: string
  /** Whether it came over TLS. */
  readonly secure: boolean
  /** Path and query as sent, such as `/chat/lobby?token=…`. */
  readonly target: string
  /** As text where there is one: a sixth of the memory of the header fields, which few look at later. */
  readonly #head: RequestHead | string
  #headers: Headers | undefined
  #query: URLSearchParams | undefined

  constructor(
    head: RequestHead,
    handshake: HandshakeRequest,
    params: Readonly<Record<string, string>>,
    peer: { readonly remoteAddress: string; readonly secure: boolean },
  ) {
    this.target = head.target
    this.#head = head.text ?? head
    this.protocols = handshake.protocols
    this.params = params
    this.remoteAddress = peer.remoteAddress
    this.secure = peer.secure
  }

  /** Path as sent, without the query. */
  get path(): string {
    return pathOf(this.target)
  }

  get #read(): RequestHead {
    return typeof this.#head === 'string' ? parseRequestHead(this.#head) : this.#head
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.target.slice(this.path.length))
    return this.#query
  }

  /** The whole address as the client sees it, such as `wss://example.com/chat/lobby`. */
  get url(): string {
    return `${this.secure ? 'wss' : 'ws'}://${this.#read.headers.get('host') ?? 'localhost'}${this.target}`
  }

  /** The header fields, as the platform's `Headers`. */
  get headers(): Headers {
    if (this.#headers === undefined) {
      this.#headers = new Headers()
      for (const [name, value] of this.#read.headers) this.#headers.append(name, value)
    }
    return this.#headers
  }

  /** Where the page came from, as the browser says; `null` where it is no browser. */
  get origin(): string | null {
    return this.#read.headers.get('origin') ?? null
  }

  get httpVersion(): '1.1' | '2' {
    return this.#read.version === '2' ? '2' : '1.1'
  }
}

/** The path of a request target, which may also be a whole URL (RFC 9112 §3.2.2). */
export function pathOf(target: string): string {
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  return path.startsWith('/') ? path : (/^https?:\/\/[^/]*(\/.*)?$/i.exec(path)?.[1] ?? '/')
}
