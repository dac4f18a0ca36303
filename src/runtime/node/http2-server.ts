import { createServer, type Http2Server, type Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { ListenerEvents } from '../contract.ts'
import type { answerRequests } from './fetch-bridge.ts'
import { Http2Exchange, isExtendedConnect } from './http2-exchange.ts'

/** Node's server of HTTP/2, for upgrades (RFC 8441) and everything else. It never listens: connections are handed to it. */
export function createHttp2(
  answer: ReturnType<typeof answerRequests>,
  events: ListenerEvents,
): { server: Http2Server; sessions: Set<Http2Session>; has(socket: Socket): boolean } {
  const server = createServer({ settings: { enableConnectProtocol: true } }, answer)
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
  const sockets = new WeakSet<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  return { server, sessions, has: (socket) => sockets.has(socket) }
}
