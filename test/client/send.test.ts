import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { WebSocket } from '../../src/index.ts'
import { BINARY, TEXT } from '../wire/frames.ts'
import { ByteServer, type Peer } from './byte-server.ts'
import { failureOf, next } from './story.ts'

let server: ByteServer
let socket: WebSocket
let peer: Peer

before(async () => {
  server = await ByteServer.listen()
  socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  peer = await server.accept()
  await opened
})

after(async () => {
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
  await server[Symbol.asyncDispose]()
})

test('send throws an InvalidStateError while connecting, whatever is sent', async () => {
  const connecting = new WebSocket('ws://localhost/', { dial: () => new Promise(() => {}) })
  for (const data of ['text', 'a\ud800x', new ArrayBuffer(1), new Blob(['x'])]) {
    assert.throws(() => connecting.send(data), { name: 'InvalidStateError' })
  }
  connecting.close()
  await failureOf(connecting)
})

test('send needs an argument', () => {
  assert.throws(() => Reflect.apply(socket.send, socket, []), TypeError)
})

for (const [what, data, expected] of [
  ['a string', 'hello', 'hello'],
  ['an empty string', '', ''],
  ['characters of one to four bytes', 'aå世🔌', 'aå世🔌'],
  ['lone surrogates as U+FFFD', 'a\udc00xb\ud800xc\udc00\ud800x', 'a\ufffdxb\ufffdxc\ufffd\ufffdx'],
  ['null', null, 'null'],
  ['undefined', undefined, 'undefined'],
  ['a number', 1, '1'],
  ['an object', {}, '[object Object]'],
  ['an array', [1, [2]], '1,2'],
  ['an object with a string of its own', { toString: () => 'mine' }, 'mine'],
  ['65 535 bytes', 'x'.repeat(65_535), 'x'.repeat(65_535)],
  ['65 536 bytes', 'x'.repeat(65_536), 'x'.repeat(65_536)],
] as const) {
  test(`send: ${what} is sent as text`, async () => {
    assert.equal(socket.send(data as string), undefined)
    const frame = await peer.frame()
    assert.deepEqual([frame.opcode, frame.fin, frame.masked, frame.rsv1], [TEXT, true, true, false])
    assert.equal(frame.payload.toString(), expected)
  })
}

const bytes = Uint8Array.from({ length: 16 }, (_, index) => index + 1)
for (const [what, data, expected] of [
  ['an ArrayBuffer', bytes.buffer, bytes],
  ['an empty ArrayBuffer', new ArrayBuffer(0), []],
  ['a Uint8Array', bytes, bytes],
  ['a part of a buffer', new Uint8Array(bytes.buffer, 2, 3), [3, 4, 5]],
  ['a Uint16Array with offset and length', new Uint16Array(bytes.buffer, 2, 2), [3, 4, 5, 6]],
  ['a Float64Array', new Float64Array(bytes.buffer, 8), bytes.subarray(8)],
  ['a BigInt64Array', new BigInt64Array(bytes.buffer, 0, 1), bytes.subarray(0, 8)],
  ['a DataView', new DataView(bytes.buffer, 15), [16]],
  ['a Buffer', Buffer.from('abc'), [97, 98, 99]],
  ['a Blob', new Blob([bytes, 'a']), [...bytes, 97]],
  ['an empty Blob', new Blob([]), []],
  ['a File', new File([bytes], 'name'), bytes],
] as const) {
  test(`send: ${what} is sent as binary`, async () => {
    socket.send(data)
    const frame = await peer.frame()
    assert.deepEqual([frame.opcode, frame.fin, frame.masked], [BINARY, true, true])
    assert.deepEqual([...frame.payload], [...expected])
  })
}

test('send copies: bytes may be changed as soon as it has returned', async () => {
  const data = Uint8Array.of(1, 2, 3)
  socket.send(data)
  data.fill(0)
  assert.deepEqual([...(await peer.frame()).payload], [1, 2, 3])
})

test('send: a detached buffer is empty', async () => {
  const buffer = new ArrayBuffer(8)
  const view = new Uint8Array(buffer)
  structuredClone(buffer, { transfer: [buffer] })
  socket.send(buffer)
  socket.send(view)
  assert.equal((await peer.frame()).payload.length, 0)
  assert.equal((await peer.frame()).payload.length, 0)
})

const resizable = Reflect.construct(ArrayBuffer, [8, { maxByteLength: 16 }]) as ArrayBuffer
for (const [what, data] of [
  ['a SharedArrayBuffer', new SharedArrayBuffer(8)],
  ['a view of a SharedArrayBuffer', new Uint8Array(new SharedArrayBuffer(8))],
  ['a resizable ArrayBuffer', resizable],
  ['a view of a resizable ArrayBuffer', new Uint8Array(resizable)],
  ['a symbol', Symbol('no')],
] as const) {
  test(`send refuses ${what} with a TypeError and sends nothing`, async () => {
    const before = socket.bufferedAmount
    assert.throws(() => socket.send(data as ArrayBuffer), TypeError)
    assert.equal(socket.bufferedAmount, before)
    socket.send('next')
    assert.equal((await peer.frame()).payload.toString(), 'next')
  })
}

test('everything of one turn of the event loop goes out together and in order', async () => {
  const { reads } = peer
  for (let index = 0; index < 100; index++) socket.send(`${index}`)
  for (let index = 0; index < 100; index++) assert.equal(await peer.text(), `${index}`)
  assert.equal(peer.reads - reads, 1)
})

test('each frame is masked with a key of its own (RFC 6455 §5.3)', async () => {
  const keys = new Set<string>()
  const { bytesRead } = peer
  for (let index = 0; index < 20; index++) socket.send('')
  const raw: Buffer[] = []
  const collect = (chunk: Buffer): void => void raw.push(chunk)
  peer.stream.on('data', collect)
  for (let index = 0; index < 20; index++) await peer.frame()
  peer.stream.off('data', collect)
  assert.equal(peer.bytesRead - bytesRead, 20 * 6)
  const all = Buffer.concat(raw)
  for (let at = 0; at < all.length; at += 6) keys.add(all.toString('hex', at + 2, at + 6))
  assert.equal(keys.size, 20)
})
