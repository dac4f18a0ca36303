import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { BINARY, CONTINUATION, frame, TEXT } from '../wire/frames.ts'
import { testEach } from '../wire/listeners.ts'
import { RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

const sample = 'polyplex carries messages both ways, many times over; '.repeat(30)

const deflated = (data: string | Uint8Array, dictionary?: Buffer): Buffer =>
  deflateRawSync(data, { finishFlush: 2, ...(dictionary && { dictionary }) }).subarray(0, -4)
const inflated = (payload: Buffer, dictionary?: Buffer): string =>
  inflateRawSync(Buffer.concat([payload, Buffer.of(0, 0, 255, 255)]), {
    finishFlush: 2,
    ...(dictionary && { dictionary }),
  }).toString()

const offer = (extensions: string) => ({ 'Sec-WebSocket-Extensions': extensions })
const bare = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'

for (const [compression, offered, agreed] of [
  [undefined, 'permessage-deflate', undefined],
  [false, 'permessage-deflate', undefined],
  [true, undefined, undefined],
  [true, 'x-unknown', undefined],
  [true, 'permessage-deflate', bare],
  [true, 'permessage-deflate; client_max_window_bits', bare],
  [true, 'permessage-deflate; unknown, permessage-deflate', bare],
  [true, 'permessage-deflate; server_max_window_bits=10', `${bare}; server_max_window_bits=10`],
  [{ serverContextTakeover: true }, 'permessage-deflate', 'permessage-deflate; client_no_context_takeover'],
  [{ serverContextTakeover: true, clientContextTakeover: true }, 'permessage-deflate', 'permessage-deflate'],
  [{ serverContextTakeover: true }, 'permessage-deflate; server_no_context_takeover', bare],
  [{ serverMaxWindowBits: 12 }, 'permessage-deflate', `${bare}; server_max_window_bits=12`],
  [
    { clientMaxWindowBits: 9 },
    'permessage-deflate; client_max_window_bits',
    `${bare}; client_max_window_bits=9`,
  ],
  [{ clientMaxWindowBits: 9 }, 'permessage-deflate', bare],
] as const) {
  test(`RFC 7692 §7.1 compression ${JSON.stringify(compression)}, offered ${offered}: ${agreed}`, async () => {
    const recorder = new Recorder()
    await using server = await served({
      ...recorder.handlers,
      ...(compression !== undefined && { compression }),
    })
    const peer = await RawPeer.open(server, '/', offered === undefined ? {} : offer(offered))
    assert.equal(peer.answer.headers['sec-websocket-extensions'], agreed)
    assert.equal((await recorder.opened.next()).extensions, agreed ?? '')
  })
}

testEach(
  'messages are inflated, whole and in fragments, and answers compressed from the threshold on',
  async (options) => {
    await using server = await served({
      ...options,
      compression: { thresholdBytes: 100 },
      message: (socket, data) => void socket.send(data),
    })
    const peer = await RawPeer.open(server, '/', offer('permessage-deflate'))
    for (const [data, isCompressed] of [
      [sample, true],
      ['x'.repeat(100), true],
      ['x'.repeat(99), false],
      ['', false],
    ] as const) {
      const payload = deflated(data)
      peer.send(frame(TEXT, payload, { rsv1: true }))
      peer.send(
        frame(TEXT, payload.subarray(0, 1), { rsv1: true, fin: false }),
        frame(CONTINUATION, payload.subarray(1)),
      )
      peer.send(frame(TEXT, data))
      for (let count = 0; count < 3; count++) {
        const { rsv1, payload } = await peer.frame()
        assert.equal(rsv1, isCompressed)
        assert.equal(rsv1 ? inflated(payload) : payload.toString(), data)
      }
    }
  },
)

test('send may be told not to compress', async () => {
  await using server = await served({
    compression: true,
    message(socket, data) {
      socket.send(data, { compress: false })
      socket.send(data, { compress: true })
    },
  })
  const peer = await RawPeer.open(server, '/', offer('permessage-deflate'))
  peer.send(frame(TEXT, sample))
  assert.deepEqual([(await peer.frame()).rsv1, (await peer.frame()).rsv1], [false, true])
})

test('RFC 7692 §7.2 with context takeover both sides keep their windows from message to message', async () => {
  await using server = await served({
    compression: { serverContextTakeover: true, clientContextTakeover: true },
    message: (socket, data) => void socket.send(data),
  })
  const peer = await RawPeer.open(server, '/', offer('permessage-deflate'))
  let window: Buffer | undefined
  const sizes: number[] = []
  for (let round = 0; round < 5; round++) {
    const payload = deflated(sample, window)
    peer.send(frame(TEXT, payload, { rsv1: true }))
    const answer = await peer.frame()
    assert.equal(inflated(answer.payload, window), sample)
    sizes.push(payload.length, answer.payload.length)
    window = Buffer.concat([window ?? Buffer.alloc(0), Buffer.from(sample)]).subarray(-32_768)
  }
  assert.ok((sizes.at(-1) as number) < (sizes[1] as number) / 3)
})

test('RFC 7692 §8 a bomb is stopped before it is inflated, by size and by ratio, and costs no memory', async () => {
  const bomb = deflated(Buffer.alloc(200_000_000))
  for (const [limits, code] of [
    [{}, 'ERR_MESSAGE_TOO_LARGE'],
    [{ maxMessageBytes: 500_000_000 }, 'ERR_INFLATION_RATIO'],
    [{ maxMessageBytes: 100_000_000, maxInflationRatio: 5_000 }, 'ERR_MESSAGE_TOO_LARGE'],
  ] as const) {
    for (const streamed of [false, true]) {
      const recorder = new Recorder()
      await using server = await served({
        error: recorder.handlers.error,
        compression: true,
        limits,
        ...(streamed
          ? {
              async stream(_: unknown, message: { readable: ReadableStream<Uint8Array> }) {
                for await (const piece of message.readable) void piece
              },
            }
          : { message: () => {} }),
      })
      const peer = await RawPeer.open(server, '/', offer('permessage-deflate'))
      void peer.ended.then(() => peer.stream.end())
      const before = process.memoryUsage().rss
      peer.send(frame(BINARY, bomb, { rsv1: true }))
      assert.equal((await peer.closeFrame()).code, 1009)
      assert.equal((await recorder.until('error')).code, code)
      const grown = process.memoryUsage().rss - before
      const allowed = limits === undefined || !('maxInflationRatio' in limits) ? 60_000_000 : 250_000_000
      assert.ok(grown < allowed, `${grown} bytes, streamed: ${streamed}`)
    }
  }
})

test('what cannot be inflated fails the connection with 1007', async () => {
  for (const streamed of [false, true]) {
    const recorder = new Recorder()
    await using server = await served({
      error: recorder.handlers.error,
      compression: true,
      ...(streamed ? { stream: () => {} } : { message: () => {} }),
    })
    const peer = await RawPeer.open(server, '/', offer('permessage-deflate'))
    peer.send(frame(TEXT, Buffer.alloc(50, 0xff), { rsv1: true }))
    assert.equal((await peer.closeFrame()).code, 1007)
    peer.stream.end()
    assert.equal((await recorder.until('error')).code, 'ERR_INFLATE_FAILED')
  }
})

test('a compressed frame where nothing was agreed on fails the connection with 1002', async () => {
  await using server = await served({ message: () => {} })
  const peer = await RawPeer.open(server, '/', offer('permessage-deflate'))
  peer.send(frame(TEXT, deflated('x'), { rsv1: true }))
  assert.equal((await peer.closeFrame()).code, 1002)
})
