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
  #read: Buffer = empty

  constructor(maxBytes: number, mayBeHttp2: boolean) {
    this.#maxBytes = maxBytes
    this.#mayBeHttp2 = mayBeHttp2
  }

  /** Everything read so far, where it was not an upgrade; the reader's own copy. */
  get read(): Buffer {
    return this.#read
  }

  /** Takes the next bytes, valid only during the call; answers what the request is, as soon as that is known. */
  push(chunk: Buffer): FirstRequest | undefined {
    const before = this.#read.length
    const read = before === 0 ? chunk : Buffer.concat([this.#read, chunk])
    const end = endOfHead(read, before)
    if (end > 0 && end <= this.#maxBytes && !this.#isHttp2(read)) {
      try {
        const head = parseRequestHead(read.toString('latin1', 0, end))
        if (wantsWebSocket(head)) {
          return {
            kind: 'upgrade',
            head,
            first: end < read.length ? Buffer.from(read.subarray(end)) : undefined,
          }
        }
      } catch (error) {
        return { kind: 'refused', error: error as HandshakeError }
      }
    }
    this.#read = before === 0 ? Buffer.from(chunk) : read
    if (this.#isHttp2(read)) return { kind: 'http2' }
    if ((end < 0 ? read.length : end) > this.#maxBytes) {
      const message = `The head of the request is larger than ${this.#maxBytes} bytes (option limits.maxHeaderBytes)`
      return {
        kind: 'refused',
        error: new HandshakeError('ERR_HTTP_HEAD_TOO_LARGE', { status: 431, message }),
      }
    }
    return end < 0 ? undefined : { kind: 'http1' }
  }

  #isHttp2(read: Buffer): boolean {
    return this.#mayBeHttp2 && read.subarray(0, preface.length).equals(preface)
  }
}

/** The head did not come in time. */
export function lateHead(timeoutMs: number): HandshakeError {
  const message = `The request took over ${timeoutMs} ms (option limits.handshakeTimeoutMs)`
  return new HandshakeError('ERR_HANDSHAKE_TIMEOUT', { status: 408, message })
}
