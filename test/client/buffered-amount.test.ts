import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from '../../src/index.ts'
import { ByteServer, type Peer } from './byte-server.ts'
import { failureOf, next } from './story.ts'

/** Lets the event loop turn once: what was sent goes out at its end. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

async function open(server: ByteServer): Promise<{ socket: WebSocket; peer: Peer }> {
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  return { socket, peer }
}

test('bufferedAmount counts bytes of payload, of UTF-8 for text, without framing', async () => {
  await using server = await ByteServer.listen()
  const { socket, peer } = await open(server)
  assert.equal(socket.bufferedAmount, 0)
  for (const [data, total] of [
    ['abc', 3],
    ['å', 5],
    ['世', 8],
    ['🔌', 12],
    ['\ud800', 15],
    [new ArrayBuffer(10), 25],
    [new Uint16Array(4).subarray(1), 31],
    ['', 31],
  ] as const) {
    socket.send(data)
    assert.equal(socket.bufferedAmount, total)
  }
  await turn()
  assert.equal(socket.bufferedAmount, 0)
  const closed = next(socket, 'close')
  socket.close()
  for (let index = 0; index < 8; index++) await peer.frame()
  await Promise.all([peer.finish(), closed])
})

test('what is sent in a turn counts until its end, even what the system has taken at once', async () => {
  await using server = await ByteServer.listen()
  const { socket, peer } = await open(server)
  socket.send('x'.repeat(100_000))
  assert.equal(socket.bufferedAmount, 100_000)
  socket.send('y')
  await null
  assert.equal(socket.bufferedAmount, 100_001)
  await turn()
  assert.equal(socket.bufferedAmount, 0)
  const closed = next(socket, 'close')
  socket.close()
  await peer.frame()
  await peer.frame()
  await Promise.all([peer.finish(), closed])
})

test('bufferedAmount falls as a slow server reads, also while more is sent', async () => {
  await using server = await ByteServer.listen()
  const { socket, peer } = await open(server)
  peer.stream.pause()
  const size = 1 << 20
  // Until the buffers of both systems are full.
  let sent = 0
  do {
    socket.send(new Uint8Array(size))
    sent += 1
    await turn()
  } while (socket.bufferedAmount < 4 * size)
  const full = socket.bufferedAmount
  assert.equal(full % size, 0)
  peer.stream.resume()
  for (let index = 0; index < sent; index++) {
    await peer.frame()
    // Something small now and then must not keep the rest from being taken off.
    if (index % 2 === 0) socket.send('.')
  }
  for (let index = 0; index < sent; index += 2) await peer.frame()
  await turn()
  assert.equal(socket.bufferedAmount, 0)
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
})

test('bufferedAmount is never reset: what is sent after close() counts for ever', async () => {
  await using server = await ByteServer.listen()
  const { socket, peer } = await open(server)
  const closed = next(socket, 'close')
  socket.close()
  socket.send('1234')
  assert.equal(socket.bufferedAmount, 4)
  await Promise.all([peer.finish(), closed])
  assert.equal(socket.bufferedAmount, 4)
  socket.send(new ArrayBuffer(6))
  socket.send(new Blob(['12']))
  assert.equal(socket.bufferedAmount, 12)
  await turn()
  assert.equal(socket.bufferedAmount, 12)
})

test('bufferedAmount counts what is sent on a socket that never opened', async () => {
  const socket = new WebSocket('ws://localhost/', { dial: () => Promise.reject(new Error('no')) })
  await failureOf(socket)
  socket.send('å')
  socket.send(new ArrayBuffer(3))
  socket.send(new Blob(['1']))
  assert.equal(socket.bufferedAmount, 6)
})

test('bufferedAmount keeps what was lost with the connection', async () => {
  await using server = await ByteServer.listen()
  const { socket, peer } = await open(server)
  const failure = failureOf(socket)
  peer.stream.pause()
  const data = new Uint8Array(1 << 20)
  for (let index = 0; index < 16; index++) socket.send(data)
  await turn()
  const before = socket.bufferedAmount
  assert.ok(before > 0)
  peer.reset()
  await failure
  assert.equal(socket.bufferedAmount, before)
})

test('messages compressed count with their own size', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const peer = await server.accept({
    headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_no_context_takeover' },
  })
  await opened
  socket.send('x'.repeat(50_000))
  assert.equal(socket.bufferedAmount, 50_000)
  const { payload, rsv1 } = await peer.frame()
  assert.ok(rsv1 && payload.length < 1_000)
  assert.equal(socket.bufferedAmount, 0)
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
})
