import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocketStream } from '../../src/index.ts'
import { BINARY, TEXT } from '../wire/frames.ts'
import { ByteServer, type Peer } from './byte-server.ts'

async function open(server: ByteServer) {
  const stream = new WebSocketStream(server.url)
  const peer = await server.accept()
  const { readable, writable } = await stream.opened
  const writer = writable.getWriter()
  writer.closed.catch(() => {})
  return { stream, peer, readable, writer }
}

async function finish({ stream, peer }: { stream: WebSocketStream; peer: Peer }): Promise<void> {
  stream.close()
  await Promise.all([peer.finish(), stream.closed])
}

for (const [what, chunk, opcode, expected] of [
  ['a string', 'grüße', TEXT, 'grüße'],
  ['lone surrogates', 'a\ud800', TEXT, 'a\ufffd'],
  ['an empty string', '', TEXT, ''],
  ['an ArrayBuffer', Uint8Array.of(97, 98).buffer, BINARY, 'ab'],
  ['a part of a buffer', new Uint8Array(Uint8Array.of(97, 98, 99).buffer, 1, 1), BINARY, 'b'],
  ['a DataView', new DataView(Uint8Array.of(97).buffer), BINARY, 'a'],
  ['whatever else as a string', 5, TEXT, '5'],
] as const) {
  test(`write: ${what} becomes one message`, async () => {
    await using server = await ByteServer.listen()
    const opened = await open(server)
    await opened.writer.write(chunk as string)
    const frame = await opened.peer.frame()
    assert.deepEqual([frame.opcode, frame.fin, frame.payload.toString()], [opcode, true, expected])
    await finish(opened)
  })
}

const resizable = Reflect.construct(ArrayBuffer, [8, { maxByteLength: 16 }]) as ArrayBuffer
for (const [what, chunk] of [
  ['shared memory', new Uint8Array(new SharedArrayBuffer(1))],
  ['a resizable buffer', resizable],
  ['a symbol', Symbol('no')],
] as const) {
  test(`write: ${what} is refused with a TypeError`, async () => {
    await using server = await ByteServer.listen()
    const opened = await open(server)
    await assert.rejects(opened.writer.write(chunk as ArrayBuffer), TypeError)
    await finish(opened)
  })
}

test('writes wait while the server does not read, and go on when it does', async () => {
  await using server = await ByteServer.listen()
  const opened = await open(server)
  const { peer, writer } = opened
  peer.stream.pause()
  const chunk = new Uint8Array(1 << 20)
  let written = 0
  const writing = (async () => {
    for (; written < 64; written++) await writer.write(chunk)
  })()
  // As long as the operating systems take more, the count goes up.
  for (let before = -1; before !== written; ) {
    before = written
    for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(written < 64)
  peer.stream.resume()
  for (let index = 0; index < 64; index++) assert.equal((await peer.frame()).payload.length, 1 << 20)
  await writing
  await finish(opened)
})

test('writes that nobody waits for arrive in order', async () => {
  await using server = await ByteServer.listen()
  const opened = await open(server)
  for (let index = 0; index < 1_000; index++) opened.writer.write(`${index}`)
  for (let index = 0; index < 1_000; index++) assert.equal(await opened.peer.text(), `${index}`)
  await finish(opened)
})

test('closing the writable sends what was written, closes, and resolves when the server has agreed', async () => {
  await using server = await ByteServer.listen()
  const { stream, peer, writer } = await open(server)
  writer.write('last words')
  let closed = false
  const closing = writer.close().then(() => {
    closed = true
  })
  assert.equal(await peer.text(), 'last words')
  assert.equal((await peer.closeFrame()).code, 1005)
  assert.equal(closed, false)
  peer.close()
  peer.stream.end()
  await closing
  assert.deepEqual(await stream.closed, { closeCode: 1005, reason: '' })
})

test('after a clean close a write rejects with an InvalidStateError', async () => {
  await using server = await ByteServer.listen()
  const { stream, peer, writer } = await open(server)
  peer.close(1000)
  await peer.closeFrame()
  peer.stream.end()
  await stream.closed
  await assert.rejects(writer.ready, { name: 'InvalidStateError' })
  await assert.rejects(writer.write('late'), { name: 'InvalidStateError' })
})

test('a message the server closed on is lost: its write rejects, and the close is not clean', async () => {
  await using server = await ByteServer.listen()
  const { stream, peer, writer } = await open(server)
  peer.stream.pause()
  const size = 32 << 20
  const writing = writer.write(new Uint8Array(size))
  writing.catch(() => {})
  peer.close(4567, 'enough')
  // Only counts what comes: the message, and behind it the answer to the close frame.
  let left = 14 + size + 8 + 'enough'.length
  peer.stream.removeAllListeners('data')
  peer.stream.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left <= 0) peer.stream.end()
  })
  peer.stream.resume()
  const lost = await writing.then(
    () => assert.fail('written'),
    (reason) => reason,
  )
  assert.equal(lost.name, 'InvalidStateError')
  await assert.rejects(writer.write('word'), lost)
  await assert.rejects(stream.closed, { name: 'WebSocketError', closeCode: 4567, reason: 'enough' })
})
