import { deepStrictEqual, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  acceptCompression,
  composeHandshakeResponse,
  confirmCompression,
  defaultCompression,
  endOfHead,
  formatExtensions,
  formatResponseHead,
  HandshakeError,
  type HandshakeOffer,
  HeaderList,
  offerCompression,
  parseExtensions,
  parseRequestHead,
  type RequestHead,
  readHandshakeRequest,
  readHandshakeResponse,
} from '../src/protocol/index.ts'
import { bytesOfLatin1, latin1, type Target } from './target.ts'

const sha1 = (text: string) => createHash('sha1').update(text).digest('base64')
const withLineEnds = (text: string) => bytesOfLatin1(text.replace(/\r?\n/g, '\r\n'))

/** Runs `read`; a handshake error is an answer like any other, anything else is thrown on. */
function outcomeOf(read: () => string): string {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof HandshakeError)) throw error
    ok(error.message.length > 0 && error.section !== undefined)
    return `${error.code} ${error.status}`
  }
}

/** What a server does with the first bytes of a connection. */
export const requestHead: Target = {
  name: 'request-head',
  words: [
    'GET / HTTP/1.1\r\n',
    'Host: a\r\n',
    'Upgrade: websocket\r\n',
    'Connection: keep-alive, Upgrade\r\n',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
    'Sec-WebSocket-Version: 13\r\n',
    'Sec-WebSocket-Protocol: a, b\r\n',
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n',
    '\r\n',
    '\r\n\r\n',
    ': ',
    ', ',
    '; ',
    '"',
    '\\',
    '=',
    '\t',
    ' HTTP/1.0',
    'http://a',
  ].map(bytesOfLatin1),
  readSample: withLineEnds,
  run(input) {
    const end = endOfHead(input, 0)
    for (let length = 0, from = 0, found = -1; found < 0 && length < input.length; ) {
      length += 1 + (length % 7)
      const bytes = input.subarray(0, length)
      found = endOfHead(bytes, from)
      from = bytes.length
      ok(found === -1 || found === end, `the end is at ${end}, not at ${found}`)
    }
    if (end < 0) return 'no end'
    const text = latin1(input.subarray(0, end))
    ok(text.endsWith('\r\n\r\n') && text.indexOf('\r\n\r\n') === end - 4)
    return outcomeOf(() => {
      const head = parseRequestHead(text)
      ok(/^[!-~\u0080-\u00ff]+$/.test(head.target))
      for (const [name, value] of head.headers) ok(!/[\r\n\0]/.test(name + value))
      return `${head.version} ${outcomeOf(() => accept(head))} ${outcomeOf(() => accept({ ...head, version: '2', method: 'CONNECT' }))}`
    })
  },
}

/** The whole of a server's side: what is answered must be a well-formed head, whatever was asked. */
function accept(head: RequestHead): string {
  const request = readHandshakeRequest(head)
  const response = composeHandshakeResponse(request, request.protocols[0] ?? '', defaultCompression, [], sha1)
  const lines = formatResponseHead(response.status, response.headers).split('\r\n')
  deepStrictEqual(lines.length, response.headers.length + 3)
  return `accepted ${request.protocols.length} ${response.extensions}`
}

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const offers: readonly HandshakeOffer[] = [
  { key, protocols: [], compression: undefined },
  { key, protocols: ['a', 'b'], compression: defaultCompression },
  {
    key,
    protocols: ['a'],
    compression: {
      ...defaultCompression,
      serverMaxWindowBits: 10,
      clientMaxWindowBits: 9,
      serverContextTakeover: true,
    },
  },
  { key: undefined, protocols: ['a'], compression: defaultCompression },
]

/** What a client makes of an answer: a status on the first line, then header fields. */
export const responseHead: Target = {
  name: 'response-head',
  words: [
    '101\r\n',
    '200\r\n',
    'Upgrade: websocket\r\n',
    'Connection: Upgrade\r\n',
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n',
    'Sec-WebSocket-Protocol: a\r\n',
    'Sec-WebSocket-Extensions: permessage-deflate\r\n',
    '; server_no_context_takeover',
    '; client_no_context_takeover',
    '; server_max_window_bits=10',
    '; client_max_window_bits=9',
    ', ',
    '"',
    '\\',
  ].map(bytesOfLatin1),
  readSample: withLineEnds,
  run(input) {
    const [status = '', ...lines] = latin1(input).split('\r\n')
    const headers = HeaderList.from(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(':')
        return [line.slice(0, Math.max(colon, 0)), line.slice(colon + 1).trim()]
      }),
    )
    return offers
      .map((offer) =>
        outcomeOf(() => {
          const agreement = readHandshakeResponse(Number.parseInt(status, 10), headers, offer, sha1)
          ok(
            agreement.protocol === ''
              ? offer.protocols.length === 0
              : offer.protocols.includes(agreement.protocol),
          )
          ok(agreement.compression === undefined || offer.compression !== undefined)
          return `${agreement.protocol} ${agreement.extensions}`
        }),
      )
      .join('; ')
  },
}

/** The extension header by itself, as an offer and as an answer. */
export const extensionHeader: Target = {
  name: 'extension-header',
  words: [
    'permessage-deflate',
    'server_no_context_takeover',
    'client_no_context_takeover',
    'server_max_window_bits',
    'client_max_window_bits',
    '=10',
    '="11"',
    '; ',
    ', ',
    '"',
    '\\',
    '=',
    '\t',
  ].map(bytesOfLatin1),
  readSample: (text) => bytesOfLatin1(text.replace(/\r?\n$/, '')),
  run(input) {
    const extensions = parseExtensions(latin1(input))
    if (extensions === undefined) return 'malformed'
    const written = formatExtensions(extensions)
    deepStrictEqual(parseExtensions(written), extensions)
    const accepted = acceptCompression(extensions, defaultCompression)
    if (accepted !== undefined) {
      const { serverWindowBits, clientWindowBits } = accepted.agreed
      ok(serverWindowBits >= 8 && serverWindowBits <= 15 && clientWindowBits >= 8 && clientWindowBits <= 15)
      deepStrictEqual(parseExtensions(formatExtensions([accepted.response])), [accepted.response])
    }
    const answers = extensions.map((extension) => confirmCompression(extension, defaultCompression))
    for (const confirmed of answers) ok(confirmed === undefined || confirmed.clientWindowBits >= 8)
    ok(offerCompression(defaultCompression).name.length > 0)
    return `${Math.min(extensions.length, 3)} ${JSON.stringify(accepted?.agreed)} ${answers.map(Boolean).slice(0, 3)}`
  },
}
