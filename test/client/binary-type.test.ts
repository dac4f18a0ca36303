import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { WebSocket } from '../../src/index.ts'
import { BINARY, binary, CONTINUATION, frame } from '../wire/frames.ts'
import { ByteServer, type Peer } from './byte-server.ts'
import { next } from './story.ts'

let server: ByteServer
let socket: WebSocket
let peer: Peer
const plain = { mask: false } as const

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

async function receive(...frames: Buffer[]): Promise<unknown> {
  const message = next(socket, 'message')
  peer.send(Buffer.concat(frames))
  return (await message).data
}

test("binaryType is 'blob' at first", () => {
  assert.equal(socket.binaryType, 'blob')
})

test('binaryType ignores whatever is not of the two', () => {
  for (const value of ['Blob', 'nodebuffer', '', null, undefined, 5]) {
    socket.binaryType = value as 'blob'
    assert.equal(socket.binaryType, 'blob')
  }
})

test("as 'blob' a binary message comes as a Blob without type", async () => {
  socket.binaryType = 'blob'
  const data = (await receive(binary(Buffer.of(1, 2, 3), plain))) as Blob
  assert.ok(data instanceof Blob)
  assert.equal(data.type, '')
  assert.deepEqual([...new Uint8Array(await data.arrayBuffer())], [1, 2, 3])
})

const large = Buffer.alloc(100_000, 7)
for (const [what, expected, frames] of [
  ['a short message', Buffer.of(1, 2, 3), [binary(Buffer.of(1, 2, 3), plain)]],
  ['an empty message', Buffer.alloc(0), [binary(Buffer.alloc(0), plain)]],
  ['a long message', large, [binary(large, plain)]],
  [
    'a message in fragments',
    Buffer.of(1, 2, 3),
    [frame(BINARY, Buffer.of(1), { ...plain, fin: false }), frame(CONTINUATION, Buffer.of(2, 3), plain)],
  ],
] as const) {
  test(`as 'arraybuffer' ${what} comes as an ArrayBuffer of just its size`, async () => {
    socket.binaryType = 'arraybuffer'
    const data = (await receive(...frames)) as ArrayBuffer
    assert.ok(data instanceof ArrayBuffer)
    assert.deepEqual(Buffer.from(data), expected)
  })
}

test('an ArrayBuffer is the receiver’s own: later messages do not change it', async () => {
  socket.binaryType = 'arraybuffer'
  const first = (await receive(binary(Buffer.of(1), plain))) as ArrayBuffer
  await receive(binary(Buffer.of(2), plain))
  assert.equal(new Uint8Array(first)[0], 1)
})

test('binaryType counts at the moment of the event, not of the arrival', async () => {
  socket.binaryType = 'blob'
  const seen: unknown[] = []
  const all = new Promise<void>((resolve) => {
    socket.onmessage = ({ data }) => {
      seen.push(data instanceof Blob ? 'blob' : data instanceof ArrayBuffer ? 'arraybuffer' : data)
      socket.binaryType = 'arraybuffer'
      if (seen.length === 3) resolve()
    }
  })
  peer.send(Buffer.concat([1, 2, 3].map((byte) => binary(Buffer.of(byte), plain))))
  await all
  socket.onmessage = null
  assert.deepEqual(seen, ['blob', 'arraybuffer', 'arraybuffer'])
})
