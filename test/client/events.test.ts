import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { CloseEvent, WebSocket } from '../../src/index.ts'
import { binary, frame, PING, TEXT, text } from '../wire/frames.ts'
import { ByteServer } from './byte-server.ts'
import { next, storyOf } from './story.ts'

const plain = { mask: false } as const
const fromServer = (payload: string): Buffer => text(payload, plain)

test('open, message, error and close come in this order, each on the socket itself', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const seen: unknown[] = []
  for (const type of ['open', 'message', 'error', 'close'] as const) {
    socket.addEventListener(type, function (this: WebSocket, event: Event) {
      seen.push(event.type, this === socket && event.target === socket && event.currentTarget === socket)
      assert.equal(event.bubbles, false)
      assert.equal(event.cancelable, false)
    })
  }
  const closed = next(socket, 'close')
  const peer = await server.accept()
  peer.send(fromServer('hi'), frame(3, '', plain))
  peer.stream.end()
  assert.ok((await closed) instanceof CloseEvent)
  assert.deepEqual(seen, ['open', true, 'message', true, 'error', true, 'close', true])
})

test('a MessageEvent carries the data and the origin of the server', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(`${server.url}some/path?query`)
  const message = next(socket, 'message')
  const peer = await server.accept({ behind: fromServer('grüße') })
  const event = await message
  assert.ok(event instanceof MessageEvent)
  assert.equal(event.data, 'grüße')
  assert.equal(event.origin, `ws://localhost:${server.port}`)
  socket.close()
  await Promise.all([peer.finish(), next(socket, 'close')])
})

test('what is sent together with the acceptance arrives, after open', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const story = storyOf(socket)
  const peer = await server.accept({
    behind: Buffer.concat([fromServer('one'), fromServer('two')]),
  })
  peer.close(4000, 'bye')
  await peer.closeFrame()
  peer.stream.end()
  assert.deepEqual(await story, ['open', 'message one', 'message two', 'close 4000 bye clean'])
})

test('between two messages of one chunk everything runs that the first one set off, as between tasks', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const all = Array.from({ length: 50 }, (_, index) => fromServer(`${index}`))
  const peer = await server.accept({ behind: Buffer.concat(all) })
  await opened
  // Each is listened for only when the one before has gone through several promises.
  const heard: string[] = []
  const soon = async (value: string): Promise<string> => {
    for (let hop = 0; hop < 5; hop++) await null
    return value
  }
  while (heard.length < 50) heard.push(await soon((await next(socket, 'message')).data))
  assert.deepEqual(
    heard,
    Array.from({ length: 50 }, (_, index) => `${index}`),
  )
  socket.close()
  await Promise.all([peer.finish(), next(socket, 'close')])
})

test('what arrived before the close frame in one chunk is handed over before the close event', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const story = storyOf(socket)
  const states: number[] = []
  socket.addEventListener('message', () => states.push(socket.readyState))
  const peer = await server.accept()
  peer.send(
    Buffer.concat([
      fromServer('one'),
      binary(Buffer.of(1), plain),
      fromServer('three'),
      frame(8, Buffer.of(3, 232), plain),
    ]),
  )
  await peer.closeFrame()
  peer.stream.end()
  assert.deepEqual(await story, [
    'open',
    'message one',
    'message binary',
    'message three',
    'close 1000 clean',
  ])
  assert.deepEqual(states.slice(0, 2), [1, 1])
})

test('messages that arrive after close() was called are ignored', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const story = storyOf(socket)
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  socket.close(1000)
  await peer.closeFrame()
  peer.send(fromServer('late'), frame(PING, '', plain), frame(8, Buffer.of(3, 232), plain))
  peer.stream.end()
  assert.deepEqual(await story, ['open', 'close 1000 clean'])
})

test('a message that closes the socket is the last one, though others came with it', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const story = storyOf(socket)
  socket.onmessage = () => socket.close()
  const peer = await server.accept({ behind: Buffer.concat([fromServer('one'), fromServer('two')]) })
  await peer.finish()
  assert.deepEqual(await story, ['open', 'message one', 'close 1005 clean'])
})

test('the error event is a plain Event of the standard that also says why, and prints as the error', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const failed = next(socket, 'error')
  const peer = await server.accept()
  peer.send(frame(TEXT, 'masked', { mask: 0x01020304 }))
  peer.stream.end()
  const event = await failed
  assert.equal(Object.prototype.toString.call(event), '[object Event]')
  assert.equal(event.error.code, 'ERR_MASK_UNEXPECTED')
  assert.equal(event.error.section, 'RFC 6455 §5.1')
  assert.equal(event.message, event.error.message)
  assert.match(inspect(event), /ProtocolError/)
  await peer.closeFrame()
})
