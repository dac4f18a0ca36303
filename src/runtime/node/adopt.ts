import type { IncomingMessage } from 'node:http'
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { wantsWebSocket } from '../../protocol/server-handshake.ts'
import type { UpgradeExchange } from '../contract.ts'
import { Http1Exchange } from './http1-exchange.ts'
import { Http2Exchange, isExtendedConnect } from './http2-exchange.ts'
import { passOn, requestHeadOf } from './pages.ts'

/** What an `http`, `https` or `http2` server of Node has in common for us. */
export interface AdoptableServer {
  // biome-ignore lint/suspicious/noExplicitAny: listeners of three unrelated server classes
  on(event: string, listener: (...args: any[]) => void): unknown
  // biome-ignore lint/suspicious/noExplicitAny: as above
  off(event: string, listener: (...args: any[]) => void): unknown
  // biome-ignore lint/suspicious/noExplicitAny: as above
  emit(event: string, ...args: any[]): unknown
  listenerCount(event: string): number
}

/**
 * Answers the upgrades of a server that somebody else runs. `wants` says which are ours; all others are left to the
 * server's other listeners, and answered by the server's own rules where it has none.
 */
export function adopt(
  server: AdoptableServer,
  wants: (target: string, protocols: readonly string[]) => boolean,
  upgrade: (exchange: UpgradeExchange) => void,
  rawHandles: boolean,
): () => void {
  const onUpgrade = (request: IncomingMessage, socket: Duplex, first: Uint8Array): void => {
    const head = requestHeadOf(request)
    const isOurs = wantsWebSocket(head)
    const exchange = (): Http1Exchange => new Http1Exchange(socket, head, first, rawHandles)
    if (isOurs && wants(head.target, offeredBy(request.headers))) upgrade(exchange())
    // Others listen too: what is not ours is theirs.
    else if (server.listenerCount('upgrade') > 1) return
    // Without an answer the connection would hang for ever.
    else if (isOurs) exchange().refuse(404, [], 'Not Found\n')
    // And without our listener the server would have ignored the wish.
    else passOn(server, 'encrypted' in socket ? 'secureConnection' : 'connection', request, socket, first)
  }
  const onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    if (isExtendedConnect(headers) && wants(String(headers[':path']), offeredBy(headers)))
      upgrade(new Http2Exchange(stream, headers))
  }
  // With a request listener HTTP/2 servers report CONNECT by an event of its own.
  const onConnect = ({
    stream,
    headers,
  }: {
    stream?: ServerHttp2Stream
    headers: IncomingHttpHeaders
  }): void => {
    if (stream === undefined) return
    onStream(stream, headers)
    // As for upgrades; the server's own answer ends where there is a listener.
    const isOurs = wants(String(headers[':path']), offeredBy(headers))
    if (!stream.headersSent && server.listenerCount('connect') === 1 && !isOurs) {
      stream.respond({ ':status': isExtendedConnect(headers) ? 404 : 405 }, { endStream: true })
    }
  }
  const onlyStreams = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    if (server.listenerCount('request') === 0) onStream(stream, headers)
  }
  const listeners = { upgrade: onUpgrade, connect: onConnect, stream: onlyStreams }
  if ('updateSettings' in server)
    (server as unknown as Http2Like).updateSettings({ enableConnectProtocol: true })
  // An HTTP/1.1 server with a CONNECT listener would leave answering CONNECT to it.
  const names =
    'updateSettings' in server ? (['upgrade', 'connect', 'stream'] as const) : (['upgrade'] as const)
  for (const name of names) server.on(name, listeners[name])
  return () => {
    for (const name of names) server.off(name, listeners[name])
  }
}

/** Subprotocols, as far as they say whose a request is; whether they are well-formed is seen later. */
function offeredBy(headers: IncomingHttpHeaders): string[] {
  return (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
}

interface Http2Like {
  updateSettings(settings: { enableConnectProtocol: boolean }): void
}
