import { isToken } from '../protocol/header-values.ts'

/**
 * The standard's steps from a constructor's URL to a URL record; there is no base URL outside a page, so a relative
 * one is refused. Besides, `ws+unix:/path/of/the.socket:/request/target` and `wss+unix:` name a Unix socket.
 *
 * @throws {DOMException} SyntaxError
 */
export function toUrlRecord(url: string): URL {
  // 1.–2. Let urlRecord be the result of applying the URL parser to url.
  // 3. If urlRecord is failure, then throw a "SyntaxError" DOMException.
  if (!URL.canParse(url)) throw syntaxError(`'${url}' is not a valid absolute URL`)
  const record = new URL(url)
  // 4. If urlRecord's scheme is "http", then set urlRecord's scheme to "ws".
  if (record.protocol === 'http:') record.protocol = 'ws:'
  // 5. Otherwise, if urlRecord's scheme is "https", set urlRecord's scheme to "wss".
  else if (record.protocol === 'https:') record.protocol = 'wss:'
  // 6. If urlRecord's scheme is not "ws" or "wss", then throw a "SyntaxError" DOMException.
  if (!schemes.has(record.protocol)) {
    throw syntaxError(`'${record.protocol}' is no scheme of a WebSocket; 'ws:' and 'wss:' are`)
  }
  if (record.protocol.endsWith('+unix:') && !/^\/[^:]/.test(record.pathname)) {
    throw syntaxError(`'${url}' names no socket; ws+unix:/path/of/the.socket:/request/target does`)
  }
  // 7. If urlRecord's fragment is non-null, then throw a "SyntaxError" DOMException.
  if (record.href.includes('#')) throw syntaxError(`'${url}' has a fragment`)
  return record
}

const schemes = new Set(['ws:', 'wss:', 'ws+unix:', 'wss+unix:'])

/**
 * The subprotocols of a constructor as a list.
 *
 * @throws {DOMException} SyntaxError
 */
export function toProtocolList(protocols: string | readonly string[]): readonly string[] {
  // 8. If protocols is a string, set protocols to a sequence consisting of just that string.
  const list = typeof protocols === 'string' ? [protocols] : protocols
  // 9. If any of the values in protocols occur more than once or otherwise fail to match the requirements for
  //    elements that comprise the value of `Sec-WebSocket-Protocol` fields, then throw a "SyntaxError" DOMException.
  const seen = new Set<string>()
  for (const protocol of list) {
    if (!isToken(protocol)) throw syntaxError(`'${protocol}' is no subprotocol: it must be a token`)
    // Servers may compare without regard to case, so browsers count such a pair as one.
    const key = protocol.toLowerCase()
    if (seen.has(key)) throw syntaxError(`the subprotocol '${protocol}' occurs more than once`)
    seen.add(key)
  }
  return list
}

function syntaxError(message: string): DOMException {
  return new DOMException(message, 'SyntaxError')
}

/** Where a URL leads: what to connect to and what to ask for there. */
export interface Destination {
  readonly secure: boolean
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string
  readonly port: number
  readonly socketPath: string | undefined
  /** Path and query. */
  readonly target: string
  /** Value of the header field `Host`. */
  readonly host: string
}

export function destinationOf(url: URL): Destination {
  const secure = url.protocol.startsWith('wss')
  if (url.protocol.endsWith('+unix:')) {
    const [path = '', ...rest] = url.pathname.split(':')
    return {
      secure,
      hostname: 'localhost',
      port: 0,
      socketPath: new TextDecoder().decode(percentDecode(path)),
      target: (rest.join(':') || '/') + url.search,
      host: 'localhost',
    }
  }
  return {
    secure,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    socketPath: undefined,
    target: url.pathname + url.search,
    host: url.host,
  }
}

/** `Authorization` for the user and password of a URL (RFC 7617), or `undefined` where it has none. */
export function credentialsOf(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined
  const bytes = percentDecode(`${url.username}:${url.password}`)
  return `Basic ${btoa(String.fromCharCode(...bytes))}`
}

/** The bytes of a part of a URL; an escape that is none stands for itself (URL, "percent-decode"). */
function percentDecode(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  const decoded: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    const digits = String.fromCharCode(...bytes.subarray(at + 1, at + 3))
    if (bytes[at] === 0x25 && /^[0-9a-f]{2}$/i.test(digits)) {
      decoded.push(Number.parseInt(digits, 16))
      at += 2
    } else decoded.push(bytes[at] as number)
  }
  return Uint8Array.from(decoded)
}
