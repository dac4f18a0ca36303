import { Buffer } from 'node:buffer'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { formatResponseHead, type RequestHead } from '../../protocol/http-head.ts'
import type { Link } from '../../transport/link.ts'
import type { UpgradeExchange } from '../contract.ts'
import { linkOf } from './links.ts'
import { runtime } from './runtime.ts'

/** How long a refused peer may take to read its answer, in milliseconds. */
const lingerMs = 2_000

/** An upgrade over HTTP/1.1. `first` is what came behind the head. */
export class Http1Exchange implements UpgradeExchange {
  readonly head: RequestHead
  readonly remoteAddress: string
  readonly secure: boolean
  readonly #stream: Duplex
  readonly #first: Uint8Array | undefined

  readonly #rawHandles: boolean

  /** `rawHandles`: whether the link may take the handle of the stream. */
  constructor(stream: Duplex, head: RequestHead, first: Uint8Array | undefined, rawHandles: boolean) {
    this.#stream = stream
    this.#rawHandles = rawHandles
    this.head = head
    this.#first = first
    this.remoteAddress = (stream instanceof Socket && stream.remoteAddress) || ''
    this.secure = 'encrypted' in stream
    // While the application decides, the link must neither flow nor crash.
    stream.on('error', ignore)
    stream.pause()
  }

  get gone(): boolean {
    return this.#stream.destroyed
  }

  accept(status: 101 | 200, headers: Iterable<readonly [string, string]>): Link {
    const stream = this.#stream
    if (stream instanceof Socket) {
      stream.setNoDelay(true)
      stream.setTimeout(0)
    }
    const link = linkOf(stream, this.#first, this.#rawHandles)
    link.write(Buffer.from(formatResponseHead(status, headers), 'latin1'))
    return link
  }

  refuse(status: number, headers: Iterable<readonly [string, string]>, body: string | Uint8Array): void {
    answerAndEnd(this.#stream, status, headers, body)
  }
}

/** Sends a whole HTTP/1.1 response, gives the peer a moment to read it, and ends the connection. */
export function answerAndEnd(
  stream: Duplex,
  status: number,
  headers: Iterable<readonly [string, string]>,
  body: string | Uint8Array,
): void {
  if (stream.destroyed) return
  const content = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const fields = new Map<string, readonly [string, string]>()
  if (content.length > 0) fields.set('content-type', ['Content-Type', 'text/plain; charset=utf-8'])
  fields.set('connection', ['Connection', 'close'])
  const repeated: (readonly [string, string])[] = []
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    if (key === 'set-cookie') repeated.push([name, value])
    else if (key !== 'content-length' && key !== 'transfer-encoding') fields.set(key, [name, value])
  }
  const length: [string, string] = ['Content-Length', `${content.length}`]
  stream.write(Buffer.from(formatResponseHead(status, [...fields.values(), ...repeated, length]), 'latin1'))
  stream.end(content)
  // What the peer still sends is read and forgotten: closing on unread bytes would take the answer from it.
  stream.removeAllListeners('data')
  stream.resume()
  const linger = { wheelTick: -1, expire: () => void stream.destroy() }
  runtime.wheel.add(linger, lingerMs)
  stream.once('close', () => runtime.wheel.cancel(linger))
}

function ignore(): void {}
