import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from '../../src/index.ts'
import { ByteServer, type Peer } from './byte-server.ts'
import { failureOf, next } from './story.ts'

const options = { serializeHandshakes: true }

async function finish(socket: WebSocket, peer: Peer): Promise<void> {
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
}

test('RFC 6455 §4.1: on request only one handshake with a host and port is under way at a time', async () => {
  await using server = await ByteServer.listen()
  const sockets = [0, 1, 2].map((index) => new WebSocket(`${server.url}${index}`, [], options))
  const opened = sockets.map((socket) => next(socket, 'open'))
  for (const [index, socket] of sockets.entries()) {
    const peer = await server.accept()
    assert.equal(peer.request.line, `GET /${index} HTTP/1.1`)
    // Nobody else has dared to come before this one was answered.
    assert.equal(server.waiting, 0)
    await opened[index]
    await finish(socket, peer)
  }
})

test('the next one comes also when the one before has failed or was given up', async () => {
  await using server = await ByteServer.listen()
  const sockets = [0, 1, 2].map(() => new WebSocket(server.url, [], options))
  const [first, second, third] = sockets as [WebSocket, WebSocket, WebSocket]
  const failures = [failureOf(first), failureOf(second)]
  const opened = next(third, 'open')
  second.close()
  ;(await server.request()).reset()
  await Promise.all(failures)
  const peer = await server.accept()
  await opened
  assert.equal(server.waiting, 0)
  await finish(third, peer)
})

test('a socket closed while it waits for its turn does not wait any longer', async () => {
  await using server = await ByteServer.listen()
  const sockets = [0, 1, 2].map(() => new WebSocket(server.url, [], options))
  const [first, second, third] = sockets as [WebSocket, WebSocket, WebSocket]
  const slow = await server.request()
  const failure = failureOf(second)
  second.close()
  assert.equal((await failure).error.code, 'ERR_CLOSED')
  assert.equal(server.waiting, 0)
  const failures = [failureOf(first), failureOf(third)]
  slow.reset()
  ;(await server.request()).reset()
  await Promise.all(failures)
})

test('by default, and with other ports, handshakes do not wait', async () => {
  await using server = await ByteServer.listen()
  await using other = await ByteServer.listen()
  const sockets = [
    new WebSocket(server.url, [], options),
    new WebSocket(other.url, [], options),
    new WebSocket(server.url),
  ]
  await Promise.all([server.request(), other.request(), server.request()])
  await Promise.all(
    sockets.map((socket) => {
      const failure = failureOf(socket)
      socket.close()
      return failure
    }),
  )
})
