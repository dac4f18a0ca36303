import { HandshakeError } from '../errors.ts'
import { HeaderList } from './header-list.ts'
import { isToken, trimBlanks } from './header-values.ts'

/** The head of an HTTP request, whatever it came over. */
export interface RequestHead {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly version: '1.0' | '1.1' | '2'
  readonly headers: HeaderList
  /** The whole head as text, where it was read by `parseRequestHead`. */
  readonly text?: string
}

/**
 * Where the head of an HTTP/1.1 message ends: the index behind the empty line, or -1 while it has not come.
 * Search goes on from `from`, the length that was there last time.
 */
export function endOfHead(bytes: Uint8Array, from: number): number {
  for (let at = Math.max(from - 3, 0); ; at++) {
    at = bytes.indexOf(0x0d, at)
    if (at < 0 || at + 3 >= bytes.length) return -1
    if (bytes[at + 1] === 0x0a && bytes[at + 2] === 0x0d && bytes[at + 3] === 0x0a) return at + 4
  }
}

/**
 * Reads the head of a request from `text`, everything up to and with the empty line, one character per byte.
 * Strict where leniency lets requests be smuggled (RFC 9112 §2.2, §5.1, §5.2): no bare CR or LF, no white space
 * before the colon, no folded lines, no control characters. One empty line before the request is ignored (§2.2).
 *
 * @throws {HandshakeError} `ERR_HTTP_MALFORMED` (400), `ERR_HTTP_VERSION` (505)
 */
export function parseRequestHead(text: string): RequestHead {
  const start = text.startsWith('\r\n') ? 2 : 0
  let end = text.indexOf('\r\n', start)
  const [method, target, version, ...rest] = text.slice(start, end).split(' ')
  if (rest.length > 0 || version === undefined || !isToken(method as string))
    throw malformed('request line', '§3')
  if (!targetText.test(target as string)) throw malformed('request target', '§3.2')
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') {
    throw new HandshakeError('ERR_HTTP_VERSION', {
      status: /^HTTP\/\d\.\d$/.test(version) ? 505 : 400,
      message: 'The request is not of HTTP/1.1 (RFC 9112 §2.3)',
      section: 'RFC 9112 §2.3',
    })
  }
  const flat: string[] = []
  // Line by line, without cutting the text into lines first: half of the garbage of a handshake.
  for (let at = end + 2; at < text.length - 2; at = end + 2) {
    end = text.indexOf('\r\n', at)
    const colon = text.indexOf(':', at)
    const name = text.slice(at, colon)
    if (colon < 0 || colon > end || !isToken(name)) throw malformed('header field name', '§5.1')
    const value = trimBlanks(text, colon + 1, end)
    if (!fieldText.test(value)) throw malformed('header field value', '§5.5')
    flat.push(name, value)
  }
  const absolute = absoluteForm.exec(target as string)
  if (absolute !== null) replaceHost(flat, absolute[1] as string)
  return {
    method: method as string,
    target: absolute === null ? (target as string) : originForm(absolute[2] as string),
    version: version === 'HTTP/1.1' ? '1.1' : '1.0',
    headers: new HeaderList(flat),
    text,
  }
}

/** The authority of an absolute target counts, whatever `Host` says (RFC 9112 §3.2.2). */
function replaceHost(flat: string[], authority: string): void {
  for (let at = 0; at < flat.length; at += 2) {
    if (flat[at]?.toLowerCase() === 'host') flat[at + 1] = authority
  }
}

function originForm(pathAndQuery: string): string {
  return pathAndQuery.startsWith('/') ? pathAndQuery : `/${pathAndQuery}`
}

/** The head of an HTTP/1.1 response, one character per byte. The fields must have passed `isHeaderField`. */
export function formatResponseHead(
  status: number,
  headers: Iterable<readonly [string, string]>,
  reason: string = reasonPhrase(status),
): string {
  let text = `HTTP/1.1 ${status} ${reason}\r\n`
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`
  return `${text}\r\n`
}

/** Whether a header field may be sent like this: nothing in it can end the line (RFC 9110 §5.5). */
export function isHeaderField(name: string, value: string): boolean {
  return isToken(name) && fieldText.test(value)
}

/** The usual words for the statuses an upgrade may be answered with; they carry no meaning (RFC 9112 §4). */
export function reasonPhrase(status: number): string {
  return reasonPhrases[status] ?? (status < 400 ? 'OK' : status < 500 ? 'Client Error' : 'Server Error')
}

const reasonPhrases: Readonly<Record<number, string>> = {
  101: 'Switching Protocols',
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
}

/** Visible characters and bytes above 0x7F; no blanks or controls. */
const targetText = /^[!-~\u0080-\u00ff]+$/
/** RFC 9112 §3.2.2; RFC 6455 §4.2.1 wants it understood. */
const absoluteForm = /^https?:\/\/([^/?#]+)(.*)$/i
/** Visible characters, blanks and bytes above 0x7F; no other controls. */
const fieldText = /^[\t -~\u0080-\u00ff]*$/

function malformed(what: string, section: string): HandshakeError {
  return new HandshakeError('ERR_HTTP_MALFORMED', {
    status: 400,
    message: `The ${what} is malformed (RFC 9112 ${section})`,
    section: `RFC 9112 ${section}`,
  })
}
