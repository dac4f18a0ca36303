import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket, WebSocketStream } from '../../src/index.ts'
import { binary, CONTINUATION, frame, PING, TEXT, text } from '../wire/frames.ts'
import { ByteServer } from './byte-server.ts'
import { failureOf } from './story.ts'

const plain = { mask: false } as const

for (const [what, bytes, code, closeCode] of [
  ['§5.1 a masked frame', text('hi'), 'ERR_MASK_UNEXPECTED', 1002],
  ['§5.2 a reserved opcode', frame(3, '', plain), 'ERR_RESERVED_OPCODE', 1002],
  ['§5.2 a reserved bit', text('hi', { ...plain, rsv1: true }), 'ERR_RESERVED_BIT', 1002],
  [
    '§5.2 a length not in its shortest form',
    text('hi', { ...plain, lengthBits: 64 }),
    'ERR_LENGTH_NOT_MINIMAL',
    1002,
  ],
  ['§5.4 a continuation of nothing', frame(CONTINUATION, 'hi', plain), 'ERR_CONTINUATION_UNEXPECTED', 1002],
  ['§5.5 a fragmented ping', frame(PING, '', { ...plain, fin: false }), 'ERR_CONTROL_FRAGMENTED', 1002],
  ['§8.1 text that is not UTF-8', frame(TEXT, Buffer.of(0xc3, 0x28), plain), 'ERR_INVALID_UTF8', 1007],
  ['§7.4 a close code that is not allowed', frame(8, Buffer.of(3, 237), plain), 'ERR_CLOSE_CODE', 1002],
  ['§5.5.1 a close frame of one byte', frame(8, 'x', plain), 'ERR_CLOSE_PAYLOAD', 1002],
  [
    '§7.4.1 too large a message',
    binary(Buffer.alloc(0), { ...plain, declared: 2 ** 31 }),
    'ERR_MESSAGE_TOO_LARGE',
    1009,
  ],
] as const) {
  test(`${what} fails the connection with ${closeCode}, and the error event says so`, async () => {
    await using server = await ByteServer.listen()
    const socket = new WebSocket(server.url)
    const failure = failureOf(socket)
    const peer = await server.accept()
    peer.send(bytes)
    assert.equal((await peer.closeFrame()).code, closeCode)
    peer.stream.end()
    const { error } = await failure
    assert.equal(error.code, code)
    assert.equal(error.closeCode, closeCode)
    assert.equal(error.side, 'remote')
  })

  test(`${what} errors both streams of a WebSocketStream with the same WebSocketError`, async () => {
    await using server = await ByteServer.listen()
    const stream = new WebSocketStream(server.url)
    const peer = await server.accept()
    const { readable, writable } = await stream.opened
    peer.send(bytes)
    assert.equal((await peer.closeFrame()).code, closeCode)
    peer.stream.end()
    const error = await stream.closed.then(
      () => assert.fail('closed'),
      (reason) => reason,
    )
    assert.equal(error.name, 'WebSocketError')
    assert.equal(error.closeCode, 1006)
    assert.equal(error.cause.code, code)
    await assert.rejects(readable.getReader().read(), error)
    await assert.rejects(writable.getWriter().ready, error)
  })
}
