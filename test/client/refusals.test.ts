import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HandshakeError, WebSocket, WebSocketStream } from '../../src/index.ts'
import { ByteServer } from './byte-server.ts'
import { failureOf } from './story.ts'

test('a refusal says why: status, headers in order and as received, and the body', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const failure = failureOf(socket)
  const peer = await server.request()
  peer.send(
    'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nX-Two: 1\r\nx-two: 2\r\nContent-Length: 12\r\n\r\nwho are you?',
  )
  const { error, message } = await failure
  assert.ok(error instanceof HandshakeError)
  assert.equal(error.code, 'ERR_STATUS')
  assert.equal(error.side, 'remote')
  assert.equal(error.status, 401)
  assert.deepEqual(error.headers, [
    ['WWW-Authenticate', 'Basic'],
    ['X-Two', '1'],
    ['x-two', '2'],
    ['Content-Length', '12'],
  ])
  assert.equal(error.body, 'who are you?')
  assert.match(message, /401/)
  await peer.over
})

for (const [what, status] of [
  ['200', '200 OK'],
  ['204', '204 No Content'],
  ['304', '304 Not Modified'],
  ['400', '400 Bad Request'],
  ['426', '426 Upgrade Required'],
  ['503', '503 Service Unavailable'],
  ['999', '999 Whatever'],
] as const) {
  test(`an answer of ${what} is a refusal`, async () => {
    await using server = await ByteServer.listen()
    const socket = new WebSocket(server.url)
    const failure = failureOf(socket)
    const peer = await server.request()
    peer.send(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`)
    const { error } = await failure
    assert.equal(error.status, Number(what))
    assert.equal(error.body, '')
    await peer.over
  })
}

test('of a long body the first 4 KiB are read and the rest is left', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const failure = failureOf(socket)
  const peer = await server.request()
  peer.send(`HTTP/1.1 500 Oops\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(100_000)}`)
  assert.equal((await failure).error.body, 'x'.repeat(4_096))
  await peer.gone
})

test('a body in chunks, and one that breaks off, are told as far as they came', async () => {
  await using server = await ByteServer.listen()
  for (const rest of ['0\r\n\r\n', '']) {
    const socket = new WebSocket(server.url)
    const failure = failureOf(socket)
    const peer = await server.request()
    peer.send('HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', rest)
    if (rest === '') peer.stream.end()
    assert.equal((await failure).error.body, 'hello')
    await peer.over
  }
})

test('a body cut inside a character is still text', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const failure = failureOf(socket)
  const peer = await server.request()
  peer.send(
    Buffer.concat([
      Buffer.from('HTTP/1.1 500 Oops\r\n\r\n'),
      Buffer.from('a'.repeat(4_095)),
      Buffer.from('å'),
    ]),
  )
  peer.stream.end()
  assert.equal((await failure).error.body, `${'a'.repeat(4_095)}\ufffd`)
})

test('a WebSocketStream rejects with a WebSocketError whose cause says why', async () => {
  await using server = await ByteServer.listen()
  const stream = new WebSocketStream(server.url)
  const peer = await server.request()
  peer.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope')
  const error = await stream.opened.then(
    () => assert.fail('opened'),
    (reason) => reason,
  )
  assert.equal(error.name, 'WebSocketError')
  assert.equal(error.closeCode, 1006)
  assert.equal(error.cause.status, 403)
  assert.equal(error.cause.body, 'nope')
  await assert.rejects(stream.closed, error)
})
