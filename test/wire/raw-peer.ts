import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { certificate } from './certificate.ts'
import { CLOSE, type Frame, frame, readFrame } from './frames.ts'

export interface Head {
  /** The first line. */
  readonly line: string
  readonly status: number
  /** Values by lower-case name, several ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
}

export interface Answer extends Head {
  readonly body: string
}

export const sampleKey = 'dGhlIHNhbXBsZSBub25jZQ=='

/** The opening handshake of RFC 6455 §1.2, with `changes`: `undefined` leaves a field out. */
export function handshake(
  target = '/',
  changes: Record<string, string | string[] | undefined> = {},
  method = 'GET',
  version = 'HTTP/1.1',
): string {
  const fields: Record<string, string | string[] | undefined> = {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': sampleKey,
    'Sec-WebSocket-Version': '13',
    ...changes,
  }
  const lines = [`${method} ${target} ${version}`]
  for (const [name, value] of Object.entries(fields)) {
    for (const one of value === undefined ? [] : [value].flat()) lines.push(`${name}: ${one}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** What a server is reached by. */
export interface Target {
  readonly url: string
}

const all = new Set<Duplex>()
/** The TCP sockets beneath TLS. */
const beneath = new WeakMap<Duplex, Socket>()

/** A client that sends the bytes it is told to send, and shows those that come. */
export class RawPeer {
  readonly stream: Duplex
  /** How often something arrived. */
  reads = 0
  /** Bytes that arrived. */
  bytesRead = 0
  /** Resolves when the server has ended its side. */
  readonly ended: Promise<void>
  /** Resolves when the connection is gone, with the reason if it was not ended in order. */
  readonly gone: Promise<NodeJS.ErrnoException | undefined>
  #read: Buffer = Buffer.alloc(0)
  /** What has arrived since somebody looked. */
  readonly #arrived: Buffer[] = []
  #isEnded = false
  #wake: (() => void) | undefined
  /** How many bytes had arrived when somebody looked, and how many there must be for looking to make sense. */
  #seen = 0
  #needed = 0

  constructor(stream: Duplex) {
    this.stream = stream
    all.add(stream)
    stream.once('close', () => all.delete(stream))
    let error: Error | undefined
    stream.on('error', (cause) => {
      error = cause
    })
    stream.on('data', (chunk: Buffer) => {
      this.reads += 1
      this.bytesRead += chunk.length
      this.#arrived.push(chunk)
      if (this.#read.length + this.bytesRead - this.#seen >= this.#needed) this.#wake?.()
    })
    const over = (): void => {
      this.#isEnded = true
      this.#wake?.()
    }
    this.ended = new Promise((resolve) => {
      stream.once('end', () => resolve())
    })
    stream.once('end', over)
    this.gone = new Promise((resolve) => {
      stream.once('close', () => {
        over()
        resolve(error)
      })
    })
  }

  /** Cuts every connection of every peer. */
  static destroyAll(): void {
    for (const stream of all) stream.destroy()
  }

  /** Connects to a server of this machine, with TLS where its URL says so, and sends nothing. */
  static async connect(target: Target, options: object = {}): Promise<RawPeer> {
    const stream = open(target, options)
    const peer = new RawPeer(stream)
    await new Promise<void>((resolve, reject) => {
      ;(beneath.get(stream) ?? stream).once('connect', resolve)
      stream.once('error', reject)
    })
    return peer
  }

  /** Connects and sends an opening handshake, which must be accepted. */
  static async open(
    target: Target,
    path?: string,
    changes?: Record<string, string | string[] | undefined>,
    behind: Uint8Array = Buffer.alloc(0),
  ): Promise<RawPeer & { readonly answer: Head }> {
    const peer = await RawPeer.connect(target)
    peer.send(Buffer.concat([Buffer.from(handshake(path, changes), 'latin1'), behind]))
    const answer = await peer.head()
    if (answer.status !== 101) throw new Error(`not accepted: ${answer.line} ${peer.unread}`)
    return Object.assign(peer, { answer })
  }

  /** Sends each piece as it is; text as Latin-1. */
  send(...pieces: (string | Uint8Array)[]): void {
    for (const piece of pieces)
      this.stream.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)
  }

  /** Sends `request` and gives the answer to it. */
  ask(request: string | Uint8Array): Promise<Answer> {
    this.send(request)
    return this.answer()
  }

  /** The head of an HTTP answer. */
  async head(): Promise<Head> {
    const text = await this.#take('the head of an answer', (bytes) => {
      const end = bytes.indexOf('\r\n\r\n')
      return end < 0 ? undefined : { value: bytes.toString('latin1', 0, end), length: end + 4 }
    })
    const [line = '', ...fields] = text.split('\r\n')
    const headers: Record<string, string> = {}
    for (const field of fields) {
      const name = field.slice(0, field.indexOf(':')).toLowerCase()
      const value = field.slice(field.indexOf(':') + 1).trim()
      headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
    }
    return { line, status: Number(line.split(' ')[1]), headers }
  }

  /** A whole HTTP answer. */
  async answer(): Promise<Answer> {
    const head = await this.head()
    const length = head.headers['content-length']
    if (length !== undefined) return { ...head, body: (await this.bytes(Number(length))).toString() }
    if (head.headers['transfer-encoding'] !== 'chunked') return { ...head, body: '' }
    let body = ''
    for (;;) {
      const size = Number.parseInt((await this.#line()).trim(), 16)
      body += (await this.bytes(size)).toString()
      await this.#line()
      if (size === 0) return { ...head, body }
    }
  }

  /** The next `count` bytes. */
  bytes(count: number): Promise<Buffer> {
    return this.#take(`${count} bytes`, (bytes) =>
      bytes.length < count ? count : { value: bytes.subarray(0, count), length: count },
    )
  }

  #line(): Promise<string> {
    return this.#take('a line', (bytes) => {
      const end = bytes.indexOf('\r\n')
      return end < 0 ? undefined : { value: bytes.toString('latin1', 0, end), length: end + 2 }
    })
  }

  /** The next frame. */
  frame(): Promise<Frame> {
    return this.#take('a frame', (bytes) => {
      const read = readFrame(bytes)
      return typeof read === 'number' ? read : { value: read.frame, length: read.length }
    })
  }

  /** The payload of the next frame, as text. */
  async text(): Promise<string> {
    return (await this.frame()).payload.toString()
  }

  /** Code and reason of the next frame, which must be a close frame; 1005 where it has no code. */
  async closeFrame(): Promise<{ code: number; reason: string }> {
    const { opcode, payload } = await this.frame()
    if (opcode !== CLOSE) throw new Error(`opcode ${opcode} instead of a close frame: ${payload}`)
    if (payload.length === 0) return { code: 1005, reason: '' }
    return { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) }
  }

  /** Waits for the server's close frame, answers it in kind, and waits for the end. */
  async finish(): Promise<{ code: number; reason: string }> {
    return this.#answerClose(await this.closeFrame())
  }

  /** As `finish`, whatever comes before the close frame. */
  async skipToClose(): Promise<{ code: number; reason: string }> {
    for (;;) {
      const { opcode, payload } = await this.frame()
      if (opcode !== CLOSE) continue
      const code = payload.length === 0 ? 1005 : payload.readUInt16BE(0)
      return this.#answerClose({ code, reason: payload.toString('utf8', 2) })
    }
  }

  async #answerClose(closed: { code: number; reason: string }): Promise<{ code: number; reason: string }> {
    this.send(
      closed.code === 1005 ? frame(CLOSE) : frame(CLOSE, Buffer.of(closed.code >>> 8, closed.code & 255)),
    )
    this.stream.end()
    await this.gone
    return closed
  }

  /** What arrived and was not looked at. */
  get unread(): Buffer {
    if (this.#arrived.length > 0) this.#read = Buffer.concat([this.#read, ...this.#arrived.splice(0)])
    this.#seen = this.bytesRead
    return this.#read
  }

  /** Cuts the connection with a TCP reset. */
  reset(): void {
    const tcp = beneath.get(this.stream)
    const stream = this.stream as Socket
    // In the middle of a write of TLS, Node would forget the socket without closing it.
    if (tcp !== undefined) setImmediate(() => tcp.resetAndDestroy())
    else if (typeof stream.resetAndDestroy === 'function') stream.resetAndDestroy()
    else stream.destroy()
  }

  async #take<Value>(
    what: string,
    read: (bytes: Buffer) => { value: Value; length: number } | number | undefined,
  ): Promise<Value> {
    for (;;) {
      const { unread } = this
      const found = read(unread)
      this.#needed = typeof found === 'number' ? found : 0
      if (typeof found === 'object') {
        this.#read = unread.subarray(found.length)
        return found.value
      }
      if (this.#isEnded)
        throw new Error(`the connection ended before ${what}; unread: ${unread.subarray(0, 200)}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }
}

function open({ url }: Target, options: object): Socket {
  const path = /^wss?\+unix:(.*):/.exec(url)?.[1]
  const { hostname, port } = path === undefined ? new URL(url) : { hostname: '', port: '' }
  const where = path === undefined ? { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) } : { path }
  const { cert: ca } = certificate
  const socket = connect({ ...where, allowHalfOpen: true, noDelay: true, ...options })
  if (!url.startsWith('wss')) return socket
  const secured = connectTls({
    socket,
    ca,
    servername: 'localhost',
    allowHalfOpen: true,
    ...options,
  } as object)
  beneath.set(secured, socket)
  return secured
}

/** `Sec-WebSocket-Accept` for `key` (RFC 6455 §4.2.2). */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}
