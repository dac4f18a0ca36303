import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect as connectTcp, type Socket, type TcpNetConnectOpts } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { HandshakeError } from '../../errors.ts'
import {
  composeHandshakeOffer,
  type HandshakeOffer,
  readHandshakeResponse,
} from '../../protocol/client-handshake.ts'
import { MessageCompression } from '../../protocol/compression.ts'
import { HeaderList } from '../../protocol/header-list.ts'
import { linkOf, runtime } from '../../runtime/node/index.ts'
import { type CompressionChoice, compressionOf } from './compression.ts'
import { Connection } from './connection.ts'
import { plainHeaders } from './plain-headers.ts'

/** Options of `connect`; all others go to `net.connect` or `tls.connect`. Host and port come from the URL. */
export interface ConnectOptions
  extends Omit<ConnectionOptions & Partial<TcpNetConnectOpts>, 'host' | 'port'> {
  /** Further fields of the request. */
  extraHeaders?: Record<string, string> | undefined
  /** Subprotocols to ask for; the server has to choose one of them. */
  protocols?: string[] | undefined
  /** Whether compression (RFC 7692) is offered; not part of the original interface. @default false */
  perMessageDeflate?: CompressionChoice | undefined
}

interface Target {
  readonly hostname: string
  readonly port: number
  readonly secure: boolean
  readonly path: string
}

/** @throws {Error} where the URL is neither of `ws:` nor of `wss:` */
export function open(
  url: string,
  options: ConnectOptions,
  connected: ((this: Connection) => void) | undefined,
): Connection {
  const { hostname, port, secure, path } = targetOf(url)
  const socket: Socket = secure
    ? connectTls({ servername: hostname, ...options, host: hostname, port })
    : connectTcp({ ...options, host: hostname, port })
  const connection = new Connection(socket, null, connected)
  connection.path = path
  connection.host = hostname
  connection.extraHeaders = options.extraHeaders ?? null
  connection.protocols = options.protocols ?? []
  shakeHands(connection, { hostname, port, secure, path }, options)
  return connection
}

function targetOf(url: string): Target {
  // Without a scheme it is `ws:`.
  const { protocol, hostname, port, pathname, search } = new URL(url.includes('//') ? url : `ws://${url}`)
  if (protocol !== 'ws:' && protocol !== 'wss:')
    throw new Error(`Invalid protocol ${protocol}. It must be ws or wss`)
  const secure = protocol === 'wss:'
  return {
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port ? Number(port) : secure ? 443 : 80,
    secure,
    path: pathname + search,
  }
}

function shakeHands(connection: Connection, target: Target, options: ConnectOptions): void {
  const { socket } = connection
  const offer: HandshakeOffer = {
    key: runtime.handshakeKey(),
    protocols: connection.protocols,
    compression: compressionOf(options.perMessageDeflate),
  }
  const request = httpRequest({
    createConnection: () => socket,
    path: target.path,
    headers: {
      Host: hostField(target),
      ...Object.fromEntries(composeHandshakeOffer(offer)),
      ...options.extraHeaders,
    },
  })
  request.on('error', (error) => connection.failed(error))
  request.on('response', () => {
    socket.destroy()
    connection.failed(new Error('Invalid handshake: invalid first line format'))
  })
  request.on('upgrade', (response, _socket, first) => {
    // From here on nobody's reset may become an unhandled error.
    socket.on('error', () => {})
    if (connection.readyState === connection.CONNECTING) agree(connection, response, first, offer)
  })
  request.end()
}

function hostField({ hostname, port, secure }: Target): string {
  const name = hostname.includes(':') ? `[${hostname}]` : hostname
  return port === (secure ? 443 : 80) ? name : `${name}:${port}`
}

function agree(
  connection: Connection,
  { statusCode, rawHeaders }: IncomingMessage,
  first: Uint8Array,
  offer: HandshakeOffer,
): void {
  const { socket } = connection
  const headers = new HeaderList(rawHeaders)
  try {
    const agreed = readHandshakeResponse(statusCode ?? 0, headers, offer, runtime.sha1)
    const { compression } = offer
    socket.setTimeout(0)
    socket.setNoDelay(true)
    connection.opened({
      link: linkOf(socket, first),
      protocol: agreed.protocol === '' ? undefined : agreed.protocol,
      headers: plainHeaders(headers),
      compression:
        agreed.compression &&
        compression &&
        new MessageCompression('client', agreed.compression, runtime.deflate, compression),
    })
  } catch (error) {
    socket.destroy()
    connection.failed(Object.assign(new Error(wordsFor(error as HandshakeError, offer)), { cause: error }))
  }
}

/** What this interface says where the answer is wrong. */
function wordsFor({ code, message }: HandshakeError, { protocols }: HandshakeOffer): string {
  if (code === 'ERR_SUBPROTOCOL')
    return `Invalid handshake: no protocol ${protocols.length > 0 ? 'was negotiated' : 'negotiation was expected'}`
  if (code === 'ERR_ACCEPT') return 'Invalid handshake: hash mismatch'
  if (code === 'ERR_CONNECTION_HEADER' || code === 'ERR_UPGRADE_MISSING')
    return 'Invalid handshake: invalid Upgrade or Connection header'
  return `Invalid handshake: ${message}`
}
