import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocketStream } from '../../src/index.ts'
import { binary, frame, text } from '../wire/frames.ts'
import { ByteServer, type Peer } from './byte-server.ts'

const plain = { mask: false } as const

async function open(server: ByteServer) {
  const stream = new WebSocketStream(server.url)
  const peer = await server.accept()
  return { stream, peer, ...(await stream.opened) }
}

async function finish({ stream, peer }: { stream: WebSocketStream; peer: Peer }): Promise<void> {
  stream.close()
  await Promise.all([peer.finish(), stream.closed])
}

test('a chunk is a message: a string for text, a Uint8Array for binary', async () => {
  await using server = await ByteServer.listen()
  const opened = await open(server)
  const reader = opened.readable.getReader()
  opened.peer.send(text('grüße', plain), binary(Buffer.of(1, 2), plain), text('', plain))
  assert.deepEqual(await reader.read(), { value: 'grüße', done: false })
  const { value } = await reader.read()
  assert.ok(value instanceof Uint8Array)
  assert.equal(value.constructor, Uint8Array)
  assert.equal(value.buffer.byteLength, 2)
  assert.deepEqual([...value], [1, 2])
  assert.deepEqual(await reader.read(), { value: '', done: false })
  await finish(opened)
})

test('a readable can be iterated over, and ends when the server closes', async () => {
  await using server = await ByteServer.listen()
  const { stream, peer, readable } = await open(server)
  for (let index = 0; index < 100; index++) peer.send(text(`${index}`, plain))
  peer.close(1000, 'done')
  peer.closeFrame().then(() => peer.stream.end())
  const heard: unknown[] = []
  for await (const message of readable as unknown as AsyncIterable<unknown>) heard.push(message)
  assert.deepEqual(
    heard,
    Array.from({ length: 100 }, (_, index) => `${index}`),
  )
  assert.deepEqual(await stream.closed, { closeCode: 1000, reason: 'done' })
})

test('while nobody reads, the server has to wait; whoever reads gets everything', async () => {
  await using server = await ByteServer.listen()
  const opened = await open(server)
  const { peer, readable } = opened
  const size = 1 << 20
  const count = 32
  let gone = 0
  for (let index = 0; index < count; index++) {
    peer.stream.write(frame(2, Buffer.alloc(size, index), plain), () => {
      gone += 1
    })
  }
  // When nothing has gone for as long as it takes to send some of it over another connection, nothing goes.
  let before = -1
  while (before !== gone) {
    before = gone
    const other = await open(server)
    other.peer.send(binary(Buffer.alloc(size), plain))
    await other.readable.getReader().read()
    await finish(other)
  }
  assert.ok(gone < count, `${gone} of ${count} went though nobody read`)
  const reader = readable.getReader()
  for (let index = 0; index < count; index++) {
    const { value } = await reader.read()
    assert.ok(value instanceof Uint8Array && value.length === size && value[0] === index)
  }
  assert.equal(gone, count)
  await finish(opened)
})

test('empty messages cannot be sent without end to somebody who does not read', async () => {
  await using server = await ByteServer.listen()
  const opened = await open(server)
  const count = 20_000
  opened.peer.send(Buffer.concat(Array.from({ length: count }, () => text('', plain))))
  const reader = opened.readable.getReader()
  for (let index = 0; index < count; index++) assert.equal((await reader.read()).value, '')
  await finish(opened)
})

test('messages that nobody read are given up when the stream is closed', async () => {
  await using server = await ByteServer.listen()
  const { stream, peer, readable } = await open(server)
  peer.send(binary(Buffer.alloc(1 << 20), plain), text('unread', plain))
  const reader = readable.getReader()
  await reader.read()
  stream.close({ closeCode: 3000 })
  assert.equal((await peer.finish()).code, 3000)
  assert.deepEqual(await stream.closed, { closeCode: 3000, reason: '' })
})

test('close() does not take away what had been handed over before', async () => {
  await using server = await ByteServer.listen()
  const { stream, peer, readable } = await open(server)
  peer.send(Buffer.concat([text('one', plain), text('two', plain)]))
  const reader = readable.getReader()
  assert.equal((await reader.read()).value, 'one')
  stream.close()
  await Promise.all([peer.finish(), stream.closed])
  assert.equal((await reader.read()).value, 'two')
  assert.equal((await reader.read()).done, true)
})
