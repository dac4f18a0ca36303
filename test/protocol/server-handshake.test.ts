import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import {
  acceptFor,
  composeHandshakeResponse,
  defaultCompression,
  HandshakeError,
  HeaderList,
  parseRequestHead,
  type RequestHead,
  readHandshakeRequest,
  wantsWebSocket,
} from '../../src/protocol/index.ts'

const sha1 = (text: string) => createHash('sha1').update(text).digest('base64')
const key = 'dGhlIHNhbXBsZSBub25jZQ=='

const good: readonly (readonly [string, string])[] = [
  ['Host', 'server.example.com'],
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', key],
  ['Sec-WebSocket-Version', '13'],
]

/** A good request over HTTP/1.1, with some fields in place of those of the same name; no value removes a field. */
function request(
  changes: Record<string, string | readonly string[] | undefined> = {},
  line: Partial<Pick<RequestHead, 'method' | 'version'>> = {},
): RequestHead {
  const fields = good.filter(([name]) => !(name in changes))
  for (const [name, values] of Object.entries(changes)) {
    if (values !== undefined) for (const value of [values].flat()) fields.push([name, value])
  }
  return { method: 'GET', target: '/chat', version: '1.1', headers: HeaderList.from(fields), ...line }
}

function refusal(head: RequestHead): {
  status: number | undefined
  code: string
  headers: Record<string, string>
} {
  try {
    readHandshakeRequest(head)
  } catch (error) {
    assert.ok(error instanceof HandshakeError)
    assert.equal(error.side, 'remote')
    assert.match(error.section ?? '', /^RFC (6455|8441) §/)
    return { status: error.status, code: error.code, headers: Object.fromEntries(error.headers) }
  }
  assert.fail('the request was accepted')
}

test('§1.3 the key of the standard has the accept of the standard', () => {
  assert.equal(acceptFor(key, sha1), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
})

test('§4.2.2 a good handshake is answered with 101, Upgrade, Connection and Sec-WebSocket-Accept', () => {
  const read = readHandshakeRequest(request())
  assert.deepEqual(read, { status: 101, key, protocols: [], extensions: [] })
  assert.deepEqual(composeHandshakeResponse(read, '', undefined, [], sha1), {
    status: 101,
    headers: [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
    ],
    protocol: '',
    extensions: '',
    compression: undefined,
  })
})

test('§4.2.2 the answer names the subprotocol and what was agreed of the extensions, then what was added', () => {
  const read = readHandshakeRequest(
    request({
      'Sec-WebSocket-Protocol': 'chat, superchat',
      'Sec-WebSocket-Extensions': 'x-other, permessage-deflate; client_max_window_bits',
    }),
  )
  const response = composeHandshakeResponse(
    read,
    'superchat',
    defaultCompression,
    [['Set-Cookie', 'a=b']],
    sha1,
  )
  assert.deepEqual(response.headers.slice(3), [
    ['Sec-WebSocket-Protocol', 'superchat'],
    [
      'Sec-WebSocket-Extensions',
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    ],
    ['Set-Cookie', 'a=b'],
  ])
  assert.equal(response.protocol, 'superchat')
  assert.equal(
    response.extensions,
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
  )
  assert.deepEqual(response.compression, {
    serverContextTakeover: false,
    clientContextTakeover: false,
    serverWindowBits: 15,
    clientWindowBits: 15,
  })
})

test('§4.2.2 the answer names no extension where the offers are declined', () => {
  const read = readHandshakeRequest(request({ 'Sec-WebSocket-Extensions': 'permessage-deflate; unknown' }))
  const response = composeHandshakeResponse(read, '', defaultCompression, [], sha1)
  assert.equal(response.extensions, '')
  assert.equal(response.compression, undefined)
  assert.equal(response.headers.length, 3)
})

const accepted: readonly [sentence: string, changes: Record<string, string | string[]>][] = [
  ['§4.2.1 Upgrade is compared without regard to case', { Upgrade: 'WebSocket' }],
  ['§4.2.1 Upgrade may name other protocols too', { Upgrade: 'h2c, websocket' }],
  ['§4.2.1 Upgrade may come in several fields', { Upgrade: ['h2c', 'websocket'] }],
  ['§4.2.1 Connection is a list of tokens', { Connection: 'keep-alive, Upgrade' }],
  ['§4.2.1 Connection is compared without regard to case', { Connection: 'UPGRADE' }],
  ['§4.2.1 Connection may come in several fields', { Connection: ['keep-alive', 'upgrade'] }],
  ['§4.2.1 Connection may have empty members and white space', { Connection: ' ,keep-alive ,\tUpgrade , ' }],
  ['§4.2.1 the names of fields are compared without regard to case', { UPGRADE: 'websocket' }],
  ['§4.2.1 the key may stand in white space', { 'Sec-WebSocket-Key': ` ${key}\t` }],
  [
    '§4.2.1 the last bits of a key, which stand for nothing, may be set',
    { 'Sec-WebSocket-Key': 'ABCDEFGHIJKLMNOPQRSTUV==' },
  ],
  ['§4.2.1 the version may stand in white space', { 'Sec-WebSocket-Version': ' 13 ' }],
  ['§4.2.1 Host may be empty', { Host: '' }],
]
for (const [sentence, changes] of accepted) {
  test(sentence, () => {
    assert.equal(typeof readHandshakeRequest(request(changes)).key, 'string')
  })
}

const refused: readonly [
  sentence: string,
  status: number,
  code: string,
  changes: Record<string, string | string[] | undefined>,
][] = [
  ['§4.1 a request without Host', 400, 'ERR_HOST_MISSING', { Host: undefined }],
  ['§4.1 a request with two Hosts', 400, 'ERR_HOST_MISSING', { Host: ['a', 'b'] }],
  ['§4.1 a request without Upgrade', 426, 'ERR_UPGRADE_MISSING', { Upgrade: undefined }],
  ['§4.1 a request that upgrades to something else', 426, 'ERR_UPGRADE_MISSING', { Upgrade: 'h2c' }],
  [
    '§4.1 a request whose Upgrade only contains the word',
    426,
    'ERR_UPGRADE_MISSING',
    { Upgrade: 'websockets' },
  ],
  ['§4.1 a request without Connection', 400, 'ERR_CONNECTION_HEADER', { Connection: undefined }],
  [
    '§4.1 a request whose Connection does not name Upgrade',
    400,
    'ERR_CONNECTION_HEADER',
    { Connection: 'keep-alive' },
  ],
  [
    '§4.1 a request whose Connection only contains the word',
    400,
    'ERR_CONNECTION_HEADER',
    { Connection: 'Upgrades' },
  ],
  ['§4.1 a request without a key', 400, 'ERR_KEY', { 'Sec-WebSocket-Key': undefined }],
  ['§4.1 a request with two keys', 400, 'ERR_KEY', { 'Sec-WebSocket-Key': [key, key] }],
  ['§4.1 a request with an empty key', 400, 'ERR_KEY', { 'Sec-WebSocket-Key': '' }],
  ['§4.1 a key that is too short', 400, 'ERR_KEY', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j' }],
  ['§4.1 a key that is too long', 400, 'ERR_KEY', { 'Sec-WebSocket-Key': `${key}dGhl` }],
  ['§4.1 a key of 15 bytes', 400, 'ERR_KEY', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j' }],
  ['§4.1 a key of 17 bytes', 400, 'ERR_KEY', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZWU=' }],
  ['§4.1 a key without its padding', 400, 'ERR_KEY', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ' }],
  ['§4.1 a key that is not Base64', 400, 'ERR_KEY', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j*Q==' }],
  ['§4.1 a key in the alphabet of URLs', 400, 'ERR_KEY', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j_Q==' }],
  ['§4.4 a request without a version', 400, 'ERR_VERSION', { 'Sec-WebSocket-Version': undefined }],
  ['§4.4 a request with two versions', 400, 'ERR_VERSION', { 'Sec-WebSocket-Version': ['13', '8'] }],
  ['§4.4 a request with the version twice', 400, 'ERR_VERSION', { 'Sec-WebSocket-Version': ['13', '13'] }],
  ['§4.4 a request with a list of versions', 400, 'ERR_VERSION', { 'Sec-WebSocket-Version': '13, 8' }],
  ['§4.4 a version that is no number', 400, 'ERR_VERSION', { 'Sec-WebSocket-Version': 'thirteen' }],
  ['§4.4 version 8', 426, 'ERR_VERSION', { 'Sec-WebSocket-Version': '8' }],
  ['§4.4 version 0', 426, 'ERR_VERSION', { 'Sec-WebSocket-Version': '0' }],
  ['§4.4 version 14', 426, 'ERR_VERSION', { 'Sec-WebSocket-Version': '14' }],
  ['§4.4 version 255', 426, 'ERR_VERSION', { 'Sec-WebSocket-Version': '255' }],
  ['§4.1 subprotocols that are no tokens', 400, 'ERR_SUBPROTOCOL', { 'Sec-WebSocket-Protocol': 'a b' }],
  ['§4.1 a subprotocol with a separator', 400, 'ERR_SUBPROTOCOL', { 'Sec-WebSocket-Protocol': 'http://a' }],
  ['§4.1 a subprotocol twice', 400, 'ERR_SUBPROTOCOL', { 'Sec-WebSocket-Protocol': 'a, b, a' }],
  [
    '§4.1 a subprotocol twice, in two fields',
    400,
    'ERR_SUBPROTOCOL',
    { 'Sec-WebSocket-Protocol': ['a', 'a'] },
  ],
  ['§4.1 an empty list of subprotocols', 400, 'ERR_SUBPROTOCOL', { 'Sec-WebSocket-Protocol': '' }],
  [
    '§9.1 an extension header that is malformed',
    400,
    'ERR_EXTENSION',
    { 'Sec-WebSocket-Extensions': 'a; b c' },
  ],
  ['§9.1 an empty extension header', 400, 'ERR_EXTENSION', { 'Sec-WebSocket-Extensions': ' , ' }],
]
for (const [sentence, status, code, changes] of refused) {
  test(`${sentence} is refused with ${status}`, () => {
    const { status: got, code: told, headers } = refusal(request(changes))
    assert.deepEqual([got, told], [status, code])
    if (status === 426) {
      assert.equal(headers['Sec-WebSocket-Version'], '13')
      assert.equal(headers['Upgrade'], 'websocket')
      assert.equal(headers['Connection'], 'Upgrade')
    }
    if (code === 'ERR_VERSION') assert.equal(headers['Sec-WebSocket-Version'], '13')
  })
}

test('§4.1 a method other than GET is refused with 405 and Allow', () => {
  for (const method of ['POST', 'HEAD', 'get', 'CONNECT']) {
    const { status, code, headers } = refusal(request({}, { method }))
    assert.deepEqual([status, code, headers], [405, 'ERR_METHOD', { Allow: 'GET' }])
  }
})

test('§4.1 HTTP/1.0 is refused', () => {
  assert.equal(refusal(request({}, { version: '1.0' })).code, 'ERR_HTTP_VERSION')
})

test('§4.1 subprotocols keep their order and case, over one field or several', () => {
  const read = readHandshakeRequest(request({ 'Sec-WebSocket-Protocol': ['Chat, v2.chat', 'soap'] }))
  assert.deepEqual(read.protocols, ['Chat', 'v2.chat', 'soap'])
})

test('§9.1 extensions may be split over several fields', () => {
  const read = readHandshakeRequest(request({ 'Sec-WebSocket-Extensions': ['a; x=1', 'b, c'] }))
  assert.deepEqual(
    read.extensions.map(({ name }) => name),
    ['a', 'b', 'c'],
  )
})

test('a request wants a WebSocket if Upgrade names it, however wrong the rest', () => {
  assert.equal(wantsWebSocket(request()), true)
  assert.equal(wantsWebSocket(request({ 'Sec-WebSocket-Key': undefined }, { method: 'POST' })), true)
  assert.equal(wantsWebSocket(request({ Upgrade: undefined })), false)
  assert.equal(wantsWebSocket(request({ Upgrade: 'h2c' })), false)
})

const overHttp2 = (fields: Record<string, string>, method = 'CONNECT'): RequestHead => ({
  method,
  target: '/chat',
  version: '2',
  headers: HeaderList.from(Object.entries({ 'sec-websocket-version': '13', ...fields })),
})

test('RFC 8441 §5 over HTTP/2 there is no key, and the answer is 200 without Accept', () => {
  const read = readHandshakeRequest(
    overHttp2({ 'sec-websocket-protocol': 'chat', 'sec-websocket-extensions': 'permessage-deflate' }),
  )
  assert.equal(read.key, undefined)
  const response = composeHandshakeResponse(read, 'chat', defaultCompression, [], sha1)
  assert.equal(response.status, 200)
  assert.deepEqual(
    response.headers.map(([name]) => name),
    ['Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions'],
  )
})

test('RFC 8441 §5 over HTTP/2 a client that sends a key all the same gets the answer to it', () => {
  const answer = (sent: string): string[] => {
    const read = readHandshakeRequest(overHttp2({ 'sec-websocket-key': sent }))
    const { status, headers } = composeHandshakeResponse(read, '', undefined, [], sha1)
    assert.equal(status, 200)
    return headers.map((field) => field.join(': '))
  }
  assert.deepEqual(answer(key), ['Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='])
  assert.deepEqual(answer('no key'), [])
})

test('RFC 8441 §5 over HTTP/2 the version counts as ever', () => {
  assert.equal(refusal(overHttp2({ 'sec-websocket-version': '8' })).status, 426)
})

test('RFC 8441 §4 over HTTP/2 a method other than CONNECT is refused', () => {
  assert.deepEqual(refusal(overHttp2({}, 'GET')), { status: 405, code: 'ERR_METHOD', headers: {} })
})

test('§1.2 the request of the standard is read', () => {
  const read = readHandshakeRequest(
    parseRequestHead(
      [
        'GET /chat HTTP/1.1',
        'Host: server.example.com',
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Origin: http://example.com',
        'Sec-WebSocket-Protocol: chat, superchat',
        'Sec-WebSocket-Version: 13',
        '',
        '',
      ].join('\r\n'),
    ),
  )
  assert.deepEqual(read, {
    status: 101,
    key,
    protocols: ['chat', 'superchat'],
    extensions: [],
  })
})
