import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frame, TEXT } from '../wire/frames.ts'
import { Inbox } from '../wire/inbox.ts'
import { testEach } from '../wire/listeners.ts'
import { acceptOf, handshake, RawPeer, sampleKey } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

testEach('§4.2.2 the server accepts a valid opening handshake with the key it proves', async (options) => {
  await using server = await served({ ...options, message: () => {} })
  const peer = await RawPeer.open(server)
  assert.equal(peer.answer.line, 'HTTP/1.1 101 Switching Protocols')
  assert.deepEqual(peer.answer.headers, {
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-accept': acceptOf(sampleKey),
  })
})

testEach('admit sees the request as it was sent', async (options) => {
  const requests = new Inbox<object>()
  await using server = await served({
    ...options,
    origins: 'any',
    admit(request) {
      const { url, target, path, params, origin, protocols, remoteAddress, secure, httpVersion } = request
      const query = [...request.query]
      const cookie = request.headers.get('cookie')
      requests.push({
        url,
        target,
        path,
        query,
        params,
        origin,
        protocols,
        remoteAddress,
        secure,
        httpVersion,
        cookie,
      })
    },
  })
  const changes = {
    Host: 'example.com:81',
    Origin: 'https://example.org',
    Cookie: ['a=1', 'b=2'],
    'Sec-WebSocket-Protocol': ['one, two', 'three'],
  }
  await RawPeer.open(server, '/a%20b/c?x=1&y=%C3%BC&x=3', changes).catch(() => {})
  const secure = server.url.startsWith('wss:')
  assert.deepEqual(await requests.next(), {
    url: `${secure ? 'wss' : 'ws'}://example.com:81/a%20b/c?x=1&y=%C3%BC&x=3`,
    target: '/a%20b/c?x=1&y=%C3%BC&x=3',
    path: '/a%20b/c',
    query: [
      ['x', '1'],
      ['y', 'ü'],
      ['x', '3'],
    ],
    params: {},
    origin: 'https://example.org',
    protocols: ['one', 'two', 'three'],
    remoteAddress: '127.0.0.1',
    secure,
    httpVersion: '1.1',
    cookie: 'a=1; b=2',
  })
})

test('a request target that is a whole URL is taken apart (RFC 9112 §3.2.2)', async () => {
  const requests = new Inbox<object>()
  await using server = await served({
    admit: ({ url, path, query }) => requests.push({ url, path, query: [...query] }) as undefined,
  })
  await RawPeer.open(server, 'http://other/deep/path?x=1', { Host: 'other' })
  assert.deepEqual(await requests.next(), {
    url: 'ws://other/deep/path?x=1',
    path: '/deep/path',
    query: [['x', '1']],
  })
})

testEach('admit gives the socket its data, typed', async (options) => {
  interface Visitor {
    name: string
    visits: number
  }
  const recorder = new Recorder<Visitor>()
  await using server = await served<Visitor>({
    ...options,
    ...recorder.handlers,
    admit: (request) => ({ data: { name: request.query.get('name') ?? '', visits: 1 } }),
  })
  await RawPeer.open(server, '/?name=Ada')
  const socket = await recorder.opened.next()
  assert.deepEqual(socket.data, { name: 'Ada', visits: 1 })
  socket.data.visits += 1
  assert.equal([...server.sockets][0]?.data.visits, 2)
})

testEach('admit may take its time', async (options) => {
  const recorder = new Recorder<number>()
  const asked = new Inbox<(data: number) => void>()
  await using server = await served<number>({
    ...options,
    ...recorder.handlers,
    admit: () => new Promise<{ data: number }>((resolve) => asked.push((data) => resolve({ data }))),
  })
  const peer = await RawPeer.connect(server)
  peer.send(handshake())
  const admit = await asked.next()
  assert.equal(server.sockets.size, 0)
  admit(7)
  assert.equal((await peer.head()).status, 101)
  assert.equal((await recorder.opened.next()).data, 7)
})

testEach('what a client sends before it is admitted is not lost', async (options) => {
  const recorder = new Recorder()
  const asked = new Inbox<() => void>()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    admit: () => new Promise<undefined>((resolve) => asked.push(() => resolve(undefined))),
  })
  const peer = await RawPeer.connect(server)
  const many = Array.from({ length: 5_000 }, (_, index) => frame(TEXT, `message ${index}`))
  peer.send(Buffer.concat([Buffer.from(handshake()), ...many.slice(0, 3)]))
  const admit = await asked.next()
  for (const one of many.slice(3, 2_000)) peer.send(one)
  await new Promise<void>((sent) => void peer.stream.write(many[2_000] as Buffer, () => sent()))
  admit()
  peer.send(...many.slice(2_001))
  assert.equal((await peer.head()).status, 101)
  assert.deepEqual(await recorder.next(), ['open'])
  for (let index = 0; index < many.length; index++) {
    assert.deepEqual(await recorder.next(), ['message', `message ${index}`])
  }
})

testEach('admit may set response headers, cookies among them', async (options) => {
  await using server = await served({
    ...options,
    admit() {
      const headers = new Headers({ 'X-Served-By': 'me' })
      headers.append('Set-Cookie', 'a=1; HttpOnly')
      headers.append('Set-Cookie', 'b=2')
      return { headers }
    },
  })
  const { answer } = await RawPeer.open(server)
  assert.equal(answer.headers['x-served-by'], 'me')
  assert.equal(answer.headers['set-cookie'], 'a=1; HttpOnly, b=2')
})

for (const name of ['Connection', 'Upgrade', 'Content-Length', 'Transfer-Encoding', 'Sec-WebSocket-Accept']) {
  test(`admit may not set ${name}: the handshake is answered with 500`, async () => {
    const recorder = new Recorder()
    await using server = await served({
      ...recorder.handlers,
      admit: () => ({ headers: [[name, 'x']] }),
    })
    const peer = await RawPeer.connect(server)
    assert.equal((await peer.ask(handshake())).status, 500)
    assert.equal((await recorder.until('error')).code, 'ERR_HANDLER')
  })
}

for (const how of ['returns', 'throws', 'resolves to', 'rejects with'] as const) {
  testEach(`admit that ${how} a Response refuses with its status, headers and body`, async (options) => {
    const recorder = new Recorder()
    const refusal = (): Response => {
      const headers = new Headers({ 'WWW-Authenticate': 'Basic', 'Content-Type': 'application/json' })
      headers.append('Set-Cookie', 'a=1')
      headers.append('Set-Cookie', 'b=2')
      return new Response('{"who":"you?"}', { status: 401, headers })
    }
    await using server = await served({
      ...options,
      ...recorder.handlers,
      admit() {
        if (how === 'returns') return refusal()
        if (how === 'resolves to') return Promise.resolve(refusal())
        if (how === 'rejects with') return Promise.reject(refusal())
        throw refusal()
      },
    })
    const peer = await RawPeer.connect(server)
    const answer = await peer.ask(handshake())
    assert.equal(answer.line, 'HTTP/1.1 401 Unauthorized')
    assert.equal(answer.headers['www-authenticate'], 'Basic')
    assert.equal(answer.headers['content-type'], 'application/json')
    assert.equal(answer.headers['set-cookie'], 'a=1, b=2')
    assert.equal(answer.headers['connection'], 'close')
    assert.equal(answer.body, '{"who":"you?"}')
    await peer.ended
    const error = await recorder.until('error')
    assert.equal(error.code, 'ERR_REFUSED')
    assert.equal((error as { status?: number }).status, 401)
    assert.equal(server.sockets.size, 0)
  })
}

test('a Response without a body refuses without one', async () => {
  await using server = await served({ admit: () => new Response(null, { status: 404 }) })
  const peer = await RawPeer.connect(server)
  const answer = await peer.ask(handshake())
  assert.deepEqual([answer.status, answer.headers['content-length'], answer.body], [404, '0', ''])
})

test('a Response that was read already refuses with its status alone', async () => {
  const used = new Response('used', { status: 403 })
  await used.text()
  await using server = await served({ admit: () => used })
  const peer = await RawPeer.connect(server)
  const answer = await peer.ask(handshake())
  assert.deepEqual([answer.status, answer.body], [403, ''])
})

for (const how of ['throws', 'rejects'] as const) {
  testEach(
    `admit that ${how} is answered with 500, told to error, and nobody else notices`,
    async (options) => {
      const recorder = new Recorder()
      const cause = new Error('no database')
      await using server = await served({
        ...options,
        ...recorder.handlers,
        admit() {
          if (how === 'rejects') return Promise.reject(cause)
          throw cause
        },
      })
      const peer = await RawPeer.connect(server)
      const answer = await peer.ask(handshake())
      assert.deepEqual([answer.status, answer.body], [500, 'Internal Server Error\n'])
      const error = await recorder.until('error')
      assert.equal(error.code, 'ERR_HANDLER')
      assert.equal(error.cause, cause)
    },
  )
}

for (const wrong of [false, true, 0, 'yes', [] as unknown, { date: 1 }]) {
  test(`admit that answers ${JSON.stringify(wrong)} admits nobody`, async () => {
    const recorder = new Recorder()
    await using server = await served({
      ...recorder.handlers,
      admit: () => wrong as undefined,
    })
    const peer = await RawPeer.connect(server)
    assert.equal((await peer.ask(handshake())).status, 500)
    assert.equal((await recorder.until('error')).code, 'ERR_HANDLER')
  })
}

test('admit may answer with any thenable', async () => {
  await using server = await served<number>({
    // biome-ignore lint/suspicious/noThenProperty: promises of other libraries are such objects
    admit: () => ({ then: (resolve: (admission: object) => void) => resolve({ data: 5 }) }) as never,
    open: (socket) => void socket.send(String(socket.data)),
  })
  const peer = await RawPeer.open(server)
  assert.equal(await peer.text(), '5')
})

testEach('admit that takes longer than limits.handshakeTimeoutMs is answered with 503', async (options) => {
  const recorder = new Recorder()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    limits: { handshakeTimeoutMs: 'tls' in options ? 700 : 1 },
    admit: () => new Promise<undefined>(() => {}),
  })
  const peer = await RawPeer.connect(server)
  const answer = await peer.ask(handshake())
  assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1'])
  assert.equal((await recorder.until('error')).code, 'ERR_HANDSHAKE_TIMEOUT')
})

testEach('a client that leaves before it is admitted becomes no socket', async (options) => {
  const recorder = new Recorder()
  const asked = new Inbox<() => void>()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    admit: () => new Promise<undefined>((resolve) => asked.push(() => resolve(undefined))),
  })
  const leaving = await RawPeer.connect(server)
  leaving.send(handshake())
  const admit = await asked.next()
  leaving.reset()
  await leaving.gone
  // By the time another one has been heard, the reset has been heard too.
  const staying = await RawPeer.connect(server)
  staying.send(handshake())
  const admitOther = await asked.next()
  admit()
  admitOther()
  assert.equal((await staying.head()).status, 101)
  staying.send(frame(TEXT, 'here'))
  assert.equal(await recorder.until('message'), 'here')
  assert.equal(server.sockets.size, 1)
})

test('open, message and close of a socket come in this order', async () => {
  const recorder = new Recorder()
  await using server = await served({ ...recorder.handlers })
  const peer = await RawPeer.open(server, '/', {}, Buffer.concat([frame(TEXT, 'at once'), frame(8)]))
  assert.deepEqual(await peer.finish(), { code: 1005, reason: '' })
  assert.deepEqual(await recorder.next(), ['open'])
  assert.deepEqual(await recorder.next(), ['message', 'at once'])
  assert.equal((await recorder.next())[0], 'close')
})
