import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isHeaderField, reasonPhrase } from '../../src/protocol/http-head.ts'
import { endOfHead, formatResponseHead, HandshakeError, parseRequestHead } from '../../src/protocol/index.ts'
import { utf8 } from './frames.ts'

const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`

test('a request is read: method, target, version, fields in order and as they are', () => {
  const { method, target, version, headers } = parseRequestHead(
    head('GET /chat?room=1 HTTP/1.1', 'Host: a', 'X-One: 1', 'x-one:2', 'X-Two:', 'X-Three: \t a b \t'),
  )
  assert.deepEqual([method, target, version], ['GET', '/chat?room=1', '1.1'])
  assert.deepEqual(
    [...headers],
    [
      ['Host', 'a'],
      ['X-One', '1'],
      ['x-one', '2'],
      ['X-Two', ''],
      ['X-Three', 'a b'],
    ],
  )
})

test('RFC 9110 §5.1 fields are found without regard to case, their values joined or one by one', () => {
  const { headers } = parseRequestHead(head('GET / HTTP/1.1', 'A: 1', 'b: 2', 'a: 3', 'ab: 4'))
  assert.equal(headers.get('a'), '1, 3')
  assert.deepEqual(headers.all('a'), ['1', '3'])
  assert.equal(headers.get('b'), '2')
  assert.equal(headers.get('c'), undefined)
  assert.deepEqual(headers.all('c'), [])
})

test('RFC 9112 §2.3 HTTP/1.0 is read, as the caller may refuse it by name', () => {
  assert.equal(parseRequestHead(head('GET / HTTP/1.0')).version, '1.0')
})

test('RFC 9112 §2.2 one empty line before the request is ignored', () => {
  assert.equal(parseRequestHead(`\r\n${head('GET / HTTP/1.1')}`).method, 'GET')
  assert.throws(() => parseRequestHead(`\r\n\r\n${head('GET / HTTP/1.1')}`), { code: 'ERR_HTTP_MALFORMED' })
})

const absolute: readonly [target: string, path: string, host: string][] = [
  ['http://example.com/chat?a=b', '/chat?a=b', 'example.com'],
  ['HTTPS://Example.com:8443', '/', 'Example.com:8443'],
  ['http://example.com?x', '/?x', 'example.com'],
  ['/http://example.com/', '/http://example.com/', 'other'],
  ['ftp://example.com/', 'ftp://example.com/', 'other'],
]
for (const [target, path, host] of absolute) {
  test(`RFC 9112 §3.2.2 the target ${target} asks for ${path} of ${host}`, () => {
    const request = parseRequestHead(head(`GET ${target} HTTP/1.1`, 'Accept: */*', 'hOST: other'))
    assert.equal(request.target, path)
    assert.equal(request.headers.get('host'), host)
    assert.equal(request.headers.get('accept'), '*/*')
  })
}

const malformed: readonly [what: string, text: string][] = [
  ['no line at all', '\r\n\r\n'],
  ['an empty request line', head('', 'Host: a')],
  ['no version', head('GET /')],
  ['two spaces', head('GET  / HTTP/1.1')],
  ['a space at the end', head('GET / HTTP/1.1 ')],
  ['a space in the target', head('GET /a b HTTP/1.1')],
  ['a tab for a space', head('GET\t/ HTTP/1.1')],
  ['no target', head('GET  HTTP/1.1')],
  ['a control character in the target', head('GET /\u0001 HTTP/1.1')],
  ['a method that is no token', head('G@T / HTTP/1.1')],
  ['no method', head(' / HTTP/1.1')],
  ['white space before the colon', head('GET / HTTP/1.1', 'Host : a')],
  ['white space before the name', head('GET / HTTP/1.1', ' Host: a')],
  ['a folded line', head('GET / HTTP/1.1', 'Host: a', '\tb')],
  ['no colon', head('GET / HTTP/1.1', 'Host')],
  ['no name', head('GET / HTTP/1.1', ': a')],
  ['a name that is no token', head('GET / HTTP/1.1', 'Ho(st: a')],
  ['an empty line in between', head('GET / HTTP/1.1', 'Host: a', '', 'X: y')],
  ['a NUL in a value', head('GET / HTTP/1.1', 'X: a\0b')],
  ['a control character in a value', head('GET / HTTP/1.1', 'X: a\u007fb')],
  ['a lone CR in a value', head('GET / HTTP/1.1', 'X: a\rb')],
  ['a lone LF in a value', head('GET / HTTP/1.1', 'X: a\nY: b')],
  ['a lone LF after the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
  ['a character above one byte', head('GET /\u0100 HTTP/1.1')],
]
for (const [what, text] of malformed) {
  test(`RFC 9112 a request with ${what} is refused with 400`, () => {
    assert.throws(
      () => parseRequestHead(text),
      (error) =>
        error instanceof HandshakeError && error.status === 400 && error.code.startsWith('ERR_HTTP_'),
    )
  })
}

test('RFC 9112 §2.3 another version of HTTP is refused with 505, no version at all with 400', () => {
  for (const [version, status] of [
    ['HTTP/2.0', 505],
    ['HTTP/0.9', 505],
    ['HTTP/1.2', 505],
    ['http/1.1', 400],
    ['HTTP/1', 400],
    ['HTTPS/1.1', 400],
  ] as const) {
    assert.throws(() => parseRequestHead(head(`GET / ${version}`)), { code: 'ERR_HTTP_VERSION', status })
  }
})

test('bytes above 0x7F pass in target and values', () => {
  const { target, headers } = parseRequestHead(head('GET /\u00ff HTTP/1.1', 'X: \u0080\u00e9'))
  assert.equal(target, '/\u00ff')
  assert.equal(headers.get('x'), '\u0080\u00e9')
})

test('the end of a head is found however the bytes come', () => {
  const lineEnds = fc.array(fc.constantFrom('\r', '\n', '\r\n', 'a', '\r\n\r'), {
    maxLength: 30,
    size: 'max',
  })
  fc.assert(
    fc.property(lineEnds, fc.boolean(), (parts, ends) => {
      const text = parts.join('') + (ends ? '\r\n\r\nbody\r\n\r\n' : '')
      const bytes = utf8(text)
      const expected = text.indexOf('\r\n\r\n') < 0 ? -1 : text.indexOf('\r\n\r\n') + 4
      assert.equal(endOfHead(bytes, 0), expected)
      let found = -1
      let from = 0
      for (let length = 0; length <= bytes.length && found < 0; length++) {
        found = endOfHead(bytes.subarray(0, length), from)
        from = length
      }
      assert.equal(found, expected)
    }),
    { numRuns: 500, seed: 10 },
  )
})

test('any text is a request or is refused with a handshake error', () => {
  const piece = fc.constantFrom(
    'GET',
    ' ',
    '/',
    'HTTP/1.1',
    '\r\n',
    ':',
    'a',
    '\t',
    '\r',
    '\n',
    'é',
    '\0',
    'http://',
    '?',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20, size: 'max' }), (pieces) => {
      try {
        const { method, target } = parseRequestHead(`${pieces.join('')}\r\n\r\n`)
        assert.ok(method.length > 0 && target.length > 0)
      } catch (error) {
        assert.ok(error instanceof HandshakeError)
      }
    }),
    { numRuns: 1000, seed: 11 },
  )
})

test('a response is written with its reason and fields', () => {
  assert.equal(
    formatResponseHead(101, [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
    ]),
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  )
  assert.equal(formatResponseHead(400, [], 'No'), 'HTTP/1.1 400 No\r\n\r\n')
})

test('every status has a reason', () => {
  assert.equal(reasonPhrase(426), 'Upgrade Required')
  assert.equal(reasonPhrase(299), 'OK')
  assert.equal(reasonPhrase(418), 'Client Error')
  assert.equal(reasonPhrase(599), 'Server Error')
})

test('RFC 9110 §5.5 a field that could end its line is not sent', () => {
  assert.equal(isHeaderField('X-A', 'b c\t\u00e9'), true)
  for (const [name, value] of [
    ['', 'b'],
    ['X A', 'b'],
    ['X-A:', 'b'],
    ['X-A', 'b\r\nX-B: c'],
    ['X-A', 'b\nX-B: c'],
    ['X-A', '\0'],
    ['X-A', '€'],
  ] as const) {
    assert.equal(isHeaderField(name, value), false)
  }
})
