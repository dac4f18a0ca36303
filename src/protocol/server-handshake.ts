import { HandshakeError } from '../errors.ts'
import { type Extension, formatExtensions, parseExtensions } from './extension-header.ts'
import { acceptFor, isKey, type Sha1Base64 } from './handshake-key.ts'
import { isToken, listHas, listMembers, trimBlanks } from './header-values.ts'
import type { RequestHead } from './http-head.ts'
import { type AgreedCompression, acceptCompression, type CompressionOptions } from './permessage-deflate.ts'

/** What a valid opening handshake asks for. */
export interface HandshakeRequest {
  /** The status of the answer that accepts it: 101, or 200 over HTTP/2 (RFC 8441 §5). */
  readonly status: 101 | 200
  /** `Sec-WebSocket-Key`; over HTTP/2 nobody needs one (RFC 8441 §5), but who sends it may wait for its answer. */
  readonly key: string | undefined
  /** Subprotocols in the client's order of preference. */
  readonly protocols: readonly string[]
  readonly extensions: readonly Extension[]
}

/**
 * Whether this request wants to become a WebSocket at all, well-formed or not: it names `websocket` in `Upgrade`
 * (RFC 6455 §4.1), or comes over HTTP/2 as an extended CONNECT, which the runtime knows.
 */
export function wantsWebSocket(head: RequestHead): boolean {
  const upgrade = head.headers.get('upgrade')
  return upgrade !== undefined && listHas(upgrade, 'websocket')
}

/**
 * Checks a client's opening handshake (RFC 6455 §4.2.1; RFC 8441 §4, §5 for HTTP/2).
 *
 * @throws {HandshakeError} with the HTTP status and headers to answer with
 */
export function readHandshakeRequest(head: RequestHead): HandshakeRequest {
  const { headers } = head
  const overHttp2 = head.version === '2'
  if (overHttp2) {
    if (head.method !== 'CONNECT')
      throw refusal('ERR_METHOD', 405, 'The method is not CONNECT', 'RFC 8441 §4')
  } else {
    if (head.method !== 'GET') {
      throw refusal('ERR_METHOD', 405, 'The method is not GET', 'RFC 6455 §4.1', [['Allow', 'GET']])
    }
    if (head.version !== '1.1') throw refusal('ERR_HTTP_VERSION', 400, 'HTTP is below 1.1', 'RFC 6455 §4.1')
    if (headers.all('host').length !== 1)
      throw refusal('ERR_HOST_MISSING', 400, 'Host is not there once', 'RFC 6455 §4.1')
    if (!wantsWebSocket(head)) {
      throw refusal(
        'ERR_UPGRADE_MISSING',
        426,
        'Upgrade does not name websocket',
        'RFC 6455 §4.1',
        upgradeHeaders,
      )
    }
    if (!listHas(headers.get('connection') ?? '', 'upgrade')) {
      throw refusal('ERR_CONNECTION_HEADER', 400, 'Connection does not name Upgrade', 'RFC 6455 §4.1')
    }
  }
  checkVersion(headers.all('sec-websocket-version'))
  const keys = headers.all('sec-websocket-key')
  const key = trimBlanks(keys[0] ?? '')
  const isValid = keys.length === 1 && isKey(key)
  if (!isValid && !overHttp2) {
    throw refusal('ERR_KEY', 400, 'Sec-WebSocket-Key is not 16 bytes in Base64, once', 'RFC 6455 §4.1')
  }
  return {
    status: overHttp2 ? 200 : 101,
    key: isValid ? key : undefined,
    protocols: readProtocols(headers.get('sec-websocket-protocol')),
    extensions: readExtensions(headers.get('sec-websocket-extensions')),
  }
}

/** The answer to an accepted handshake. */
export interface HandshakeResponse {
  readonly status: 101 | 200
  readonly headers: readonly (readonly [string, string])[]
  readonly protocol: string
  /** What was agreed on, as in the header field; empty for nothing. */
  readonly extensions: string
  readonly compression: AgreedCompression | undefined
}

/**
 * Composes the server's answer (RFC 6455 §4.2.2): 101 over HTTP/1.1, 200 over HTTP/2 (RFC 8441 §5).
 * `protocol` is one of the request's or empty; `extra` headers follow those of the standard.
 */
export function composeHandshakeResponse(
  request: HandshakeRequest,
  protocol: string,
  compression: Readonly<CompressionOptions> | undefined,
  extra: Iterable<readonly [string, string]>,
  sha1: Sha1Base64,
): HandshakeResponse {
  const headers: [string, string][] = []
  if (request.status === 101) headers.push(['Upgrade', 'websocket'], ['Connection', 'Upgrade'])
  if (request.key !== undefined) headers.push(['Sec-WebSocket-Accept', acceptFor(request.key, sha1)])
  if (protocol !== '') headers.push(['Sec-WebSocket-Protocol', protocol])
  const accepted = compression === undefined ? undefined : acceptCompression(request.extensions, compression)
  const extensions = accepted === undefined ? '' : formatExtensions([accepted.response])
  if (extensions !== '') headers.push(['Sec-WebSocket-Extensions', extensions])
  for (const [name, value] of extra) headers.push([name, value])
  return { status: request.status, headers, protocol, extensions, compression: accepted?.agreed }
}

/** Sent with every 426: what to upgrade to, and the version we speak (RFC 6455 §4.4). */
export const upgradeHeaders: readonly (readonly [string, string])[] = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Version', '13'],
]

function checkVersion(versions: readonly string[]): void {
  const version = versions.length === 1 ? trimBlanks(versions[0] as string) : ''
  if (version === '13') return
  if (!/^\d{1,3}$/.test(version)) {
    throw refusal('ERR_VERSION', 400, 'Sec-WebSocket-Version is not a number, once', 'RFC 6455 §4.1', [
      ['Sec-WebSocket-Version', '13'],
    ])
  }
  throw refusal(
    'ERR_VERSION',
    426,
    `Version ${version} is not supported, only 13`,
    'RFC 6455 §4.4',
    upgradeHeaders,
  )
}

/** Tokens, each once (RFC 6455 §4.1). */
function readProtocols(value: string | undefined): string[] {
  if (value === undefined) return []
  const protocols = listMembers(value)
  if (protocols.length === 0 || !protocols.every(isToken) || new Set(protocols).size !== protocols.length) {
    throw refusal(
      'ERR_SUBPROTOCOL',
      400,
      'Sec-WebSocket-Protocol is not a list of different tokens',
      'RFC 6455 §4.1',
    )
  }
  return protocols
}

function readExtensions(value: string | undefined): Extension[] {
  const extensions = parseExtensions(value ?? '')
  if (extensions === undefined || (extensions.length === 0 && value !== undefined)) {
    throw refusal('ERR_EXTENSION', 400, 'Sec-WebSocket-Extensions is malformed', 'RFC 6455 §9.1')
  }
  return extensions
}

function refusal(
  code: HandshakeError['code'],
  status: number,
  message: string,
  section: string,
  headers: ReadonlyArray<readonly [string, string]> = [],
): HandshakeError {
  return new HandshakeError(code, { status, headers, section, message: `${message} (${section})` })
}
