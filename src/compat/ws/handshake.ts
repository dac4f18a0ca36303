import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type NetConnectOpts, connect as netConnect, type Socket } from 'node:net'
import { unescape as unescapeUrl } from 'node:querystring'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions as TlsConnectOptions, connect as tlsConnect } from 'node:tls'
import { acceptFor } from '../../protocol/handshake-key.ts'
import { isToken } from '../../protocol/header-values.ts'
import { runtime } from '../../runtime/node/runtime.ts'
import { CLOSING, CONNECTING, defaultOptions, perMessageDeflateName } from './constants.ts'
import { format, parse } from './extension.ts'
import { PerMessageDeflate, type PerMessageDeflateOptions } from './per-message-deflate.ts'
import type { SocketOptions, WebSocket } from './websocket.ts'

type Headers = Record<string, string | number | readonly string[] | undefined>

/** Options of a client, beside all that `http.request` and `https.request` take. */
export interface ClientOptions extends Omit<RequestOptions, 'headers' | 'createConnection'>, SocketOptions {
  /** How long the closing handshake may take, in milliseconds; then the connection is cut. @default 30000 */
  closeTimeout?: number | undefined
  createConnection?: RequestOptions['createConnection'] | undefined
  /** Called with each request before it is sent; has to end it. */
  finishRequest?: ((request: ClientRequest, websocket: WebSocket) => void) | undefined
  /** @default false */
  followRedirects?: boolean | undefined
  /** Time for the opening handshake, in milliseconds. @default none */
  handshakeTimeout?: number | undefined
  headers?: Headers | undefined
  /** @default 10 */
  maxRedirects?: number | undefined
  origin?: string | undefined
  /** @default true */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined
  protocols?: string | string[] | undefined
  /** 13 or 8. @default 13 */
  protocolVersion?: number | undefined
}

/** What is kept from the first request to those that redirects cause. */
interface Journey {
  readonly websocket: WebSocket
  readonly protocols: readonly unknown[]
  /** The caller's options; with redirects, header names are in lower case. */
  options: ClientOptions | undefined
  first: { readonly secure: boolean; readonly unix: boolean; readonly hostOrPath: string } | undefined
}

type FullOptions = ClientOptions & { headers: Headers }

const protocolVersions: readonly unknown[] = [8, 13]

/** Sends the opening handshake; answers the options with their defaults. */
export function connect(
  websocket: WebSocket,
  address: string | URL,
  protocols: readonly unknown[],
  options: ClientOptions | undefined,
): ClientOptions {
  const journey = { websocket, protocols, options, first: undefined }
  return open(journey, address) ?? {}
}

function open(journey: Journey, address: string | URL): ClientOptions | undefined {
  const { websocket, protocols } = journey
  const options = {
    ...defaultOptions,
    protocolVersion: 13,
    perMessageDeflate: true,
    followRedirects: false,
    maxRedirects: 10,
    ...journey.options,
    // What the address and the handshake decide.
    socketPath: undefined,
    hostname: undefined,
    protocol: undefined,
    protocols: undefined,
    timeout: undefined,
    method: 'GET',
    host: undefined,
    path: undefined,
    port: undefined,
    headers: { ...journey.options?.headers },
  } as FullOptions
  if (!protocolVersions.includes(options.protocolVersion)) {
    throw new RangeError(
      `Unsupported protocol version: ${options.protocolVersion} (supported versions: ${protocolVersions.join(', ')})`,
    )
  }
  const url = urlOf(address)
  websocket._url = url.href
  const secure = url.protocol === 'wss:'
  const unix = url.protocol === 'ws+unix:'
  const wrong = faultOf(url)
  if (wrong !== undefined) {
    const error = new SyntaxError(wrong)
    if (websocket._redirects === 0) throw error
    failed(websocket, error)
    return undefined
  }
  const key = randomBytes(16).toString('base64')
  const asked = setUp(options, url, key, protocols)
  if (unix) takeSocketPath(options)
  if (options.followRedirects) follow(journey, options, url)
  const request = (secure ? httpsRequest : httpRequest)(options as RequestOptions)
  websocket._req = request
  if (websocket._redirects > 0) websocket.emit('redirect', websocket.url, request)
  listen(journey, address, request, options, { ...asked, key })
  if (options.finishRequest) options.finishRequest(request, websocket)
  else request.end()
  return options
}

function urlOf(address: string | URL): URL {
  let url: URL
  try {
    url = address instanceof URL ? address : new URL(address)
  } catch {
    throw new SyntaxError(`Invalid URL: ${address}`)
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return url
  const mapped = new URL(url)
  mapped.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:'
  return mapped
}

/** Why a WebSocket cannot be had from `url`. */
function faultOf({ protocol, pathname, hash }: URL): string | undefined {
  if (protocol !== 'ws:' && protocol !== 'wss:' && protocol !== 'ws+unix:') {
    return 'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"'
  }
  if (protocol === 'ws+unix:' && pathname === '') return "The URL's pathname is empty"
  return hash === '' ? undefined : 'The URL contains a fragment identifier'
}

interface Asked {
  readonly protocols: ReadonlySet<string>
  readonly compression: PerMessageDeflate | undefined
}

/** Fills in the request's options and headers. */
function setUp(options: FullOptions, url: URL, key: string, protocols: readonly unknown[]): Asked {
  const secure = url.protocol === 'wss:'
  const defaultPort = secure ? 443 : 80
  options.createConnection ||= (secure ? connectTls : connectPlain) as NonNullable<
    ClientOptions['createConnection']
  >
  options.defaultPort ||= defaultPort
  options.port = url.port || defaultPort
  options.host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  options.path = url.pathname + url.search
  options.timeout = options.handshakeTimeout
  const { headers } = options
  headers['Sec-WebSocket-Version'] = options.protocolVersion
  headers['Sec-WebSocket-Key'] = key
  headers['Connection'] = 'Upgrade'
  headers['Upgrade'] = 'websocket'
  let compression: PerMessageDeflate | undefined
  if (options.perMessageDeflate) {
    const wanted = options.perMessageDeflate === true ? {} : options.perMessageDeflate
    compression = new PerMessageDeflate({ ...wanted, isServer: false, maxPayload: options.maxPayload ?? 0 })
    headers['Sec-WebSocket-Extensions'] = format({ [perMessageDeflateName]: { ...compression.offer() } })
  }
  const names = new Set<string>()
  for (const protocol of protocols) {
    if (typeof protocol !== 'string' || !isToken(protocol) || names.has(protocol)) {
      throw new SyntaxError('An invalid or duplicated subprotocol was specified')
    }
    names.add(protocol)
  }
  if (names.size > 0) headers['Sec-WebSocket-Protocol'] = [...names].join(',')
  if (options.origin) {
    headers[Number(options.protocolVersion) < 13 ? 'Sec-WebSocket-Origin' : 'Origin'] = options.origin
  }
  if (url.username !== '' || url.password !== '') {
    options.auth = `${unescapeUrl(url.username)}:${unescapeUrl(url.password)}`
  }
  return { protocols: names, compression }
}

/** `ws+unix:/path/of/socket:/path/and/query` */
function takeSocketPath(options: FullOptions): void {
  const path = options.path ?? ''
  const colon = path.indexOf(':')
  options.socketPath = colon === -1 ? path : path.slice(0, colon)
  options.path = colon === -1 ? '' : path.slice(colon + 1)
}

/** Credentials go to the host they were meant for, and not from TLS to plain text, unless somebody looks after that. */
function follow(journey: Journey, options: FullOptions, url: URL): void {
  const secure = url.protocol === 'wss:'
  const unix = url.protocol === 'ws+unix:'
  const hostOrPath = unix ? String(options.socketPath) : url.host
  if (journey.first === undefined) {
    journey.first = { secure, unix, hostOrPath }
    const headers: Headers = {}
    for (const [name, value] of Object.entries(journey.options?.headers ?? {})) {
      headers[name.toLowerCase()] = value
    }
    journey.options = { ...journey.options, headers }
  } else if (journey.websocket.listenerCount('redirect') === 0) {
    const sameHost = journey.first.unix === unix && journey.first.hostOrPath === hostOrPath
    if (!sameHost || (journey.first.secure && !secure)) {
      delete options.headers['authorization']
      delete options.headers['cookie']
      if (!sameHost) delete options.headers['host']
      options.auth = undefined
    }
  }
  // The first credentials stay, whatever later addresses say.
  const kept = journey.options?.headers
  if (options.auth && kept !== undefined && !kept['authorization']) {
    kept['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`
  }
}

function listen(
  journey: Journey,
  address: string | URL,
  request: ClientRequest,
  options: FullOptions,
  asked: Asked & { readonly key: string },
): void {
  const { websocket } = journey
  if (options.timeout) {
    request.on('timeout', () => abortHandshake(websocket, request, 'Opening handshake has timed out'))
  }
  request.on('error', (error) => {
    if (websocket._req !== request || aborted.has(request)) return
    websocket._req = null
    failed(websocket, error)
  })
  request.on('response', (response) => {
    const { statusCode = 0 } = response
    const { location } = response.headers
    if (location && options.followRedirects && statusCode >= 300 && statusCode < 400) {
      redirect(journey, address, location, request, options.maxRedirects ?? 0)
    } else if (!websocket.emit('unexpected-response', request, response)) {
      abortHandshake(websocket, request, `Unexpected server response: ${statusCode}`)
    }
  })
  request.on('upgrade', (response, socket, head) => {
    websocket.emit('upgrade', response)
    // A listener may have closed it.
    if (websocket.readyState !== CONNECTING) return
    websocket._req = null
    const wrong = agree(websocket, response, asked)
    if (wrong !== undefined) abortHandshake(websocket, socket, wrong)
    else websocket.setSocket(socket, head, options)
  })
}

function redirect(
  journey: Journey,
  address: string | URL,
  location: string,
  request: ClientRequest,
  maxRedirects: number,
): void {
  const { websocket } = journey
  websocket._redirects += 1
  if (websocket._redirects > maxRedirects) {
    abortHandshake(websocket, request, 'Maximum redirects exceeded')
    return
  }
  aborted.add(request)
  request.destroy()
  let next: URL
  try {
    next = new URL(location, address)
  } catch {
    failed(websocket, new SyntaxError(`Invalid URL: ${location}`))
    return
  }
  open(journey, next)
}

/** Checks the server's answer and takes what was agreed on; answers what is wrong with it. */
function agree(
  websocket: WebSocket,
  { headers }: IncomingMessage,
  { key, protocols, compression }: Asked & { readonly key: string },
): string | undefined {
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'Invalid Upgrade header'
  if (headers['sec-websocket-accept'] !== acceptFor(key, runtime.sha1)) {
    return 'Invalid Sec-WebSocket-Accept header'
  }
  const protocol = headers['sec-websocket-protocol']
  if (protocol === undefined) {
    if (protocols.size > 0) return 'Server sent no subprotocol'
  } else {
    if (protocols.size === 0) return 'Server sent a subprotocol but none was requested'
    if (!protocols.has(protocol)) return 'Server sent an invalid subprotocol'
    websocket._protocol = protocol
  }
  const extensions = headers['sec-websocket-extensions']
  if (extensions === undefined) return undefined
  if (compression === undefined) {
    return 'Server sent a Sec-WebSocket-Extensions header but no extension was requested'
  }
  try {
    const offers = parse(extensions)
    const accepted = offers[perMessageDeflateName]
    if (accepted === undefined || Object.keys(offers).length > 1) {
      return 'Server indicated an extension that was not requested'
    }
    compression.accept(accepted)
  } catch {
    return 'Invalid Sec-WebSocket-Extensions header'
  }
  websocket._extensions[perMessageDeflateName] = compression
  return undefined
}

/** Requests that were given up: their errors are no news. */
const aborted = new WeakSet<ClientRequest>()

/** Gives up the handshake: the connection, if there is one, and then an error and the close. */
export function abortHandshake(websocket: WebSocket, stream: ClientRequest | Duplex, message: string): void {
  websocket._readyState = CLOSING
  const error = new Error(message)
  Error.captureStackTrace(error, abortHandshake)
  if ('setHeader' in stream) {
    aborted.add(stream)
    stream.destroy()
    stream.socket?.destroy()
    process.nextTick(failed, websocket, error)
  } else {
    stream.once('error', (reason) => websocket.emit('error', reason))
    stream.once('close', () => websocket.emitClose())
    stream.destroy(error)
  }
}

function failed(websocket: WebSocket, error: Error): void {
  websocket._readyState = CLOSING
  websocket._errorEmitted = true
  websocket.emit('error', error)
  websocket.emitClose()
}

type ConnectOptions = NetConnectOpts & {
  socketPath?: string
  path?: string
  host?: string
  servername?: string
}

function connectPlain(options: ConnectOptions): Socket {
  return netConnect({ ...options, path: options.socketPath } as NetConnectOpts)
}

function connectTls(options: ConnectOptions): Socket {
  const { host = '', servername } = options
  const name = servername || servername === '' ? servername : isIP(host) ? '' : host
  return tlsConnect({ ...options, path: undefined, servername: name } as TlsConnectOptions)
}
