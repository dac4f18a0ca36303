import { Buffer } from 'node:buffer'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { HandshakeError } from '../../errors.ts'
import { HeaderList } from '../../protocol/header-list.ts'
import type { RequestHead } from '../../protocol/http-head.ts'
import { wantsWebSocket } from '../../protocol/server-handshake.ts'
import type { ListenerEvents, ListenOptions } from '../contract.ts'
import { lateHead } from './head-reader.ts'
import { answerAndEnd, Http1Exchange } from './http1-exchange.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Node's server of HTTP/1.1 for everything that is no upgrade. It never listens: connections are handed to it, may
 * serve pages for a while, and become a WebSocket later.
 */
export class Pages {
  readonly server: Server
  readonly #events: ListenerEvents
  /** Connections with a request that is not answered whole. */
  readonly #busy = new Set<Duplex>()
  #closing = false

  constructor(options: ListenOptions, events: ListenerEvents, answer: Answer) {
    const { maxHeaderBytes, handshakeTimeoutMs } = options
    this.#events = events
    this.server = createServer(
      {
        maxHeaderSize: maxHeaderBytes,
        headersTimeout: handshakeTimeoutMs,
        requestTimeout: Math.max(handshakeTimeoutMs, 300_000),
        connectionsCheckingInterval: Math.min(Math.max(handshakeTimeoutMs / 4, 50), 30_000),
        // From Node 24.9 on the server asks; before it lets go of the connection, see `passOn`.
        ...{ shouldUpgradeCallback: (request: IncomingMessage) => wantsWebSocket(requestHeadOf(request)) },
      },
      (request, response) => {
        this.#isAnswering(request.socket, response)
        answer(request, response)
      },
    )
    this.server.on('upgrade', (request, socket, first) => {
      const head = requestHeadOf(request)
      if (wantsWebSocket(head)) events.upgrade(new Http1Exchange(socket, head, first, options.rawHandles))
      else passOn(this.server, 'connection', request, socket, first)
    })
    this.server.on('connect', (_, socket) => {
      answerAndEnd(socket, 501, [], 'This is no proxy.\n')
    })
    this.server.on('clientError', (error, socket) => this.#refuse(error, socket))
    // With the event it begins to watch the time that requests take, which otherwise only a listening server does.
    this.server.emit('listening')
  }

  /** Whether somebody still waits for an answer on this connection. */
  isBusy(socket: Duplex): boolean {
    return this.#busy.has(socket)
  }

  /** From now on a connection ends with the answer that it waits for. */
  close(): void {
    this.#closing = true
    this.server.close()
  }

  #isAnswering(socket: Duplex, response: ServerResponse): void {
    this.#busy.add(socket)
    response.once('close', () => {
      this.#busy.delete(socket)
      if (this.#closing) (socket as Duplex & { destroySoon?(): void }).destroySoon?.()
    })
  }

  /** Answers a later request that cannot be understood; the first one is read by ourselves. */
  #refuse(error: Error & { code?: string }, socket: Duplex): void {
    const fault = faultOf(error, this.server.headersTimeout)
    // Whoever is gone gets no answer, and in the middle of another answer nothing can be said.
    if (fault === undefined || !socket.writable || this.isBusy(socket)) {
      socket.destroy()
      return
    }
    this.#events.failed(fault)
    answerAndEnd(socket, fault.status as number, [], `${fault.message}\n`)
  }
}

/** `error` is Node's, or whatever a response of the application broke off with: of those the code may be a number. */
function faultOf(error: Error & { code?: unknown }, timeoutMs: number): HandshakeError | undefined {
  const { code, message, cause } = error
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return lateHead(timeoutMs)
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new HandshakeError('ERR_HTTP_HEAD_TOO_LARGE', {
      status: 431,
      message: 'The head of the request is too large (option limits.maxHeaderBytes)',
      cause,
    })
  }
  if (typeof code !== 'string' || !code.startsWith('HPE_')) return undefined
  return new HandshakeError('ERR_HTTP_MALFORMED', {
    status: 400,
    message: `The request is malformed: ${message}`,
    cause,
  })
}

/** What Node's parser read, as the protocol wants it. */
export function requestHeadOf(request: {
  method?: string | undefined
  url?: string | undefined
  httpVersion: string
  rawHeaders: string[]
}): RequestHead {
  return {
    method: request.method as string,
    target: request.url as string,
    version: request.httpVersion === '1.0' ? '1.0' : '1.1',
    headers: new HeaderList(request.rawHeaders),
  }
}

/**
 * Lets an HTTP server answer a request as if it had not asked for an upgrade, to `h2c` for one: whoever does not want
 * to upgrade ignores that (RFC 9110 §7.8). Node has let go of the connection, so it gets it anew.
 */
export function passOn(
  server: { emit(event: string, socket: Duplex): unknown },
  event: 'connection' | 'secureConnection',
  request: IncomingMessage,
  socket: Duplex,
  first: Uint8Array,
): void {
  let head = `${request.method} ${request.url} HTTP/${request.httpVersion}\r\n`
  for (const [name, value] of new HeaderList(request.rawHeaders)) {
    const key = name.toLowerCase()
    if (key !== 'upgrade' && key !== 'connection' && key !== 'http2-settings') head += `${name}: ${value}\r\n`
  }
  if (/(^|,)\s*close\s*(,|$)/i.test(request.headers.connection ?? '')) head += 'Connection: close\r\n'
  if (first.length > 0) socket.unshift(first)
  socket.unshift(Buffer.from(`${head}\r\n`, 'latin1'))
  server.emit(event, socket)
  socket.resume()
}
