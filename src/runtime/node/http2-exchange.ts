import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { HeaderList } from '../../protocol/header-list.ts'
import type { RequestHead } from '../../protocol/http-head.ts'
import type { Link } from '../../transport/link.ts'
import type { UpgradeExchange } from '../contract.ts'
import { StreamLink } from './stream-link.ts'

/** Whether this request over HTTP/2 is an extended CONNECT for a WebSocket (RFC 8441 §4). */
export function isExtendedConnect(headers: IncomingHttpHeaders): boolean {
  return headers[':method'] === 'CONNECT' && headers[':protocol'] === 'websocket'
}

/** An extended CONNECT over HTTP/2 (RFC 8441 §5). */
export class Http2Exchange implements UpgradeExchange {
  readonly head: RequestHead
  readonly remoteAddress: string
  readonly secure: boolean
  readonly #stream: ServerHttp2Stream

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#stream = stream
    const flat: string[] = []
    for (const [name, value] of Object.entries(headers)) {
      if (name === ':authority') flat.push('host', String(value))
      if (name.startsWith(':') || value === undefined) continue
      for (const one of Array.isArray(value) ? value : [value]) flat.push(name, one)
    }
    this.head = {
      method: 'CONNECT',
      target: String(headers[':path']),
      version: '2',
      headers: new HeaderList(flat),
    }
    this.remoteAddress = stream.session?.socket.remoteAddress ?? ''
    this.secure = headers[':scheme'] === 'https'
    stream.on('error', () => {})
    stream.pause()
  }

  get gone(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }

  accept(status: 101 | 200, headers: Iterable<readonly [string, string]>): Link {
    this.#stream.respond({ ':status': status, ...gathered(headers) })
    return new StreamLink(this.#stream, undefined)
  }

  refuse(status: number, headers: Iterable<readonly [string, string]>, body: string | Uint8Array): void {
    if (this.gone) return
    const stream = this.#stream
    const content = typeof body === 'string' ? new TextEncoder().encode(body) : body
    const type = content.length > 0 ? { 'content-type': 'text/plain; charset=utf-8' } : {}
    const fields = { ...type, ...gathered(headers), 'content-length': `${content.length}` }
    // What the peer may still send is not waited for (RFC 9113 §8.1).
    stream.once('finish', () => stream.close(noError))
    stream.respond({ ':status': status, ...fields })
    stream.end(content)
  }
}

/** NO_ERROR (RFC 9113 §7). */
const noError = 0

const forbidden = new Set([
  'connection',
  'upgrade',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
  'te',
  'http2-settings',
])

/** Header fields as an object, without those that HTTP/2 forbids (RFC 9113 §8.2.2). */
function gathered(headers: Iterable<readonly [string, string]>): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {}
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    if (forbidden.has(key)) continue
    const earlier = fields[key]
    fields[key] = earlier === undefined ? value : [earlier, value].flat()
  }
  return fields
}
