import { Buffer } from 'node:buffer'
import { HandshakeError } from '../../errors.ts'
import { endOfHead, parseRequestHead, type RequestHead } from '../../protocol/http-head.ts'
import { wantsWebSocket } from '../../protocol/server-handshake.ts'

/** How a client of HTTP/2 begins, with or without TLS (RFC 9113 §3.4). */
const preface = Buffer.from('PRI * HTTP/2.0\r\n')
const empty = Buffer.alloc(0)

/** What the first bytes of a connection turned out to be. */
export type FirstRequest =
  | { readonly kind: 'upgrade'; readonly head: RequestHead; readonly first: Uint8Array | undefined }
  | { readonly kind: 'http1' | 'http2' }
  | { readonly kind: 'refused'; readonly error: HandshakeError }

/** Gathers the bytes of a fresh connection until it is clear what it wants. */
export class HeadReader {
  readonly #maxBytes: number
  readonly #mayBeHttp2: boolean
  /** Everything read so far. */
  read: Buffer = empty

  constructor(maxBytes: number, mayBeHttp2: boolean) {
    this.#maxBytes = maxBytes
    this.#mayBeHttp2 = mayBeHttp2
  }

  /** Takes the next bytes; answers what the request is, as soon as that is known. */
  push(chunk: Buffer): FirstRequest | undefined {
    const before = this.read.length
    this.read = before === 0 ? chunk : Buffer.concat([this.read, chunk])
    if (this.#mayBeHttp2 && this.read.subarray(0, preface.length).equals(preface)) return { kind: 'http2' }
    const end = endOfHead(this.read, before)
    if ((end < 0 ? this.read.length : end) > this.#maxBytes) {
      const message = `The head of the request is larger than ${this.#maxBytes} bytes (option limits.maxHeaderBytes)`
      return {
        kind: 'refused',
        error: new HandshakeError('ERR_HTTP_HEAD_TOO_LARGE', { status: 431, message }),
      }
    }
    if (end < 0) return undefined
    try {
      const head = parseRequestHead(this.read.toString('latin1', 0, end))
      if (!wantsWebSocket(head)) return { kind: 'http1' }
      return { kind: 'upgrade', head, first: end < this.read.length ? this.read.subarray(end) : undefined }
    } catch (error) {
      return { kind: 'refused', error: error as HandshakeError }
    }
  }
}

/** The head did not come in time. */
export function lateHead(timeoutMs: number): HandshakeError {
  const message = `The request took over ${timeoutMs} ms (option limits.handshakeTimeoutMs)`
  return new HandshakeError('ERR_HANDSHAKE_TIMEOUT', { status: 408, message })
}
