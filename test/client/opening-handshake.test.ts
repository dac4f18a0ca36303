import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from '../../src/index.ts'
import { acceptanceOf, ByteServer } from './byte-server.ts'
import { failureOf, next } from './story.ts'

test('RFC 6455 §4.1: the request has every field a server needs, and no Origin', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(`${server.url}chat`, ['a', 'b'])
  const { request } = await server.request()
  assert.equal(request.line, 'GET /chat HTTP/1.1')
  const { 'sec-websocket-key': key, ...fields } = request.headers
  assert.equal(Buffer.from(key ?? '', 'base64').length, 16)
  assert.deepEqual(fields, {
    host: `localhost:${server.port}`,
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-version': '13',
    'sec-websocket-protocol': 'a, b',
    'sec-websocket-extensions': 'permessage-deflate; client_no_context_takeover; client_max_window_bits',
  })
  socket.close()
  await failureOf(socket)
})

test('RFC 6455 §4.1: each request has a key of its own', async () => {
  await using server = await ByteServer.listen()
  const keys = new Set<string | undefined>()
  for (let index = 0; index < 3; index++) {
    const socket = new WebSocket(server.url)
    keys.add((await server.request()).request.headers['sec-websocket-key'])
    socket.close()
    await failureOf(socket)
  }
  assert.equal(keys.size, 3)
})

test('extensions is empty without an agreement, and as the server wrote it with one', async () => {
  await using server = await ByteServer.listen()
  for (const agreed of [undefined, 'permessage-deflate; client_no_context_takeover']) {
    const socket = new WebSocket(server.url)
    assert.equal(socket.extensions, '')
    const opened = next(socket, 'open')
    const peer = await server.accept({ headers: { 'Sec-WebSocket-Extensions': agreed } })
    await opened
    assert.equal(socket.extensions, agreed ?? '')
    const closed = next(socket, 'close')
    socket.close()
    await Promise.all([peer.finish(), closed])
  }
})

for (const [what, headers, code] of [
  ['a wrong Sec-WebSocket-Accept', { 'Sec-WebSocket-Accept': 'dGhlIHNhbXBsZSBub25jZQ==' }, 'ERR_ACCEPT'],
  ['no Sec-WebSocket-Accept', { 'Sec-WebSocket-Accept': undefined }, 'ERR_ACCEPT'],
  ['no Upgrade', { Upgrade: undefined }, 'ERR_UPGRADE_MISSING'],
  ['Upgrade to something else', { Upgrade: 'h2c' }, 'ERR_UPGRADE_MISSING'],
  ['no Connection', { Connection: undefined }, 'ERR_CONNECTION_HEADER'],
  ['Connection without Upgrade', { Connection: 'keep-alive' }, 'ERR_CONNECTION_HEADER'],
  ['an extension that was not offered', { 'Sec-WebSocket-Extensions': 'x-mine' }, 'ERR_EXTENSION'],
  [
    'an extension twice',
    { 'Sec-WebSocket-Extensions': 'permessage-deflate, permessage-deflate' },
    'ERR_EXTENSION',
  ],
  [
    'an extension that cannot be read',
    { 'Sec-WebSocket-Extensions': 'permessage-deflate; =' },
    'ERR_EXTENSION',
  ],
] as const) {
  test(`RFC 6455 §4.1: an acceptance with ${what} fails the connection, with status and headers`, async () => {
    await using server = await ByteServer.listen()
    const socket = new WebSocket(server.url)
    const failure = failureOf(socket)
    const peer = await server.accept({ headers })
    const { error } = await failure
    assert.equal(error.name, 'HandshakeError')
    assert.equal(error.code, code)
    assert.equal(error.status, 101)
    assert.ok(error.headers.length > 0)
    assert.match(error.section, /^RFC 6455/)
    await peer.over
  })
}

test('field names and values are read as HTTP wants: case, lists, repeated fields', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const peer = await server.accept({
    headers: { Upgrade: 'WebSocket', Connection: undefined, CONNECTION: 'keep-alive, UPGRADE', 'X-One': '1' },
  })
  await opened
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
})

test('an acceptance may come byte by byte', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const peer = await server.request()
  for (const byte of Buffer.from(acceptanceOf(peer.request))) {
    await new Promise<void>((resolve) => peer.stream.write(Buffer.of(byte), () => resolve()))
  }
  await opened
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
})

test('a preliminary answer (100, 103) is not the answer', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const peer = await server.request()
  peer.send('HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n')
  peer.send(acceptanceOf(peer.request))
  await opened
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
})

test('an acceptance of 101 without anything of an upgrade is refused, not waited for', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const failure = failureOf(socket)
  const peer = await server.request()
  peer.send('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  assert.equal((await failure).error.code, 'ERR_UPGRADE_MISSING')
  await peer.over
})
