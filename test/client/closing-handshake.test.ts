import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from '../../src/index.ts'
import type { Closed } from '../../src/transport/websocket-carrier.ts'
import { frame, text } from '../wire/frames.ts'
import { ByteServer } from './byte-server.ts'
import { Clock } from './clock.ts'
import { failureOf, next, storyOf } from './story.ts'

for (const [code, reason, told] of [
  [1000, '', 'close 1000 clean'],
  [1001, 'restart', 'close 1001 restart clean'],
  [4999, 'grüße', 'close 4999 grüße clean'],
  [undefined, '', 'close 1005 clean'],
] as const) {
  test(`§7.1.5 the server closes with ${code}: the client answers in kind, then waits for the end`, async () => {
    await using server = await ByteServer.listen()
    const socket = new WebSocket(server.url)
    const story = storyOf(socket)
    const peer = await server.accept()
    peer.close(code, reason)
    assert.equal((await peer.closeFrame()).code, code ?? 1005)
    // §7.1.1: it is the server that ends the TCP connection.
    assert.equal(peer.unread.length, 0)
    peer.stream.end()
    assert.deepEqual(await story, ['open', told])
  })
}

test('both close at once: the code of the server counts', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const story = storyOf(socket)
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  socket.close(4111, 'local')
  peer.close(4222, 'remote')
  assert.deepEqual(await peer.closeFrame(), { code: 4111, reason: 'local' })
  peer.stream.end()
  assert.deepEqual(await story, ['open', 'close 4222 remote clean'])
})

test('what a server sends behind its close frame is not looked at', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const story = storyOf(socket)
  const peer = await server.accept()
  peer.close(1000)
  peer.send(text('late', { mask: false }), frame(3, 'nonsense'))
  await peer.closeFrame()
  peer.stream.end()
  assert.deepEqual(await story, ['open', 'close 1000 clean'])
})

test('a server that ends its side right behind its close frame still gets ours', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const story = storyOf(socket)
  const peer = await server.accept()
  peer.close(1000)
  peer.stream.end()
  assert.equal((await peer.closeFrame()).code, 1000)
  assert.deepEqual(await story, ['open', 'close 1000 clean'])
})

test('a server that ends the connection without close frame: 1006, not clean, and an error', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const story = storyOf(socket)
  const peer = await server.accept()
  peer.stream.end()
  assert.deepEqual(await story, ['open', 'error ERR_CONNECTION_LOST', 'close 1006 unclean'])
})

test('a reset connection: 1006, not clean, and an error with the system’s as cause', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  const failure = failureOf(socket)
  peer.reset()
  const { error } = await failure
  assert.equal(error.code, 'ERR_CONNECTION_LOST')
  assert.equal(error.cause.code, 'ECONNRESET')
})

test('a server that ends the connection instead of answering our close frame: 1006', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const story = storyOf(socket)
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  socket.close(1000)
  await peer.closeFrame()
  peer.stream.end()
  assert.deepEqual(await story, ['open', 'error ERR_CONNECTION_LOST', 'close 1006 unclean'])
})

test('limits.closeTimeoutMs: a server that never answers our close frame is cut off', async () => {
  await using server = await ByteServer.listen()
  const clock = new Clock()
  const opening = clock.open(server.url, { limits: { closeTimeoutMs: 3_000 } })
  const [opened, peer] = await Promise.all([opening.opened, server.accept()])
  const closed: Closed[] = []
  const told = new Promise<void>((resolve) => {
    const ignore = (): void => {}
    const carrier = opened.carry(undefined, {
      text: ignore,
      binary: ignore,
      fragment: ignore,
      ping: ignore,
      pong: ignore,
      drain: ignore,
      closed: (_, how) => {
        closed.push(how)
        resolve()
      },
    })
    carrier.start()
    carrier.sendClose(1000)
  })
  await peer.closeFrame()
  clock.advance(2_999)
  assert.equal(closed.length, 0)
  clock.advance(500)
  await told
  assert.equal(closed[0]?.error?.code, 'ERR_CLOSE_TIMEOUT')
  assert.equal(closed[0]?.code, 1006)
  assert.equal(clock.waiting, 0)
})
