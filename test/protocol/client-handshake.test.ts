import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  composeHandshakeOffer,
  composeHandshakeResponse,
  defaultCompression,
  HandshakeError,
  type HandshakeOffer,
  HeaderList,
  readHandshakeRequest,
  readHandshakeResponse,
} from '../../src/protocol/index.ts'

const sha1 = (text: string) => createHash('sha1').update(text).digest('base64')
const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const plain: HandshakeOffer = { key, protocols: [], compression: undefined }
const compressed: HandshakeOffer = {
  ...plain,
  compression: { ...defaultCompression, serverContextTakeover: true, clientContextTakeover: true },
}

const good: Record<string, string> = {
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
}

type Changes = Record<string, string | readonly string[] | undefined>

function answer(changes: Changes = {}): HeaderList {
  const fields = Object.entries({ ...good, ...changes }) as [string, string | readonly string[] | undefined][]
  return HeaderList.from(
    fields.flatMap(([name, values]) =>
      values === undefined ? [] : [values].flat().map((value): [string, string] => [name, value]),
    ),
  )
}

const read = (changes: Changes, offer: HandshakeOffer, status = 101) =>
  readHandshakeResponse(status, answer(changes), offer, sha1)

test('§4.1 the offer has Upgrade, Connection, key and version, once each', () => {
  assert.deepEqual(composeHandshakeOffer(plain), [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Version', '13'],
  ])
})

test('§4.1 the offer has the subprotocols in order of preference, and the extension', () => {
  assert.deepEqual(composeHandshakeOffer({ ...compressed, protocols: ['b', 'a'] }).slice(4), [
    ['Sec-WebSocket-Protocol', 'b, a'],
    ['Sec-WebSocket-Extensions', 'permessage-deflate; client_max_window_bits'],
  ])
})

test('RFC 8441 §5 over HTTP/2 the offer has neither Upgrade nor Connection nor key', () => {
  assert.deepEqual(composeHandshakeOffer({ ...plain, key: undefined }), [['Sec-WebSocket-Version', '13']])
})

const accepted: readonly [sentence: string, changes: Changes, offer?: Partial<HandshakeOffer>][] = [
  ['§4.1 the answer of the standard', {}],
  ['§4.1 Upgrade without regard to case', { Upgrade: 'WebSocket' }],
  ['§4.1 Connection as a list, without regard to case', { Connection: 'keep-alive, upgrade' }],
  ['§4.1 Connection in several fields', { Connection: ['keep-alive', 'Upgrade'] }],
  ['§4.1 an accept in white space', { 'Sec-WebSocket-Accept': ' s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\t' }],
  [
    '§4.1 an accept whose field has a name in other case',
    { 'Sec-WebSocket-Accept': undefined, 'SEC-WEBSOCKET-ACCEPT': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' },
  ],
  ['§4.1 one of the subprotocols offered', { 'Sec-WebSocket-Protocol': 'b' }, { protocols: ['a', 'b'] }],
  ['§9.1 the extension that was offered', { 'Sec-WebSocket-Extensions': 'permessage-deflate' }, compressed],
  ['§9.1 no extension though one was offered', {}, compressed],
]
for (const [sentence, changes, offer] of accepted) {
  test(`${sentence} is accepted`, () => {
    const agreement = read(changes, { ...plain, ...offer })
    assert.equal(agreement.protocol, changes['Sec-WebSocket-Protocol'] ?? '')
    assert.equal(agreement.extensions, changes['Sec-WebSocket-Extensions'] ?? '')
    assert.equal(agreement.compression !== undefined, changes['Sec-WebSocket-Extensions'] !== undefined)
  })
}

const refused: readonly [
  sentence: string,
  code: string,
  changes: Changes,
  offer?: Partial<HandshakeOffer>,
][] = [
  ['§4.1 an answer without Upgrade', 'ERR_UPGRADE_MISSING', { Upgrade: undefined }],
  ['§4.1 an answer that upgrades to something else', 'ERR_UPGRADE_MISSING', { Upgrade: 'h2c' }],
  [
    '§4.1 an answer whose Upgrade is more than websocket',
    'ERR_UPGRADE_MISSING',
    { Upgrade: 'websocket, h2c' },
  ],
  ['§4.1 an answer without Connection', 'ERR_CONNECTION_HEADER', { Connection: undefined }],
  ['§4.1 an answer whose Connection does not name Upgrade', 'ERR_CONNECTION_HEADER', { Connection: 'close' }],
  ['§4.1 an answer without accept', 'ERR_ACCEPT', { 'Sec-WebSocket-Accept': undefined }],
  [
    '§4.1 an accept for another key',
    'ERR_ACCEPT',
    { 'Sec-WebSocket-Accept': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' },
  ],
  ['§4.1 an accept in other case', 'ERR_ACCEPT', { 'Sec-WebSocket-Accept': 's3PPLMBiTxaQ9kYGzzhZRbK+xOo=' }],
  [
    '§4.1 two accepts',
    'ERR_ACCEPT',
    { 'Sec-WebSocket-Accept': ['s3pPLMBiTxaQ9kYGzzhZRbK+xOo=', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='] },
  ],
  ['§4.1 a subprotocol where none was offered', 'ERR_SUBPROTOCOL', { 'Sec-WebSocket-Protocol': 'a' }],
  [
    '§4.1 a subprotocol that was not offered',
    'ERR_SUBPROTOCOL',
    { 'Sec-WebSocket-Protocol': 'c' },
    { protocols: ['a', 'b'] },
  ],
  [
    '§4.1 a subprotocol in other case',
    'ERR_SUBPROTOCOL',
    { 'Sec-WebSocket-Protocol': 'A' },
    { protocols: ['a'] },
  ],
  [
    '§4.1 two subprotocols',
    'ERR_SUBPROTOCOL',
    { 'Sec-WebSocket-Protocol': 'a, b' },
    { protocols: ['a', 'b'] },
  ],
  [
    '§4.1 two fields of a subprotocol',
    'ERR_SUBPROTOCOL',
    { 'Sec-WebSocket-Protocol': ['a', 'a'] },
    { protocols: ['a'] },
  ],
  ['§4.1 an empty subprotocol', 'ERR_SUBPROTOCOL', { 'Sec-WebSocket-Protocol': '' }, { protocols: ['a'] }],
  ['WHATWG §2.2 no subprotocol though some were offered', 'ERR_SUBPROTOCOL', {}, { protocols: ['a'] }],
  [
    '§9.1 an extension where none was offered',
    'ERR_EXTENSION',
    { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
  ],
  ['§9.1 another extension', 'ERR_EXTENSION', { 'Sec-WebSocket-Extensions': 'x-other' }, compressed],
  [
    '§9.1 another extension too',
    'ERR_EXTENSION',
    { 'Sec-WebSocket-Extensions': 'permessage-deflate, x-other' },
    compressed,
  ],
  [
    '§9.1 the extension twice, in two fields',
    'ERR_EXTENSION',
    { 'Sec-WebSocket-Extensions': ['permessage-deflate', 'permessage-deflate'] },
    compressed,
  ],
  [
    '§9.1 a malformed extension',
    'ERR_EXTENSION',
    { 'Sec-WebSocket-Extensions': 'permessage-deflate;' },
    compressed,
  ],
  [
    'RFC 7692 §7.1 a parameter out of range',
    'ERR_EXTENSION',
    { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=7' },
    compressed,
  ],
]
for (const [sentence, code, changes, offer] of refused) {
  test(`${sentence} is refused`, () => {
    assert.throws(
      () => read(changes, { ...plain, ...offer }),
      (error) => {
        assert.ok(error instanceof HandshakeError)
        assert.equal(error.code, code)
        assert.equal(error.status, 101)
        assert.deepEqual(error.headers, [...answer(changes)])
        assert.ok(error.message.includes(error.section ?? '?'))
        return true
      },
    )
  })
}

test('§4.1 any status but 101 is refused', () => {
  for (const status of [100, 102, 200, 302, 401, 404, 426, 500]) {
    assert.throws(() => read({}, plain, status), { code: 'ERR_STATUS', status })
  }
})

test('RFC 8441 §5 over HTTP/2 any status of success is accepted, and no other', () => {
  const offer = { ...plain, key: undefined, protocols: ['a'] }
  const headers = HeaderList.from([['sec-websocket-protocol', 'a']])
  for (const status of [200, 204, 299]) {
    assert.equal(readHandshakeResponse(status, headers, offer, sha1).protocol, 'a')
  }
  for (const status of [101, 199, 300, 403]) {
    assert.throws(() => readHandshakeResponse(status, headers, offer, sha1), { code: 'ERR_STATUS', status })
  }
})

test('client and server of this package accept each other, whatever they wish', () => {
  const tokens = fc.uniqueArray(
    fc.string({ unit: fc.constantFrom(...'abcXYZ0.-'), minLength: 1, maxLength: 5 }),
    {
      maxLength: 4,
    },
  )
  fc.assert(
    fc.property(
      tokens,
      fc.nat(4),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      (protocols, choice, http2, offers, accepts) => {
        const offer: HandshakeOffer = {
          key: http2 ? undefined : key,
          protocols,
          compression: offers ? defaultCompression : undefined,
        }
        const request = readHandshakeRequest({
          method: http2 ? 'CONNECT' : 'GET',
          target: '/',
          version: http2 ? '2' : '1.1',
          headers: HeaderList.from([['Host', 'a'], ...composeHandshakeOffer(offer)]),
        })
        const chosen = protocols[choice % protocols.length] ?? ''
        const wanted = accepts ? defaultCompression : undefined
        const response = composeHandshakeResponse(request, chosen, wanted, [['X-Other', 'x']], sha1)
        const agreement = readHandshakeResponse(
          response.status,
          HeaderList.from(response.headers),
          offer,
          sha1,
        )
        assert.equal(agreement.protocol, chosen)
        assert.deepEqual(agreement.compression, response.compression)
        assert.equal(agreement.compression !== undefined, offers && accepts)
      },
    ),
    { numRuns: 200, seed: 9 },
  )
})
