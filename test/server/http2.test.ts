import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ClientHttp2Stream } from 'node:http2'
import { test } from 'node:test'
import type { Closed } from '../../src/server/index.ts'
import { certificate } from '../wire/certificate.ts'
import { BINARY, close, frame, ping, TEXT, text } from '../wire/frames.ts'
import { answerTo, openSession, openStream, request } from '../wire/http2-peer.ts'
import { Inbox } from '../wire/inbox.ts'
import { RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

const kinds = [
  { name: 'TLS', options: { tls: certificate } },
  { name: 'prior knowledge, raw handles', options: { http2: true } },
  { name: 'prior knowledge, sockets', options: { http2: true, rawHandles: false } },
] as const

function testHttp2(
  title: string,
  check: (options: (typeof kinds)[number]['options']) => Promise<void>,
): void {
  for (const { name, options } of kinds) test(`${title} (${name})`, () => check(options))
}

/** Resolves when `stream` is gone, for whatever reason. */
function closed(stream: ClientHttp2Stream): Promise<void> {
  if (stream.destroyed) return Promise.resolve()
  return new Promise((resolve) => void stream.once('close', resolve))
}

testHttp2('RFC 8441 §3 the server says that it knows the extended CONNECT', async (options) => {
  await using server = await served({ ...options, message: () => {} })
  const session = await openSession(server)
  assert.equal(session.remoteSettings.enableConnectProtocol, true)
  session.destroy()
})

testHttp2(
  'RFC 8441 §5 an extended CONNECT becomes a WebSocket, with 200 and without a key',
  async (options) => {
    const recorder = new Recorder()
    await using server = await served({
      ...options,
      ...recorder.handlers,
      compression: true,
      protocols: ['b'],
      admit: () => ({
        headers: [
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
          ['X-Own', 'yes'],
        ],
      }),
      message: (socket, data) => void socket.send(data),
    })
    const session = await openSession(server)
    const peer = await openStream(session, '/path?x=1', {
      'sec-websocket-protocol': 'a, b',
      'sec-websocket-extensions': 'permessage-deflate',
      origin: server.url.replace(/^ws/, 'http').slice(0, -1),
      cookie: 'c=3',
    })
    const { ':status': status, date: _, ...fields } = peer.answer
    assert.deepEqual(
      [status, Object.fromEntries(Object.entries(fields))],
      [
        200,
        {
          'sec-websocket-protocol': 'b',
          'sec-websocket-extensions':
            'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
          'set-cookie': ['a=1', 'b=2'],
          'x-own': 'yes',
        },
      ],
    )
    const socket = await recorder.opened.next()
    const facts = socket.request
    assert.deepEqual(
      [facts.httpVersion, facts.target, facts.url, facts.protocols, facts.remoteAddress, facts.secure],
      ['2', '/path?x=1', `${server.url}path?x=1`, ['a', 'b'], '127.0.0.1', 'tls' in options],
    )
    assert.equal(facts.headers.get('cookie'), 'c=3')
    peer.send(text('hello'), ping('p'))
    assert.equal(await peer.text(), 'hello')
    assert.equal(await peer.text(), 'p')
    peer.send(close(1000, 'bye'))
    assert.equal((await peer.closeFrame()).code, 1000)
    await peer.ended
    peer.stream.end()
    await peer.gone
    const closed = await recorder.until('close')
    assert.deepEqual([closed.code, closed.wasClean], [1000, true])
    session.close()
  },
)

testHttp2('several WebSockets share a connection, beside requests for pages', async (options) => {
  await using server = await served({
    ...options,
    message: (socket, data) => void socket.send(`${socket.request.path} ${data}`),
    fetch: async (request) => new Response(`${request.method} ${request.url} ${await request.text()}`),
  })
  const session = await openSession(server)
  const peers = await Promise.all(Array.from({ length: 20 }, (_, index) => openStream(session, `/${index}`)))
  for (let round = 0; round < 5; round++) {
    for (const peer of peers) peer.send(text(`round ${round}`))
    for (const [index, peer] of peers.entries()) assert.equal(await peer.text(), `/${index} round ${round}`)
  }
  const post = session.request({ ':method': 'POST', ':path': '/page' })
  post.end('body')
  let page = ''
  for await (const piece of post.setEncoding('utf8')) page += piece
  assert.equal(page, `POST ${server.url.replace(/^ws/, 'http')}page body`)
  assert.equal(server.sockets.size, 20)
  // One leaves, the others stay.
  peers[0]?.send(close(1000))
  await peers[0]?.closeFrame()
  peers[0]?.stream.end()
  await peers[0]?.gone
  peers[1]?.send(text('still'))
  assert.equal(await peers[1]?.text(), '/1 still')
  session.destroy()
})

testHttp2(
  'refusals over HTTP/2 have their status, headers and body, and end the stream alone',
  async (options) => {
    const recorder = new Recorder()
    await using server = await served({
      ...options,
      error: recorder.handlers.error,
      paths: {
        '/': { message: () => {} },
        '/refused': {
          admit: () =>
            new Response('{"no":1}', {
              status: 401,
              headers: { 'Content-Type': 'application/json', Connection: 'x' },
            }),
          error: recorder.handlers.error,
        },
        '/thrown': {
          admit() {
            throw new Error('no')
          },
          error: recorder.handlers.error,
        },
      },
    })
    const session = await openSession(server)
    for (const [path, changes, status, body] of [
      ['/', { 'sec-websocket-version': '8' }, 426, /./],
      ['/', { 'sec-websocket-version': undefined }, 400, /./],
      ['/', { origin: 'https://evil.example' }, 403, /./],
      ['/', { 'sec-websocket-protocol': 'a a' }, 400, /./],
      ['/other', {}, 404, /./],
      ['/refused', {}, 401, /^\{"no":1\}$/],
      ['/thrown', {}, 500, /./],
    ] as const) {
      const stream = request(session, path, changes)
      const headers = await answerTo(stream)
      assert.equal(headers[':status'], status)
      if (status === 426) assert.equal(headers['sec-websocket-version'], '13')
      if (status === 401) assert.equal(headers['content-type'], 'application/json')
      else assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
      let text = ''
      for await (const piece of stream.setEncoding('utf8')) text += piece
      assert.match(text, body)
      await closed(stream)
      assert.equal(stream.rstCode, 0)
      assert.ok((await recorder.until('error')) instanceof Error)
    }
    // The connection is as good as before.
    const peer = await openStream(session)
    peer.send(ping('x'))
    assert.equal(await peer.text(), 'x')
    session.destroy()
  },
)

testHttp2('an ordinary CONNECT and other protocols are answered with 501', async (options) => {
  await using server = await served({ ...options, message: () => {} })
  const session = await openSession(server)
  for (const fields of [
    { ':method': 'CONNECT', ':authority': 'example.com:80' },
    { ':method': 'CONNECT', ':protocol': 'connect-udp', ':path': '/' },
  ]) {
    const stream = session.request(fields, { endStream: false })
    stream.on('error', () => {})
    assert.equal((await answerTo(stream))[':status'], 501)
  }
  session.destroy()
})

testHttp2('without fetch everything else is answered with 426', async (options) => {
  await using server = await served({ ...options, message: () => {} })
  const session = await openSession(server)
  const stream = session.request({ ':path': '/' })
  const headers = await answerTo(stream)
  assert.equal(headers[':status'], 426)
  assert.equal(headers['sec-websocket-version'], '13')
  session.destroy()
})

testHttp2(
  'RFC 8441 §5 a reset of the stream at any stage is a connection lost, and nobody else notices',
  async (options) => {
    const recorder = new Recorder()
    const undecided = new Inbox<() => void>()
    await using server = await served({
      ...options,
      ...recorder.handlers,
      // A stream that is closed without an error, and not read, first ends.
      limits: { closeTimeoutMs: 1 },
      admit: ({ path }) =>
        path === '/slow'
          ? new Promise<undefined>((resolve) => undecided.push(() => resolve(undefined)))
          : undefined,
      message(socket, data) {
        if (data === 'flood me') for (let count = 0; count < 50; count++) socket.send(new Uint8Array(100_000))
        if (data === 'close me') socket.close(4000)
      },
    })
    const session = await openSession(server)
    const other = await openStream(session, '/other')
    const stages: Record<string, (stream: ClientHttp2Stream) => Promise<unknown> | unknown> = {
      'before the answer': () => {},
      'while admit decides': async (stream) => {
        const admit = await undecided.next()
        stream.close(8)
        await closed(stream)
        other.send(ping())
        await other.frame()
        admit()
      },
      'right after it': answerTo,
      'in a frame': async (stream) => {
        await answerTo(stream)
        stream.write(text('hello').subarray(0, 5))
      },
      'with output waiting': async (stream) => {
        await answerTo(stream)
        stream.write(text('flood me'))
        stream.pause()
      },
      'instead of answering the close frame': async (stream) => {
        await answerTo(stream)
        stream.write(text('close me'))
        await once(stream, 'data')
      },
    }
    for (const [stage, reach] of Object.entries(stages)) {
      for (const code of [0, 2, 8]) {
        const stream = request(session, stage.includes('admit') ? '/slow' : '/')
        await reach(stream)
        stream.close(code)
        await closed(stream)
        other.send(ping(stage))
        assert.equal(await other.text(), stage)
      }
    }
    while (server.sockets.size > 1) await new Promise(setImmediate)
    const happened = recorder.inbox.rest()
    const opened = happened.filter(([kind]) => kind === 'open').length
    const closes = happened.filter(([kind]) => kind === 'close').map(([, closed]) => closed as Closed)
    assert.equal(closes.length, opened - 1)
    for (const { code, wasClean } of closes) assert.deepEqual([code, wasClean], [1006, false])
    session.destroy()
    while (server.sockets.size > 0) await new Promise(setImmediate)
  },
)

testHttp2('a client that ends its stream without a close frame is answered with the end', async (options) => {
  const recorder = new Recorder()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    message: (socket, data) => void socket.send(data),
  })
  const session = await openSession(server)
  const peer = await openStream(session)
  peer.send(text('last'))
  peer.stream.end()
  assert.equal(await peer.text(), 'last')
  await peer.ended
  const { code, error } = await recorder.until('close')
  assert.deepEqual([code, error?.code], [1006, 'ERR_CONNECTION_LOST'])
  session.destroy()
})

testHttp2('terminate resets the stream, and the connection stays', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  const session = await openSession(server)
  const peer = await openStream(session)
  const staying = await openStream(session)
  ;(await recorder.opened.next()).terminate()
  await peer.gone
  assert.equal((await recorder.until('close')).code, 1006)
  staying.send(ping('x'))
  assert.equal(await staying.text(), 'x')
  session.destroy()
})

testHttp2('every close code passes both ways', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  const session = await openSession(server)
  for (const code of [1000, 1001, 1011, 1014, 3000, 4999]) {
    const theirs = await openStream(session)
    await recorder.opened.next()
    theirs.send(close(code, 'theirs'))
    assert.equal((await theirs.closeFrame()).code, code)
    theirs.stream.end()
    await theirs.gone
    assert.deepEqual((await recorder.until('close')).received, { code, reason: 'theirs' })
    const ours = await openStream(session)
    ;(await recorder.opened.next()).close(code, 'ours')
    assert.deepEqual(await ours.finish(), { code, reason: 'ours' })
    assert.deepEqual((await recorder.until('close')).wasClean, true)
  }
  session.destroy()
})

testHttp2('large messages pass both ways, and their flow is controlled', async (options) => {
  await using server = await served({
    ...options,
    limits: { maxMessageBytes: 20_000_000 },
    backpressure: { highWaterMarkBytes: 100_000_000 },
    message: (socket, data) => void socket.send(data),
  })
  const session = await openSession(server)
  const peer = await openStream(session)
  const large = Buffer.alloc(10_000_000, 'polyplex')
  peer.send(frame(BINARY, large), frame(TEXT, 'x'.repeat(65_536)))
  assert.ok((await peer.frame()).payload.equals(large))
  assert.equal((await peer.text()).length, 65_536)
  session.destroy()
})

testHttp2(
  'one that does not read feels the policy, and does not hold up the others of its connection',
  async (options) => {
    const recorder = new Recorder()
    await using server = await served({
      ...options,
      ...recorder.handlers,
      backpressure: { highWaterMarkBytes: 300_000, policy: 'drop' },
    })
    const session = await openSession(server)
    session.setLocalWindowSize(50_000_000)
    const frozen = await openStream(session)
    frozen.stream.pause()
    const socket = await recorder.opened.next()
    const other = await openStream(session)
    let sent = 0
    for (let turn = 0; turn < 30; turn++) {
      for (let count = 0; count < 20; count++)
        if (socket.send(new Uint8Array(50_000)) !== 'dropped') sent += 1
      await new Promise(setImmediate)
    }
    assert.equal(socket.send('x'), 'dropped')
    assert.ok(
      socket.bufferedAmount > 200_000 && socket.bufferedAmount < 2_000_000,
      `${socket.bufferedAmount}`,
    )
    other.send(ping('others'))
    assert.equal(await other.text(), 'others')
    frozen.stream.resume()
    for (let count = 0; count < sent; count++) assert.equal((await frozen.frame()).payload.length, 50_000)
    await recorder.until('drain')
    session.destroy()
  },
)

testHttp2('a paused socket makes its peer wait, and the others go on', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  const session = await openSession(server)
  const peer = await openStream(session)
  const socket = await recorder.opened.next()
  socket.pause()
  const other = await openStream(session)
  const messages = 40
  for (let count = 0; count < messages; count++) peer.send(text('x'.repeat(50_000)))
  for (let turn = 0; turn < 50; turn++) {
    other.send(ping('x'))
    await other.frame()
  }
  assert.ok((peer.stream as ClientHttp2Stream).writableLength > 1_000_000)
  assert.ok(!recorder.inbox.rest().some(([kind]) => kind === 'message'))
  socket.resume()
  for (let count = 0; count < messages; count++)
    assert.equal((await recorder.until('message')).length, 50_000)
  session.destroy()
})

testHttp2('server.close closes every WebSocket, then the connection, with GOAWAY', async (options) => {
  const server = await served({ ...options, message: () => {} })
  const session = await openSession(server)
  const goaway = once(session, 'goaway')
  const peers = await Promise.all([openStream(session), openStream(session)])
  const closed = server.close()
  for (const peer of peers) assert.deepEqual(await peer.finish(), { code: 1001, reason: '' })
  const [code] = await goaway
  assert.equal(code, 0)
  if (!session.closed) await once(session, 'close')
  await closed
})

testHttp2('a client that sends GOAWAY keeps the WebSockets that it has', async (options) => {
  await using server = await served({ ...options, message: (socket, data) => void socket.send(data) })
  const session = await openSession(server)
  const peer = await openStream(session)
  session.goaway()
  peer.send(text('still'))
  assert.equal(await peer.text(), 'still')
  session.close()
  peer.send(text('here'))
  assert.equal(await peer.text(), 'here')
  peer.send(close(1000))
  await peer.closeFrame()
  peer.stream.end()
  await once(session, 'close')
})

testHttp2('a connection lost takes all its WebSockets with it', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  const session = await openSession(server)
  await Promise.all([openStream(session), openStream(session), openStream(session)])
  session.destroy()
  for (let count = 0; count < 3; count++) assert.equal((await recorder.until('close')).code, 1006)
  assert.equal(server.sockets.size, 0)
})

testHttp2('a head beyond limits.maxHeaderBytes is refused', async (options) => {
  await using server = await served({ ...options, limits: { maxHeaderBytes: 1_000 }, message: () => {} })
  const session = await openSession(server)
  const stream = request(session, '/', { 'x-long': 'y'.repeat(2_000) })
  await closed(stream)
  assert.notEqual(stream.rstCode, 0)
  assert.equal(server.sockets.size, 0)
  await openStream(await openSession(server))
  session.destroy()
  RawPeer.destroyAll()
})

testHttp2('a session without a request is let go of after limits.handshakeTimeoutMs', async (options) => {
  const recorder = new Recorder()
  const handshakeTimeoutMs = 'tls' in options ? 700 : 300
  await using server = await served({ ...options, ...recorder.handlers, limits: { handshakeTimeoutMs } })
  const busy = await openSession(server)
  const peer = await openStream(busy)
  const idle = await openSession(server)
  if (!idle.destroyed) await once(idle, 'close')
  assert.equal((await recorder.until('error')).code, 'ERR_HANDSHAKE_TIMEOUT')
  peer.send(ping('x'))
  assert.equal(await peer.text(), 'x')
  busy.destroy()
})

test('over TLS HTTP/2 is spoken where ALPN agreed on it, and HTTP/1.1 beside it', async () => {
  await using server = await served({ tls: certificate, message: (socket, data) => void socket.send(data) })
  const first = await RawPeer.open(server)
  first.send(text('1.1'))
  assert.equal(await first.text(), '1.1')
  const withoutAlpn = await RawPeer.connect(server)
  assert.equal((await withoutAlpn.ask('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).status, 505)
  await using alone = await served({ tls: certificate, http2: false, message: () => {} })
  await assert.rejects(openSession(alone))
})
