import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, deflateRawSync } from 'node:zlib'
import { type ClientOptions, WebSocket } from '../../src/index.ts'
import { BINARY, binary, CONTINUATION, frame } from '../wire/frames.ts'
import { ByteServer } from './byte-server.ts'
import { failureOf, next } from './story.ts'

const plain = { mask: false } as const

async function receive(options: ClientOptions, agreed: string | undefined, bytes: Buffer): Promise<string> {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url, [], options)
  const outcome = Promise.race([
    next(socket, 'message').then(({ data }) => `${(data as Blob).size} bytes`),
    failureOf(socket).then(({ error }) => `${error.code} ${error.closeCode} ${error.name}`),
  ])
  const peer = await server.accept({ headers: { 'Sec-WebSocket-Extensions': agreed } })
  peer.send(bytes)
  peer.stream.end()
  return await outcome
}

const fragments = (count: number): Buffer =>
  Buffer.concat(
    Array.from({ length: count }, (_, index) =>
      frame(index === 0 ? BINARY : CONTINUATION, 'x', { ...plain, fin: index === count - 1 }),
    ),
  )

for (const [size, outcome] of [
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1_000, '1000 bytes'],
  [1_001, 'ERR_MESSAGE_TOO_LARGE 1009 LimitError'],
] as const) {
  test(`limits.maxMessageBytes 1000: a message of ${size} bytes`, async () => {
    const whole = binary(Buffer.alloc(size), plain)
    assert.equal(await receive({ limits: { maxMessageBytes: 1_000 } }, undefined, whole), outcome)
  })
}

for (const [count, outcome] of [
  [1, '1 bytes'],
  [4, '4 bytes'],
  [5, 'ERR_TOO_MANY_FRAGMENTS 1008 LimitError'],
] as const) {
  test(`limits.maxFragments 4: a message of ${count} fragments`, async () => {
    assert.equal(await receive({ limits: { maxFragments: 4 } }, undefined, fragments(count)), outcome)
  })
}

const bomb = frame(
  BINARY,
  deflateRawSync(Buffer.alloc(8 << 20), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4),
  { ...plain, rsv1: true },
)
for (const [what, limits, outcome] of [
  ['a ratio beyond maxInflationRatio', {}, 'ERR_INFLATION_RATIO 1009 LimitError'],
  ['a ratio that is allowed', { maxInflationRatio: 5_000 }, `${8 << 20} bytes`],
  [
    'more than maxMessageBytes',
    { maxInflationRatio: 5_000, maxMessageBytes: 2 << 20 },
    'ERR_MESSAGE_TOO_LARGE 1009 LimitError',
  ],
] as const) {
  test(`a message that inflates to ${what}`, async () => {
    assert.equal(await receive({ limits }, 'permessage-deflate; server_no_context_takeover', bomb), outcome)
  })
}

test('by default a page’s code meets no limit that it would notice: 64 MiB pass', async () => {
  assert.equal(await receive({}, undefined, binary(Buffer.alloc(64 << 20), plain)), `${64 << 20} bytes`)
})
