import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from '../../src/index.ts'
import { ByteServer, type Peer } from './byte-server.ts'
import { Clock } from './clock.ts'
import { failureOf, storyOf } from './story.ts'

for (const [what, act, code] of [
  ['a reset before the request was read', (peer: Peer) => peer.reset(), 'ERR_NETWORK'],
  ['the end of the connection instead of an answer', (peer: Peer) => void peer.stream.end(), 'ERR_NETWORK'],
  ['something that is not HTTP', (peer: Peer) => peer.send('hello there\r\n\r\n'), 'ERR_HTTP_MALFORMED'],
  ['bytes at random', (peer: Peer) => peer.send(Buffer.alloc(3000, 0xa5)), 'ERR_HTTP_MALFORMED'],
  [
    'a head that ends in the middle',
    (peer: Peer) => {
      peer.send('HTTP/1.1 101 Switching')
      peer.stream.end()
    },
    'ERR_NETWORK',
  ],
  [
    'a header line without colon',
    (peer: Peer) => peer.send('HTTP/1.1 101 OK\r\nUpgrade websocket\r\n\r\n'),
    'ERR_HTTP_MALFORMED',
  ],
  [
    'one endless header',
    (peer: Peer) => peer.send(`HTTP/1.1 101 OK\r\nX: ${'x'.repeat(40_000)}`),
    'ERR_HTTP_HEAD_TOO_LARGE',
  ],
  [
    'headers without end',
    (peer: Peer) => peer.send(`HTTP/1.1 101 OK\r\n${'X-Header: and another\r\n'.repeat(2_000)}`),
    'ERR_HTTP_HEAD_TOO_LARGE',
  ],
] as const) {
  test(`${what} fails the connection with ${code}: one error event, one close event`, async () => {
    await using server = await ByteServer.listen()
    const socket = new WebSocket(server.url)
    const story = storyOf(socket)
    const peer = await server.connection()
    act(peer)
    assert.deepEqual(await story, [`error ${code}`, 'close 1006 unclean'])
    await peer.over
  })
}

test('limits.maxHeaderBytes: a head just within it is read, one over it is not', async () => {
  await using server = await ByteServer.listen()
  for (const [bytes, code] of [
    [1_024, 'ERR_STATUS'],
    [4_096, 'ERR_HTTP_HEAD_TOO_LARGE'],
  ] as const) {
    const socket = new WebSocket(server.url, [], { limits: { maxHeaderBytes: 2_048 } })
    const failure = failureOf(socket)
    const peer = await server.request()
    peer.send(`HTTP/1.1 404 Not Found\r\nX: ${'x'.repeat(bytes)}\r\nContent-Length: 0\r\n\r\n`)
    assert.equal((await failure).error.code, code)
  }
})

test('a port nobody listens on: ERR_NETWORK with the system’s error as cause', async () => {
  const server = await ByteServer.listen()
  await server[Symbol.asyncDispose]()
  const { error, message } = await failureOf(new WebSocket(server.url))
  assert.equal(error.code, 'ERR_NETWORK')
  assert.equal(error.status, undefined)
  assert.equal(error.cause.code, 'ECONNREFUSED')
  assert.match(message, /ECONNREFUSED/)
})

test('a name that does not exist: ERR_NETWORK', async () => {
  const { error } = await failureOf(new WebSocket('ws://does-not-exist.invalid/'))
  assert.equal(error.code, 'ERR_NETWORK')
})

test('handshakeTimeoutMs: a server that says nothing is given up after it, not before', async () => {
  await using server = await ByteServer.listen()
  const clock = new Clock()
  const opening = clock.open(server.url, { handshakeTimeoutMs: 5_000 })
  const outcome = opening.opened.then(
    () => 'opened',
    (error) => error.code,
  )
  const peer = await server.request()
  clock.advance(4_999)
  peer.send('HTTP/1.1 101 Switching Protocols\r\n')
  clock.advance(500)
  assert.equal(await outcome, 'ERR_HANDSHAKE_TIMEOUT')
  await peer.over
  assert.equal(clock.waiting, 0)
})

test('handshakeTimeoutMs: headers that trickle in do not extend it', async () => {
  await using server = await ByteServer.listen()
  const clock = new Clock()
  const opening = clock.open(server.url)
  const outcome = opening.opened.then(
    () => 'opened',
    (error) => error.code,
  )
  const peer = await server.request()
  for (let second = 0; second < 10; second++) {
    peer.send('X')
    clock.advance(1_000)
  }
  clock.advance(250)
  assert.equal(await outcome, 'ERR_HANDSHAKE_TIMEOUT')
  await peer.over
})

test('handshakeTimeoutMs: the body of a refusal is not waited for longer, but its status is told', async () => {
  await using server = await ByteServer.listen()
  const clock = new Clock()
  const opening = clock.open(server.url)
  const refused = opening.opened.then(
    () => assert.fail('opened'),
    (error) => error,
  )
  const peer = await server.request()
  peer.send('HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nhalf')
  // Waits until the answer was read: only then does the time run out.
  const { createConnection } = await import('node:net')
  await new Promise<void>((resolve) => {
    const other = createConnection(server.port, 'localhost', () => other.destroy())
    other.on('close', () => setImmediate(resolve))
  })
  clock.advance(10_250)
  const error = await refused
  assert.equal(error.code === 'ERR_STATUS' ? error.status : error.code, 503)
  await peer.over
})

test('a handshake that succeeds leaves no timer behind', async () => {
  await using server = await ByteServer.listen()
  const clock = new Clock()
  const opening = clock.open(server.url)
  const [opened] = await Promise.all([opening.opened, server.accept()])
  assert.equal(clock.waiting, 0)
  opened.discard()
})

test('many failures at once are told one by one', async () => {
  const server = await ByteServer.listen()
  await server[Symbol.asyncDispose]()
  const stories = await Promise.all(Array.from({ length: 50 }, () => storyOf(new WebSocket(server.url))))
  for (const story of stories) assert.deepEqual(story, ['error ERR_NETWORK', 'close 1006 unclean'])
})
