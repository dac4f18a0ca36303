import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from '../../src/index.ts'
import { ByteServer } from './byte-server.ts'
import { failureOf, next } from './story.ts'

test('readyState goes from 0 over 1 and 2 to 3 when the client closes', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const states = [socket.readyState]
  for (const type of ['open', 'close'] as const)
    socket.addEventListener(type, () => states.push(socket.readyState))
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  const closed = next(socket, 'close')
  socket.close()
  states.push(socket.readyState)
  await Promise.all([peer.finish(), closed])
  assert.deepEqual(states, [0, 1, 2, 3])
})

test('readyState is 2 as soon as the close frame of the server has come', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const closed = next(socket, 'close')
  const peer = await server.accept()
  await opened
  peer.close(1000)
  await peer.closeFrame()
  assert.equal(socket.readyState, WebSocket.CLOSING)
  peer.stream.end()
  await closed
  assert.equal(socket.readyState, WebSocket.CLOSED)
})

test('readyState is 3 in the error event of a connection that failed', async () => {
  const socket = new WebSocket('ws://localhost/', { dial: () => Promise.reject(new Error('no way')) })
  socket.onerror = () => assert.equal(socket.readyState, WebSocket.CLOSED)
  await failureOf(socket)
})

test('readyState is 2 from close() while connecting until the close event', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  await server.request()
  assert.equal(socket.readyState, WebSocket.CONNECTING)
  const failure = failureOf(socket)
  socket.close()
  assert.equal(socket.readyState, WebSocket.CLOSING)
  assert.equal((await failure).error.code, 'ERR_CLOSED')
  assert.equal(socket.readyState, WebSocket.CLOSED)
})

test('attributes without setter keep their value when something is assigned', async () => {
  const socket = new WebSocket('ws://localhost/')
  for (const name of ['url', 'readyState', 'bufferedAmount', 'extensions', 'protocol'] as const) {
    const before = socket[name]
    assert.equal(Reflect.set(socket, name, 5), false)
    assert.equal(socket[name], before)
  }
  socket.close()
  await failureOf(socket)
})
