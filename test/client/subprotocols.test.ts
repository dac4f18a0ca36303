import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket, WebSocketStream } from '../../src/index.ts'
import { ByteServer } from './byte-server.ts'
import { failureOf, next } from './story.ts'

const isSyntaxError = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'SyntaxError'

for (const protocols of [
  [''],
  ['a', 'a'],
  ['echo', 'eCho'],
  ['a b'],
  ['a,b'],
  ['/echo'],
  ['a\u0000b'],
  ['a\u007fb'],
  ['\u0080echo'],
  ['ok', 'ünique'],
]) {
  test(`subprotocols ${JSON.stringify(protocols)} are refused with a SyntaxError`, () => {
    assert.throws(() => new WebSocket('ws://localhost/', protocols), isSyntaxError)
    assert.throws(() => new WebSocketStream('ws://localhost/', { protocols }), isSyntaxError)
  })
}

test('a single string is one subprotocol, also an empty one, which is refused', () => {
  assert.throws(() => new WebSocket('ws://localhost/', ''), isSyntaxError)
})

test('whatever is no sequence becomes a string: null is a subprotocol', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url, null as unknown as string)
  const { request } = await server.request()
  assert.equal(request.headers['sec-websocket-protocol'], 'null')
  socket.close()
  await failureOf(socket)
})

test('subprotocols may come from anything that can be iterated over', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url, new Set(['a', 'b']) as unknown as string[])
  const { request } = await server.request()
  assert.equal(request.headers['sec-websocket-protocol'], 'a, b')
  socket.close()
  await failureOf(socket)
})

test('protocol is empty until the connection is open, then what the server chose', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url, ['a', 'b'])
  assert.equal(socket.protocol, '')
  const opened = next(socket, 'open')
  const peer = await server.accept({ headers: { 'Sec-WebSocket-Protocol': 'b' } })
  await opened
  assert.equal(socket.protocol, 'b')
  socket.close()
  await Promise.all([peer.finish(), next(socket, 'close')])
  assert.equal(socket.protocol, 'b')
})

for (const [what, protocols, chosen] of [
  ['one that was not offered', ['a'], 'b'],
  ['one in another case than offered', ['chat'], 'Chat'],
  ['one though none was offered', [], 'a'],
  ['none though some were offered', ['a'], undefined],
  ['several', ['a', 'b'], 'a, b'],
] as const) {
  test(`RFC 6455 §4.1: a server that chooses ${what} fails the connection`, async () => {
    await using server = await ByteServer.listen()
    const socket = new WebSocket(server.url, protocols)
    const failure = failureOf(socket)
    const peer = await server.accept({ headers: { 'Sec-WebSocket-Protocol': chosen } })
    const { error } = await failure
    assert.equal(error.code, 'ERR_SUBPROTOCOL')
    assert.equal(error.status, 101)
    await peer.over
  })
}
