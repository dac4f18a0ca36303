import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttp2Server, type Http2Server, type Http2Session } from 'node:http2'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { HandshakeError } from '../../errors.ts'
import { HeaderList } from '../../protocol/header-list.ts'
import type { Listener, ListenerEvents, ListenOptions } from '../contract.ts'
import { answerRequests } from './fetch-bridge.ts'
import { type FrontSettings, HttpFront } from './http-front.ts'
import { Http1Exchange } from './http1-exchange.ts'
import { Http2Exchange, isExtendedConnect } from './http2-exchange.ts'
import { RawFront } from './raw-front.ts'
import { type RawHandle, rawHandles } from './raw-handles.ts'
import { runtime } from './runtime.ts'

/** Listens for WebSockets; resolves once connections are accepted, rejects where the address cannot be had. */
export function listen(options: ListenOptions, events: ListenerEvents): Promise<Listener> {
  const answer = answerRequests(options.fetch, events.failed)
  const http1 = createHttpServer({ maxHeaderSize: options.maxHeaderBytes }, answer)
  http1.headersTimeout = options.handshakeTimeoutMs
  http1.on('clientError', (_, socket) => void socket.destroy())
  // A connection may first serve pages and upgrade later.
  http1.on('upgrade', (request, socket, first) => {
    events.upgrade(new Http1Exchange(socket, requestHeadOf(request), first))
  })
  const http2 = options.http2 ? createHttp2(answer, events) : undefined
  const settings: FrontSettings = { ...options, events, http1, http2: http2?.server }

  const sockets = new Set<Socket>()
  const fronts = new Set<RawFront>()
  const accepted = (socket: Socket): void => {
    socket.allowHalfOpen = true
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    new HttpFront(socket, settings)
  }
  const server =
    options.tls === undefined
      ? createServer({ noDelay: true }, accepted)
      : createTlsServer(
          {
            ALPNProtocols: options.http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
            handshakeTimeout: options.handshakeTimeoutMs,
            ...(options.tls as TlsOptions),
            // Of net's options, which TLS passes on though its types do not say so. Not half open before the handshake
            // is over: who gives it up, because of our certificate perhaps, would stay for ever.
            ...{ noDelay: true },
          },
          accepted,
        )
  server.on('tlsClientError', (error: Error) => {
    events.failed(
      new HandshakeError('ERR_NETWORK', { message: `TLS failed: ${error.message}`, cause: error }),
    )
  })

  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const { path, port, hostname } = options
    server.listen(
      path === undefined ? { port, ...(hostname !== undefined && { host: hostname }) } : { path },
      () => {
        server.off('error', reject)
        server.on('error', events.failed)
        if (options.rawHandles && options.tls === undefined) acceptRaw(server, settings, fronts)
        const closed = new Promise<void>((done) => {
          server.once('close', done)
        })
        resolve({
          port: portOf(server),
          stop: () => void server.close(),
          close() {
            // By now every WebSocket is closed: what is left are requests in progress, idle connections and strangers.
            http1.closeIdleConnections()
            for (const session of http2?.sessions ?? []) session.close()
            for (const socket of sockets) socket.destroySoon()
            for (const front of fronts) front.close()
            return closed
          },
        })
      },
    )
  })
}

/** Takes accepted handles before Node makes sockets of them, where this Node has such handles. */
function acceptRaw(server: Server, settings: FrontSettings, fronts: Set<RawFront>): void {
  const listening = (server as { _handle?: { onconnection?: unknown } })._handle
  if (rawHandles === undefined || typeof listening?.onconnection !== 'function') return
  const left = (front: RawFront): void => void fronts.delete(front)
  listening.onconnection = (status: number, handle: RawHandle | undefined): void => {
    if (status !== 0 || handle === undefined) return
    handle.setNoDelay?.(true)
    fronts.add(new RawFront(handle, settings, left))
    runtime.wake()
  }
}

/** What Node's parser read, as the protocol wants it. */
export function requestHeadOf(request: {
  method?: string | undefined
  url?: string | undefined
  httpVersion: string
  rawHeaders: string[]
}) {
  return {
    method: request.method as string,
    target: request.url as string,
    version: request.httpVersion === '1.0' ? '1.0' : '1.1',
    headers: new HeaderList(request.rawHeaders),
  } as const
}

function createHttp2(
  answer: ReturnType<typeof answerRequests>,
  events: ListenerEvents,
): { server: Http2Server; sessions: Set<Http2Session> } {
  const server = createHttp2Server({ settings: { enableConnectProtocol: true } }, answer)
  const sessions = new Set<Http2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  server.on('sessionError', events.failed)
  server.on('connect', (request, response) => {
    if (isExtendedConnect(request.headers)) events.upgrade(new Http2Exchange(request.stream, request.headers))
    else {
      response.statusCode = 501
      response.end()
    }
  })
  return { server, sessions }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? (address as AddressInfo).port : 0
}
