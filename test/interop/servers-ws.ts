import { once } from 'node:events'
import { createSecureServer, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type PerMessageDeflateOptions, WebSocket, WebSocketServer } from 'ws'
import { certificate } from '../wire/certificate.ts'
import { Inbox } from '../wire/inbox.ts'
import { listenHttp, urlOf } from './servers-http.ts'
import {
  type ForeignConnection,
  type ForeignServer,
  type ForeignServerKind,
  Reports,
  spoken,
} from './servers-kind.ts'

const ways = {
  fragments: ['text', 'binary'],
  answerTo: (code: number) => code,
} as const

export const ws: ForeignServerKind = {
  name: 'ws',
  extensions: '',
  ...ways,
  listen: (secure) => listen(secure, false),
}

export const wsWithCompression: ForeignServerKind = {
  name: 'ws with compression, context takeover both ways',
  options: { compression: { thresholdBytes: 0, serverContextTakeover: true, clientContextTakeover: true } },
  extensions: 'permessage-deflate',
  ...ways,
  listen: (secure) => listen(secure, { threshold: 0 }),
}

export const wsWithoutTakeover: ForeignServerKind = {
  name: 'ws with compression, no context takeover',
  options: { compression: { thresholdBytes: 0, serverContextTakeover: false, clientContextTakeover: false } },
  extensions: 'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
  ...ways,
  listen: (secure) =>
    listen(secure, { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true }),
}

/** The same library on streams of node:http2, which is how its users serve RFC 8441. */
export const wsOnHttp2: ForeignServerKind = {
  name: 'ws on node:http2',
  options: { http2: true },
  extensions: '',
  ...ways,
  listen: listenHttp2,
}

function listen(
  secure: boolean,
  perMessageDeflate: false | PerMessageDeflateOptions,
): Promise<ForeignServer> {
  return listenHttp(secure, (server, connected) => {
    const handleProtocols = (offered: Set<string>) => (offered.has(spoken) ? spoken : false)
    const host = new WebSocketServer({ server, perMessageDeflate, handleProtocols })
    host.on('connection', (socket) => connected(connectionOf(socket)))
  })
}

/** As its server makes them; its declarations leave the other arguments out. */
function accepted(): WebSocket {
  const Accepted = WebSocket as unknown as new (
    address: null,
    protocols: undefined,
    options: object,
  ) => WebSocket
  return new Accepted(null, undefined, { isServer: true, autoPong: true, closeTimeout: 30_000 })
}

/** What `ws` does with a connection that was upgraded elsewhere; its declarations leave it out. */
interface Settable {
  protocol: string
  setSocket(stream: Duplex, head: Buffer, options: object): void
}

async function listenHttp2(secure: boolean): Promise<ForeignServer> {
  const settings = { settings: { enableConnectProtocol: true } }
  const server = secure ? createSecureServer({ ...certificate, ...settings }) : createServer(settings)
  const connections = new Inbox<ForeignConnection>()
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const offered = headers['sec-websocket-protocol'] ?? ''
    const protocol = String(offered).split(/, */).includes(spoken) ? spoken : ''
    stream.respond({ ':status': 200, ...(protocol === '' ? {} : { 'sec-websocket-protocol': protocol }) })
    const socket = accepted()
    const connection = connectionOf(socket, protocol, () => stream.close(8))
    const settable = socket as unknown as Settable
    settable.setSocket(stream, Buffer.alloc(0), { maxPayload: 2 ** 24, skipUTF8Validation: false })
    connections.push(connection)
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return {
    url: urlOf(server.address() as AddressInfo, secure).replace('127.0.0.1', 'localhost'),
    connections,
    async close() {
      for (const session of sessions) session.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function connectionOf(
  socket: WebSocket,
  protocol = socket.protocol,
  drop = () => socket.terminate(),
): ForeignConnection {
  const reports = new Reports()
  socket.on('message', (data: Buffer, isBinary) => reports.messages.push(isBinary ? data : String(data)))
  socket.on('ping', (data) => reports.pings.push(String(data)))
  socket.on('pong', (data) => reports.pongs.push(String(data)))
  socket.on('close', (code, reason) => reports.close(code, String(reason)))
  socket.on('error', () => {})
  return {
    protocol,
    messages: reports.messages,
    pings: reports.pings,
    pongs: reports.pongs,
    closed: reports.closed,
    send: (data) => socket.send(data),
    sendFragments(pieces) {
      for (const [index, piece] of pieces.entries()) socket.send(piece, { fin: index === pieces.length - 1 })
    },
    ping: (data) => socket.ping(data),
    close: (code, reason) => socket.close(code, reason),
    drop,
    waiting: () => socket.bufferedAmount,
  }
}
