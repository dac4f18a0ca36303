import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { WebSocket, WebSocketStream } from '../../src/index.ts'
import { ByteServer } from './byte-server.ts'
import { failureOf, next, storyOf } from './story.ts'

test('signal aborted before: the socket fails without dialing', async () => {
  let dialed = false
  const dial = (): never => {
    dialed = true
    throw new Error('dialed')
  }
  const reason = new Error('changed my mind')
  const { error } = await failureOf(
    new WebSocket('ws://localhost/', [], { signal: AbortSignal.abort(reason), dial }),
  )
  assert.equal(error.code, 'ERR_CLOSED')
  assert.equal(error.cause, reason)
  const stream = new WebSocketStream('ws://localhost/', { signal: AbortSignal.abort(reason), dial })
  await assert.rejects(stream.opened, reason)
  await assert.rejects(stream.closed, reason)
  assert.equal(dialed, false)
})

test('signal aborted during the handshake: the socket fails and the server sees the end', async () => {
  await using server = await ByteServer.listen()
  const controller = new AbortController()
  const socket = new WebSocket(server.url, [], { signal: controller.signal })
  const story = storyOf(socket)
  const peer = await server.request()
  controller.abort()
  assert.equal(socket.readyState, WebSocket.CLOSING)
  assert.deepEqual(await story, ['error ERR_CLOSED', 'close 1006 unclean'])
  await peer.over
})

test('signal aborted during the handshake of a stream: both promises reject with its reason', async () => {
  await using server = await ByteServer.listen()
  const controller = new AbortController()
  const stream = new WebSocketStream(server.url, { signal: controller.signal })
  const peer = await server.request()
  controller.abort()
  await assert.rejects(stream.opened, { name: 'AbortError' })
  await assert.rejects(stream.closed, { name: 'AbortError' })
  await peer.over
})

test('signal aborted after the connection is open does nothing, and nobody listens to it any more', async () => {
  await using server = await ByteServer.listen()
  const controller = new AbortController()
  const { signal } = controller
  const socket = new WebSocket(server.url, [], { signal })
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  const stream = new WebSocketStream(server.url, { signal })
  const other = await server.accept()
  const { writable } = await stream.opened
  assert.equal(getEventListeners(signal, 'abort').length, 0)
  controller.abort()
  socket.send('still')
  assert.equal(await peer.text(), 'still')
  await writable.getWriter().write('here')
  assert.equal(await other.text(), 'here')
  const closed = next(socket, 'close')
  socket.close()
  stream.close()
  await Promise.all([peer.finish(), closed, other.finish(), stream.closed])
})

test('a handshake that fails leaves no listener on the signal', async () => {
  const { signal } = new AbortController()
  const dial = (): Promise<never> => Promise.reject(new Error('no'))
  await failureOf(new WebSocket('ws://localhost/', [], { signal, dial }))
  await assert.rejects(new WebSocketStream('ws://localhost/', { signal, dial }).closed)
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})
