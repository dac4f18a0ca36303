import assert from 'node:assert/strict'
import { createServer } from 'node:http2'
import { test } from 'node:test'
import { WebSocket, WebSocketStream } from '../../src/index.ts'
import { certificate } from '../wire/certificate.ts'
import { ByteServer } from './byte-server.ts'
import { Clock } from './clock.ts'
import { Http2ByteServer } from './http2-server.ts'
import { failureOf, next } from './story.ts'

const http2 = true
const tls = { ca: certificate.cert }

for (const secure of [true, false]) {
  test(`RFC 8441 §4 over ${secure ? 'TLS' : 'plain TCP'}: an extended CONNECT opens the WebSocket`, async () => {
    await using server = await Http2ByteServer.listen({ secure })
    const url = `${server.url}chat?x`
    const socket = new WebSocket(url, ['a', 'b'], { http2, tls, headers: { 'X-Mine': '1', Cookie: 'a=b' } })
    const opened = next(socket, 'open')
    const { headers, peer } = await server.accept({ 'sec-websocket-protocol': 'b' })
    await opened
    assert.equal(headers[':method'], 'CONNECT')
    assert.equal(headers[':protocol'], 'websocket')
    assert.equal(headers[':scheme'], secure ? 'https' : 'http')
    assert.equal(headers[':path'], '/chat?x')
    assert.equal(headers[':authority'], new URL(server.url).host)
    assert.equal(headers['sec-websocket-version'], '13')
    assert.equal(headers['sec-websocket-protocol'], 'a, b')
    assert.equal(headers['x-mine'], '1')
    assert.equal(headers['cookie'], 'a=b')
    // §5: what HTTP/1.1 needs for an upgrade is not sent.
    for (const name of ['upgrade', 'connection', 'host', 'sec-websocket-key'])
      assert.equal(headers[name], undefined)
    assert.equal(socket.protocol, 'b')

    socket.send('x'.repeat(300_000))
    assert.equal((await peer.frame()).payload.length, 300_000)
    const message = next(socket, 'message')
    peer.send(Buffer.of(0x81, 2, 0x68, 0x69))
    assert.equal((await message).data, 'hi')
    const closed = next(socket, 'close')
    socket.close(4000, 'bye')
    assert.deepEqual(await peer.finish(), { code: 4000, reason: 'bye' })
    const { code, reason, wasClean } = await closed
    assert.deepEqual([code, reason, wasClean], [4000, 'bye', true])
    await server.empty()
  })
}

test('sockets to the same server share one connection, which goes with the last of them', async () => {
  await using server = await Http2ByteServer.listen({ secure: true })
  const sockets = Array.from(
    { length: 5 },
    (_, index) => new WebSocket(`${server.url}${index}`, [], { http2, tls: { ...tls } }),
  )
  const opened = sockets.map((socket) => next(socket, 'open'))
  const peers = []
  for (const _ of sockets) peers.push((await server.accept()).peer)
  await Promise.all(opened)
  assert.equal(server.connections, 1)
  for (const [index, socket] of sockets.entries()) {
    assert.equal(server.sessions.size, 1)
    const closed = next(socket, 'close')
    socket.close()
    await Promise.all([peers[index]?.finish(), closed])
  }
  await server.empty()
  // The next one needs a new connection.
  const late = new WebSocket(server.url, [], { http2, tls })
  const open = next(late, 'open')
  const { peer } = await server.accept()
  await open
  assert.equal(server.connections, 2)
  const closed = next(late, 'close')
  late.close()
  await Promise.all([peer.finish(), closed])
})

test('sockets with other TLS options do not share a connection', async () => {
  await using server = await Http2ByteServer.listen({ secure: true })
  const sockets = [tls, { ...tls, servername: 'localhost' }].map(
    (own) => new WebSocket(server.url, [], { http2, tls: own }),
  )
  await Promise.all([server.request(), server.request()])
  assert.equal(server.connections, 2)
  await Promise.all(
    sockets.map((socket) => {
      const failure = failureOf(socket)
      socket.close()
      return failure
    }),
  )
  await server.empty()
})

test('RFC 8441 §3: a server that does not take extended CONNECT fails with ERR_EXTENDED_CONNECT', async () => {
  await using server = await Http2ByteServer.listen({ enableConnectProtocol: false })
  const { error } = await failureOf(new WebSocket(server.url, [], { http2 }))
  assert.equal(error.code, 'ERR_EXTENDED_CONNECT')
  assert.equal(error.section, 'RFC 8441 §3')
  await server.empty()
})

test('a refusal says why, also over HTTP/2, and the others on the connection go on', async () => {
  await using server = await Http2ByteServer.listen()
  const stays = new WebSocket(server.url, [], { http2 })
  const opened = next(stays, 'open')
  const { peer } = await server.accept()
  await opened
  const failure = failureOf(new WebSocket(`${server.url}secret`, [], { http2 }))
  const { stream } = await server.request()
  stream.respond({ ':status': 403, 'x-why': 'not you' })
  stream.end('go away')
  const { error } = await failure
  assert.deepEqual([error.code, error.status, error.body], ['ERR_STATUS', 403, 'go away'])
  assert.ok(error.headers.some(([name, value]: [string, string]) => name === 'x-why' && value === 'not you'))
  stays.send('still here')
  assert.equal(await peer.text(), 'still here')
  const closed = next(stays, 'close')
  stays.close()
  await Promise.all([peer.finish(), closed])
})

test('redirects are followed over HTTP/2', async () => {
  await using server = await Http2ByteServer.listen()
  const socket = new WebSocket(server.url, [], { http2, followRedirects: 1 })
  const opened = next(socket, 'open')
  const { stream } = await server.request()
  stream.respond({ ':status': 307, location: '/there' }, { endStream: true })
  const { headers, peer } = await server.accept()
  await opened
  assert.equal(headers[':path'], '/there')
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
})

test('a stream that is reset, before and after it opened, fails its socket alone', async () => {
  await using server = await Http2ByteServer.listen()
  const early = failureOf(new WebSocket(server.url, [], { http2 }))
  ;(await server.request()).stream.close(2)
  assert.equal((await early).error.code, 'ERR_NETWORK')

  const socket = new WebSocket(server.url, [], { http2 })
  const opened = next(socket, 'open')
  const { stream } = await server.accept()
  await opened
  const failure = failureOf(socket)
  stream.close(8)
  assert.equal((await failure).error.code, 'ERR_CONNECTION_LOST')
})

test('a connection that is lost fails all its sockets', async () => {
  await using server = await Http2ByteServer.listen()
  const sockets = [new WebSocket(server.url, [], { http2 }), new WebSocket(server.url, [], { http2 })]
  const opened = sockets.map((socket) => next(socket, 'open'))
  for (const _ of sockets) await server.accept()
  await Promise.all(opened)
  const failures = sockets.map(failureOf)
  for (const session of server.sessions) session.destroy()
  for (const failure of failures) assert.equal((await failure).error.code, 'ERR_CONNECTION_LOST')
})

test('a server that says it goes (GOAWAY) gets no further socket on that connection', async () => {
  await using server = await Http2ByteServer.listen()
  const first = new WebSocket(server.url, [], { http2 })
  const opened = next(first, 'open')
  const { peer } = await server.accept()
  await opened
  const told = next(first, 'message')
  for (const session of server.sessions) session.goaway()
  peer.send(Buffer.of(0x81, 1, 0x78))
  await told
  const second = new WebSocket(server.url, [], { http2 })
  const open = next(second, 'open')
  const other = await server.accept()
  await open
  assert.equal(server.connections, 2)
  for (const [socket, end] of [
    [first, peer],
    [second, other.peer],
  ] as const) {
    const closed = next(socket, 'close')
    socket.close()
    await Promise.all([end.finish(), closed])
  }
})

test('http2 to a server that only speaks HTTP/1.1 fails the connection', async () => {
  await using server = await ByteServer.listen()
  const failure = failureOf(new WebSocket(server.url, [], { http2 }))
  const peer = await server.connection()
  peer.send('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
  peer.stream.end()
  assert.equal((await failure).error.code, 'ERR_NETWORK')

  await using secure = await ByteServer.listen({ secure: true })
  const { error } = await failureOf(new WebSocket(secure.url, [], { http2, tls }))
  assert.equal(error.code, 'ERR_EXTENDED_CONNECT')
})

test('http2: a server without a word is given up in time', async () => {
  await using server = await ByteServer.listen()
  const clock = new Clock()
  const outcome = clock.open(server.url, { http2 }).opened.then(
    () => 'opened',
    (error) => error.code,
  )
  const peer = await server.connection()
  await peer.bytes(24)
  clock.advance(10_250)
  assert.equal(await outcome, 'ERR_HANDSHAKE_TIMEOUT')
  await peer.over
})

test('http2: close while connecting gives the stream up, and the connection when it was the last', async () => {
  await using server = await Http2ByteServer.listen()
  const socket = new WebSocket(server.url, [], { http2 })
  const { stream } = await server.request()
  const gone = new Promise((resolve) => stream.once('close', resolve))
  const failure = failureOf(socket)
  socket.close()
  assert.equal((await failure).error.code, 'ERR_CLOSED')
  await gone
  await server.empty()
})

test('a WebSocketStream over HTTP/2, and a slow reader does not hold up its neighbour', async () => {
  await using server = await Http2ByteServer.listen()
  const slow = new WebSocketStream(server.url, { http2 })
  const one = await server.accept()
  await slow.opened
  const quick = new WebSocketStream(server.url, { http2 })
  const other = await server.accept()
  const { readable } = await quick.opened
  assert.equal(server.connections, 1)
  // More than a stream's window, which nobody reads.
  const large = Buffer.alloc(1 << 20)
  one.peer.send(Buffer.concat([Buffer.of(0x82, 127, 0, 0, 0, 0, 0, 16, 0, 0), large]))
  other.peer.send(Buffer.of(0x81, 5), 'quick')
  assert.deepEqual(await readable.getReader().read(), { value: 'quick', done: false })
  for (const [stream, { peer }] of [
    [slow, one],
    [quick, other],
  ] as const) {
    stream.close()
    await Promise.all([peer.finish(), stream.closed])
  }
})

test('with a real server of Node: many sockets at once, each with its own answers', async () => {
  const server = createServer({ settings: { enableConnectProtocol: true } })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    stream.respond({ ':status': 200 })
    const path = Buffer.from(String(headers[':path']))
    stream.write(Buffer.concat([Buffer.of(0x81, path.length), path]))
    stream.on('data', () => stream.end(Buffer.of(0x88, 0)))
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as { port: number }
  const heard = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const socket = new WebSocket(`ws://localhost:${port}/${index}`, [], { http2 })
      const { data } = await next(socket, 'message')
      const closed = next(socket, 'close')
      socket.close()
      return [data, (await closed).wasClean]
    }),
  )
  assert.deepEqual(
    heard,
    Array.from({ length: 50 }, (_, index) => [`/${index}`, true]),
  )
  await new Promise<void>((resolve) => server.close(() => resolve()))
})
