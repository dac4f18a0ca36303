import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from 'node:http2'
import { certificate } from './certificate.ts'
import { RawPeer, type Target } from './raw-peer.ts'

/** A connection of HTTP/2 to a server of this machine, over TLS where its URL says so. */
export async function openSession(target: Target, options: object = {}): Promise<ClientHttp2Session> {
  const session = connect(target.url.replace(/^ws/, 'http'), { ca: certificate.cert, ...options })
  session.on('error', () => {})
  await once(session, 'remoteSettings')
  return session
}

/** An extended CONNECT (RFC 8441 §4), with `changes`: `undefined` leaves a field out. */
export function request(
  session: ClientHttp2Session,
  path = '/',
  changes: Record<string, string | undefined> = {},
): ClientHttp2Stream {
  const fields = {
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': path,
    'sec-websocket-version': '13',
    ...changes,
  }
  const present = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  const stream = session.request(present, { endStream: false })
  stream.on('error', () => {})
  return stream
}

export async function answerTo(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  return headers
}

/** Opens a WebSocket, which must be accepted. */
export async function openStream(
  session: ClientHttp2Session,
  path?: string,
  changes?: Record<string, string | undefined>,
): Promise<RawPeer & { readonly answer: IncomingHttpHeaders }> {
  const stream = request(session, path, changes)
  const answer = await answerTo(stream)
  if (Number(answer[':status']) !== 200) throw new Error(`not accepted: ${answer[':status']}`)
  return Object.assign(new RawPeer(stream), { answer })
}
