import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frame, TEXT } from '../wire/frames.ts'
import { testEach } from '../wire/listeners.ts'
import { handshake, RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

interface Fault {
  what: string
  request: string
  status: number
  code: string
  headers?: Record<string, string | undefined>
}

const versions = { 'sec-websocket-version': '13' }
const upgrade = { ...versions, upgrade: 'websocket', connection: 'Upgrade' }

const faults: Fault[] = [
  // RFC 6455 §4.1, §4.2.1
  {
    what: 'POST',
    request: handshake('/', {}, 'POST'),
    status: 405,
    code: 'ERR_METHOD',
    headers: { allow: 'GET' },
  },
  {
    what: 'HEAD',
    request: handshake('/', {}, 'HEAD'),
    status: 405,
    code: 'ERR_METHOD',
    headers: { allow: 'GET' },
  },
  { what: 'HTTP/1.0', request: handshake('/', {}, 'GET', 'HTTP/1.0'), status: 400, code: 'ERR_HTTP_VERSION' },
  { what: 'no Host', request: handshake('/', { Host: undefined }), status: 400, code: 'ERR_HOST_MISSING' },
  { what: 'two Hosts', request: handshake('/', { Host: ['a', 'b'] }), status: 400, code: 'ERR_HOST_MISSING' },
  {
    what: 'no Connection',
    request: handshake('/', { Connection: undefined }),
    status: 400,
    code: 'ERR_CONNECTION_HEADER',
  },
  {
    what: 'Connection: keep-alive',
    request: handshake('/', { Connection: 'keep-alive' }),
    status: 400,
    code: 'ERR_CONNECTION_HEADER',
  },
  {
    what: 'no key',
    request: handshake('/', { 'Sec-WebSocket-Key': undefined }),
    status: 400,
    code: 'ERR_KEY',
  },
  {
    what: 'a short key',
    request: handshake('/', { 'Sec-WebSocket-Key': 'AAAA' }),
    status: 400,
    code: 'ERR_KEY',
  },
  {
    what: 'a key that is not Base64',
    request: handshake('/', { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' }),
    status: 400,
    code: 'ERR_KEY',
  },
  {
    what: 'two keys',
    request: handshake('/', {
      'Sec-WebSocket-Key': ['dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ=='],
    }),
    status: 400,
    code: 'ERR_KEY',
  },
  // §4.4
  ...['0', '8', '12', '14', '255'].map((version) => ({
    what: `version ${version}`,
    request: handshake('/', { 'Sec-WebSocket-Version': version }),
    status: 426,
    code: 'ERR_VERSION',
    headers: upgrade,
  })),
  ...[undefined, '', 'x', '13, 8', '1333', '13.0'].map((version) => ({
    what: `version ${JSON.stringify(version)}`,
    request: handshake('/', { 'Sec-WebSocket-Version': version }),
    status: 400,
    code: 'ERR_VERSION',
    headers: versions,
  })),
  {
    what: 'two versions',
    request: handshake('/', { 'Sec-WebSocket-Version': ['13', '13'] }),
    status: 400,
    code: 'ERR_VERSION',
    headers: versions,
  },
  // §4.1, subprotocols and extensions
  ...['', ',', 'a b', 'a, a', 'a;b', '"a"'].map((protocols) => ({
    what: `subprotocols ${JSON.stringify(protocols)}`,
    request: handshake('/', { 'Sec-WebSocket-Protocol': protocols }),
    status: 400,
    code: 'ERR_SUBPROTOCOL',
  })),
  ...[';', 'a; =b', 'a b', 'a; b="', '@'].map((extensions) => ({
    what: `extensions ${JSON.stringify(extensions)}`,
    request: handshake('/', { 'Sec-WebSocket-Extensions': extensions }),
    status: 400,
    code: 'ERR_EXTENSION',
  })),
  // §10.2
  {
    what: 'a page of another origin',
    request: handshake('/', { Origin: 'https://evil.example' }),
    status: 403,
    code: 'ERR_ORIGIN',
  },
  // RFC 9112
  ...[
    'GET\r\n\r\n',
    'GET /\r\n\r\n',
    'GET  / HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.1 \r\nHost: a\r\n\r\n',
    ' GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'G\u00c4T / HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /\u0007 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.1\r\nHost : a\r\n\r\n',
    'GET / HTTP/1.1\r\n: a\r\n\r\n',
    'GET / HTTP/1.1\r\nHost\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\u0000b\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n',
    '\u0016\u0003\u0001 garbage\r\n\r\n',
    `${'\u0000'.repeat(100)}\r\n\r\n`,
  ].map((request) => ({
    what: `the head ${JSON.stringify(request.slice(0, 60))}`,
    request,
    status: 400,
    code: 'ERR_HTTP_MALFORMED',
  })),
  { what: 'HTTQ/1.1', request: 'GET / HTTQ/1.1\r\nHost: a\r\n\r\n', status: 400, code: 'ERR_HTTP_VERSION' },
  { what: 'HTTP/3.0', request: 'GET / HTTP/3.0\r\nHost: a\r\n\r\n', status: 505, code: 'ERR_HTTP_VERSION' },
  { what: 'HTTP/0.9', request: 'GET / HTTP/0.9\r\nHost: a\r\n\r\n', status: 505, code: 'ERR_HTTP_VERSION' },
]

testEach(
  'every wrong handshake gets its status, its headers and a short body, and is told to error',
  async (options) => {
    const recorder = new Recorder()
    await using server = await served({ ...options, ...recorder.handlers, http2: false })
    for (const { what, request, status, code, headers = {} } of faults) {
      const peer = await RawPeer.connect(server)
      // What comes behind a refused head must not matter.
      peer.send(request, frame(TEXT, 'behind'))
      const answer = await peer.answer()
      assert.equal(answer.status, status, what)
      for (const [name, value] of Object.entries(headers)) assert.equal(answer.headers[name], value, what)
      assert.ok(answer.body.length > 0 && answer.body.length < 200, what)
      assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8', what)
      await peer.ended
      peer.stream.end()
      const [kind, error] = (await recorder.next()) as ['error', Error & { code?: string; status?: number }]
      assert.deepEqual(
        [kind, error.name, error.code, error.status],
        ['error', 'HandshakeError', code, status],
        what,
      )
    }
    assert.equal(recorder.inbox.length, 0)
    assert.equal(server.sockets.size, 0)
  },
)

testEach('any cut of a head gives the same answer', async (options) => {
  await using server = await served({ ...options, message: () => {} })
  const request = Buffer.from(handshake('/?x=1'))
  for (const size of [1, 2, 3, 7, 50]) {
    const peer = await RawPeer.connect(server)
    for (let at = 0; at < request.length; at += size) {
      await new Promise<void>((sent) => void peer.stream.write(request.subarray(at, at + size), () => sent()))
    }
    assert.equal((await peer.head()).status, 101)
    peer.stream.destroy()
  }
})

testEach('a head that does not come in limits.handshakeTimeoutMs is answered with 408', async (options) => {
  const recorder = new Recorder()
  const handshakeTimeoutMs = 'tls' in options ? 700 : 1
  await using server = await served({ ...options, ...recorder.handlers, limits: { handshakeTimeoutMs } })
  const started = performance.now()
  const peers = await Promise.all(
    ['', 'G', handshake().slice(0, -1)].map(async (start) => {
      const peer = await RawPeer.connect(server)
      peer.send(start)
      return peer
    }),
  )
  for (const peer of peers) {
    const answer = await peer.answer()
    assert.equal(answer.status, 408)
    assert.equal(answer.headers['connection'], 'close')
    await peer.ended
    peer.stream.end()
    const error = await recorder.until('error')
    assert.deepEqual([error.name, error.code], ['HandshakeError', 'ERR_HANDSHAKE_TIMEOUT'])
  }
  assert.ok(performance.now() - started >= handshakeTimeoutMs)
})

testEach('a client that trickles its head is not given more time', async (options) => {
  const handshakeTimeoutMs = 'tls' in options ? 700 : 300
  await using server = await served({ ...options, message: () => {}, limits: { handshakeTimeoutMs } })
  const peer = await RawPeer.connect(server)
  peer.send('GET / HTTP/1.1\r\n')
  const trickle = setInterval(() => peer.send('X: y\r\n'), 20)
  const answer = await peer.answer()
  clearInterval(trickle)
  assert.equal(answer.status, 408)
})

for (const [what, piece] of [
  ['one endless line', 'x'.repeat(1_000)],
  ['endless fields', `X-Field: ${'y'.repeat(100)}\r\n`],
  ['endless empty lines', '\r\n'.repeat(100)],
] as const) {
  testEach(
    `${what} instead of a head: answered with 431 as soon as limits.maxHeaderBytes is passed`,
    async (options) => {
      const recorder = new Recorder()
      await using server = await served({
        ...options,
        ...recorder.handlers,
        limits: { maxHeaderBytes: 4_096 },
      })
      const peer = await RawPeer.connect(server)
      let answered = false
      const answer = peer.answer().finally(() => {
        answered = true
      })
      peer.send(what === 'endless fields' ? 'GET / HTTP/1.1\r\n' : 'GET /')
      for (let sent = 0; !answered && sent < 100_000_000; sent += piece.length) {
        if (!peer.stream.write(piece))
          await Promise.race([new Promise((r) => peer.stream.once('drain', r)), answer])
        await new Promise(setImmediate)
      }
      const { status, body } = await answer
      assert.ok(status === 431 || (what === 'endless empty lines' && status === 400), `${status}`)
      assert.ok(body.length > 0)
      assert.match((await recorder.until('error')).code ?? '', /^ERR_HTTP_(HEAD_TOO_LARGE|MALFORMED)$/)
    },
  )
}

test('limits.maxHeaderBytes is exact', async () => {
  const request = handshake('/', { 'X-Long': 'x'.repeat(1_000) })
  for (const [room, status] of [
    [0, 101],
    [1, 101],
    [-1, 431],
  ] as const) {
    await using server = await served({
      message: () => {},
      limits: { maxHeaderBytes: request.length + room },
    })
    for (const cut of [request.length, 700]) {
      const peer = await RawPeer.connect(server)
      await new Promise<void>((sent) => void peer.stream.write(request.slice(0, cut), () => sent()))
      peer.send(request.slice(cut), frame(TEXT, 'x'.repeat(2_000)))
      assert.equal((await peer.head()).status, status)
    }
  }
})

test('§10.2 Origin must match Host unless the option origins says otherwise', async () => {
  const same = [
    ['http://localhost', 'localhost'],
    ['http://localhost:8080', 'localhost:8080'],
    ['https://example.com', 'example.com'],
    ['https://example.com', 'example.com:443'],
    ['http://example.com', 'example.com:80'],
    ['http://EXAMPLE.com', 'example.COM'],
    ['http://[::1]:99', '[::1]:99'],
    [undefined, 'localhost'],
  ] as const
  const other = [
    ['http://localhost', 'localhost:8080'],
    ['http://localhost:8081', 'localhost:8080'],
    ['https://example.com.evil', 'example.com'],
    ['https://evil', 'example.com'],
    ['https://sub.example.com', 'example.com'],
    ['https://example.com@evil', 'example.com'],
    ['null', 'localhost'],
    ['', 'localhost'],
    ['file://', 'localhost'],
    ['nonsense', 'nonsense'],
  ] as const
  const status = async (
    server: { url: string },
    origin: string | undefined,
    host: string,
  ): Promise<number> => {
    const peer = await RawPeer.connect(server)
    peer.send(handshake('/', { Host: host, Origin: origin }))
    const head = await peer.head()
    peer.stream.destroy()
    return head.status
  }
  {
    await using server = await served({ message: () => {} })
    for (const [origin, host] of same)
      assert.equal(await status(server, origin, host), 101, `${origin} at ${host}`)
    for (const [origin, host] of other)
      assert.equal(await status(server, origin, host), 403, `${origin} at ${host}`)
  }
  {
    await using server = await served({ message: () => {}, origins: 'any' })
    for (const [origin, host] of [...same, ...other]) assert.equal(await status(server, origin, host), 101)
  }
  {
    await using server = await served({
      message: () => {},
      origins: ['https://a.example', 'https://b.example:444'],
    })
    for (const [origin, expected] of [
      ['https://a.example', 101],
      ['https://b.example:444', 101],
      ['https://b.example', 403],
      ['http://a.example', 403],
      ['http://localhost', 403],
      [undefined, 101],
    ] as const) {
      assert.equal(await status(server, origin, 'localhost'), expected, origin)
    }
  }
  {
    const asked: string[] = []
    await using server = await served({
      message: () => {},
      origins(origin, request) {
        asked.push(`${origin} ${request.path}`)
        return origin.endsWith('.example')
      },
    })
    assert.equal(await status(server, 'https://a.example', 'localhost'), 101)
    assert.equal(await status(server, 'https://a.exampel', 'localhost'), 403)
    assert.deepEqual(asked, ['https://a.example /', 'https://a.exampel /'])
  }
  {
    // A promise is no answer: whoever forgot that would let everybody in.
    await using server = await served({ message: () => {}, origins: (() => Promise.resolve(false)) as never })
    assert.equal(await status(server, 'https://a.example', 'localhost'), 403)
  }
  {
    const recorder = new Recorder()
    await using server = await served({
      ...recorder.handlers,
      origins() {
        throw new Error('no list')
      },
    })
    assert.equal(await status(server, 'https://a.example', 'localhost'), 500)
    assert.equal((await recorder.until('error')).code, 'ERR_HANDLER')
  }
})

test('two Origins are none that could match', async () => {
  await using server = await served({ message: () => {} })
  const peer = await RawPeer.connect(server)
  peer.send(handshake('/', { Origin: ['http://localhost', 'http://localhost'] }))
  assert.equal((await peer.head()).status, 403)
})

test('header tokens are compared without case, in lists and over several lines (RFC 9110 §5.3)', async () => {
  await using server = await served({ message: () => {} })
  for (const changes of [
    { Upgrade: 'WebSocket' },
    { Connection: 'keep-alive, Upgrade' },
    { Connection: ['keep-alive', 'UPGRADE'] },
    { Upgrade: 'h2c, websocket' },
    { upgrade: 'websocket', Upgrade: undefined },
    { 'Sec-WebSocket-Version': ' 13 ' },
  ]) {
    await RawPeer.open(server, '/', changes)
  }
})

testEach('garbage in every size does no harm', async (options) => {
  await using server = await served({ ...options, message: (socket, data) => void socket.send(data) })
  let seed = 1
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff
    return seed
  }
  for (let round = 0; round < 60; round++) {
    const peer = await RawPeer.connect(server)
    const garbage = Buffer.from(Array.from({ length: random() % 3_000 }, () => random() >>> 8))
    peer.send(round % 2 === 0 ? garbage : Buffer.concat([Buffer.from('GET / HTTP/1.1\r\n'), garbage]))
    if (round % 3 === 0) peer.stream.end()
    else peer.reset()
  }
  const peer = await RawPeer.open(server)
  peer.send(frame(TEXT, 'alive'))
  assert.equal(await peer.text(), 'alive')
})
