import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { platform } from '../../src/client/platform.ts'
import { type ClientOptions, WebSocket } from '../../src/index.ts'
import { frame, TEXT } from '../wire/frames.ts'
import { ByteServer, type Peer } from './byte-server.ts'
import { failureOf, next } from './story.ts'

const { windows } = platform.deflate

/** A message as RFC 7692 §7.2.1 has it. */
function compressed(text: string, dictionary?: Buffer): Buffer {
  const options = { finishFlush: constants.Z_SYNC_FLUSH, ...(dictionary && { dictionary }) }
  return frame(TEXT, deflateRawSync(text, options).subarray(0, -4), { mask: false, rsv1: true })
}

async function open(
  server: ByteServer,
  agreed: string | undefined,
  options: ClientOptions = {},
): Promise<{ socket: WebSocket; peer: Peer }> {
  const socket = new WebSocket(server.url, [], options)
  const opened = next(socket, 'open')
  const peer = await server.accept({ headers: { 'Sec-WebSocket-Extensions': agreed } })
  await opened
  return { socket, peer }
}

async function finish({ socket, peer }: { socket: WebSocket; peer: Peer }): Promise<void> {
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
}

for (const [what, compression, offer] of [
  ['false', false, undefined],
  [
    'true',
    true,
    `permessage-deflate; ${windows ? '' : 'server_no_context_takeover; '}client_no_context_takeover; client_max_window_bits`,
  ],
  [
    'no takeover and small windows',
    { serverContextTakeover: false, serverMaxWindowBits: 10, clientMaxWindowBits: 9 },
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=9',
  ],
  ...(windows
    ? [
        [
          'takeover both ways',
          { clientContextTakeover: true },
          'permessage-deflate; client_max_window_bits',
        ] as const,
      ]
    : []),
] as const) {
  test(`compression ${what} offers ${offer}`, async () => {
    await using server = await ByteServer.listen()
    const socket = new WebSocket(server.url, [], { compression })
    const { request } = await server.request()
    assert.equal(request.headers['sec-websocket-extensions'], offer)
    socket.close()
    await failureOf(socket)
  })
}

test('agreed on, long messages are compressed and short ones are not', async () => {
  await using server = await ByteServer.listen()
  const open1 = await open(server, 'permessage-deflate; client_no_context_takeover', {
    compression: { thresholdBytes: 100 },
  })
  const { socket, peer } = open1
  for (const length of [99, 100, 5_000]) socket.send('x'.repeat(length))
  for (const length of [99, 100, 5_000]) {
    const { rsv1, payload } = await peer.frame()
    assert.equal(rsv1, length >= 100)
    const tail = Buffer.of(0, 0, 0xff, 0xff)
    const text = rsv1
      ? inflateRawSync(Buffer.concat([payload, tail]), { finishFlush: constants.Z_SYNC_FLUSH })
      : payload
    assert.equal(text.toString(), 'x'.repeat(length))
  }
  await finish(open1)
})

test('not agreed on, nothing is compressed, and a compressed message fails the connection', async () => {
  await using server = await ByteServer.listen()
  const { socket, peer } = await open(server, undefined)
  socket.send('x'.repeat(5_000))
  assert.equal((await peer.frame()).rsv1, false)
  const failure = failureOf(socket)
  peer.send(compressed('hello'))
  assert.equal((await peer.closeFrame()).code, 1002)
  peer.stream.end()
  assert.equal((await failure).error.code, 'ERR_RESERVED_BIT')
})

test('messages of a server are inflated, also with the window of those before', async () => {
  await using server = await ByteServer.listen()
  const agreed = windows
    ? 'permessage-deflate; client_no_context_takeover'
    : 'permessage-deflate; client_no_context_takeover; server_no_context_takeover'
  const opened = await open(server, agreed)
  const heard: string[] = []
  const first = 'the quick brown fox jumps over the lazy dog'
  const all = new Promise<void>((resolve) => {
    opened.socket.onmessage = ({ data }) => heard.push(data) === 2 && resolve()
  })
  opened.peer.send(compressed(first), compressed(first, windows ? Buffer.from(first) : undefined))
  await all
  assert.deepEqual(heard, [first, first])
  await finish(opened)
})

test('an agreement on less than was demanded fails the connection', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url, [], { compression: { serverContextTakeover: false } })
  const failure = failureOf(socket)
  await server.accept({ headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } })
  assert.equal((await failure).error.code, 'ERR_EXTENSION')
})

test('a message that cannot be inflated fails the connection with 1007', async () => {
  await using server = await ByteServer.listen()
  const { socket, peer } = await open(server, 'permessage-deflate; server_no_context_takeover')
  const failure = failureOf(socket)
  peer.send(frame(TEXT, Buffer.of(0xff, 0xff, 0xff), { mask: false, rsv1: true }))
  assert.equal((await peer.closeFrame()).code, 1007)
  peer.stream.end()
  assert.equal((await failure).error.code, 'ERR_INFLATE_FAILED')
})
