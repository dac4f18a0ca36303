import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inflateRawSync } from 'node:zlib'
import type { Server, Socket } from '../../src/server/index.ts'
import { BINARY, close, TEXT, text } from '../wire/frames.ts'
import { testEach } from '../wire/listeners.ts'
import { RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

/** Opens `count` peers, each with its socket. */
async function pairs(server: Server, recorder: Recorder, count: number, extensions?: string) {
  const opened: { peer: RawPeer; socket: Socket }[] = []
  for (let index = 0; index < count; index++) {
    const peer = await RawPeer.open(server, '/', { 'Sec-WebSocket-Extensions': extensions })
    opened.push({ peer, socket: await recorder.opened.next() })
  }
  return opened
}

testEach('server.publish reaches every subscriber, once, and tells how many there are', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  const all = await pairs(server, recorder, 5)
  assert.equal(server.publish('news', 'nobody'), 0)
  for (const { socket } of all.slice(0, 3)) socket.subscribe('news')
  for (const { socket } of all.slice(0, 3)) socket.subscribe('news')
  all[3]?.socket.subscribe('sports')
  assert.equal(server.publish('news', 'hello'), 3)
  assert.equal(server.publish('sports', Uint8Array.of(1, 2)), 1)
  for (const { socket } of all) socket.send('end')
  for (const { peer } of all.slice(0, 3))
    assert.deepEqual([await peer.text(), await peer.text()], ['hello', 'end'])
  const frame = await all[3]?.peer.frame()
  assert.deepEqual([frame?.opcode, [...(frame?.payload ?? [])]], [BINARY, [1, 2]])
  assert.equal(await all[3]?.peer.text(), 'end')
  assert.equal(await all[4]?.peer.text(), 'end')
  assert.deepEqual([...(all[0]?.socket.topics ?? [])], ['news'])
})

test('socket.publish reaches all subscribers but itself, whether it is one or not', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const [ada, bob, eve] = (await pairs(server, recorder, 3)) as [Pair, Pair, Pair]
  ada.socket.subscribe('room')
  bob.socket.subscribe('room')
  assert.equal(ada.socket.publish('room', 'from ada'), 1)
  assert.equal(eve.socket.publish('room', 'from eve'), 2)
  for (const { socket } of [ada, bob, eve]) socket.send('end')
  assert.deepEqual([await ada.peer.text(), await ada.peer.text()], ['from eve', 'end'])
  assert.deepEqual(
    [await bob.peer.text(), await bob.peer.text(), await bob.peer.text()],
    ['from ada', 'from eve', 'end'],
  )
  assert.equal(await eve.peer.text(), 'end')
})

type Pair = Awaited<ReturnType<typeof pairs>>[number]

test('after unsubscribe nothing comes any more', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const [ada] = (await pairs(server, recorder, 1)) as [Pair]
  ada.socket.subscribe('a')
  ada.socket.subscribe('b')
  ada.socket.unsubscribe('a')
  ada.socket.unsubscribe('never')
  assert.equal(server.publish('a', 'no'), 0)
  assert.equal(server.publish('b', 'yes'), 1)
  assert.equal(await ada.peer.text(), 'yes')
  assert.deepEqual([...ada.socket.topics], ['b'])
})

test('a socket that is gone is subscribed to nothing, and cannot subscribe any more', async () => {
  const recorder = new Recorder()
  await using server = await served({
    ...recorder.handlers,
    close(socket, closed) {
      socket.subscribe('after')
      recorder.handlers.close(socket, closed)
    },
  })
  const [ada, bob] = (await pairs(server, recorder, 2)) as [Pair, Pair]
  ada.socket.subscribe('room')
  bob.socket.subscribe('room')
  ada.peer.send(close(1000))
  await ada.peer.finish()
  await recorder.until('close')
  ada.socket.subscribe('late')
  assert.deepEqual([...ada.socket.topics], [])
  assert.deepEqual(
    ['room', 'after', 'late'].map((topic) => server.publish(topic, 'x')),
    [1, 0, 0],
  )
  // Others still hear of it.
  assert.equal(ada.socket.publish('room', 'from the other side'), 1)
  assert.deepEqual([await bob.peer.text(), await bob.peer.text()], ['x', 'from the other side'])
})

test('subscribers that close while something is published are left out', async () => {
  const recorder = new Recorder()
  await using server = await served({ ...recorder.handlers, backpressure: { highWaterMarkBytes: 0 } })
  const all = await pairs(server, recorder, 20)
  for (const { socket } of all) socket.subscribe('room')
  // Half of them do not read, fall behind and are closed by the policy, in the middle of publishing.
  for (const [index, { peer }] of all.entries()) if (index % 2 === 1) peer.stream.pause()
  const large = 'x'.repeat(1_000_000)
  for (let round = 0; round < 20; round++) {
    server.publish('room', large)
    for (const [index, { peer, socket }] of all.entries()) {
      if (index % 2 === 1) continue
      assert.equal((await peer.frame()).payload.length, large.length)
      await socket.drained()
    }
  }
  for (const [index, { socket }] of all.entries()) assert.equal(socket.readyState, index % 2 === 0 ? 1 : 2)
  assert.equal(server.publish('room', 'end'), 20)
  for (const [index, { peer }] of all.entries()) if (index % 2 === 0) assert.equal(await peer.text(), 'end')
})

testEach('what is published keeps its place among the other messages of the turn', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  const all = await pairs(server, recorder, 3)
  for (const { socket } of all) socket.subscribe('room')
  const expected: string[] = []
  for (let index = 0; index < 50; index++) {
    for (const [who, { socket }] of all.entries()) socket.send(`${who}: ${index}`)
    server.publish('room', `all: ${index}`)
    // Some are large, so that the shared memory fills up in between.
    const filler = 'y'.repeat(index % 7 === 0 ? 40_000 : 1)
    server.publish('room', filler)
    expected.push(`who: ${index}`, `all: ${index}`, filler)
  }
  for (const [who, { peer }] of all.entries()) {
    for (const text of expected) assert.equal(await peer.text(), text.replace('who', String(who)))
  }
})

test('what is published arrives with one read, together with everything else of the turn', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const all = await pairs(server, recorder, 3)
  for (const { socket } of all) socket.subscribe('room')
  const before = all.map(({ peer }) => peer.reads)
  for (let index = 0; index < 20; index++) {
    server.publish('room', `${index}`)
    all[1]?.socket.send('own')
  }
  for (const [who, { peer }] of all.entries()) {
    for (let index = 0; index < 20; index++) {
      assert.equal(await peer.text(), `${index}`)
      if (who === 1) assert.equal(await peer.text(), 'own')
    }
    assert.equal(peer.reads - (before[who] as number), 1)
  }
})

const sample = 'the quick brown fox jumps over the lazy dog; '.repeat(40)

const inflate = (payload: Buffer): string =>
  inflateRawSync(Buffer.concat([payload, Buffer.of(0, 0, 255, 255)]), { finishFlush: 2 }).toString()

test('published messages are compressed for those who agreed on it, with the same bytes for all', async () => {
  const recorder = new Recorder()
  await using server = await served({ ...recorder.handlers, compression: true })
  const plain = await pairs(server, recorder, 2)
  const compressed = await pairs(server, recorder, 3, 'permessage-deflate')
  const narrow = await pairs(server, recorder, 1, 'permessage-deflate; server_max_window_bits=9')
  const all = [...plain, ...compressed, ...narrow]
  for (const { socket } of all) socket.subscribe('room')
  assert.equal(server.publish('room', sample), 6)
  assert.equal(server.publish('room', 'short'), 6)
  assert.equal(server.publish('room', sample, { compress: false }), 6)
  const payloads: Buffer[] = []
  for (const { peer } of all) {
    const { rsv1, opcode, payload } = await peer.frame()
    assert.equal(opcode, TEXT)
    assert.equal(rsv1, !plain.some((one) => one.peer === peer))
    assert.equal(rsv1 ? inflate(payload) : payload.toString(), sample)
    if (rsv1) payloads.push(payload)
    const short = await peer.frame()
    assert.deepEqual([short.rsv1, short.payload.toString()], [false, 'short'])
    const uncompressed = await peer.frame()
    assert.deepEqual([uncompressed.rsv1, uncompressed.payload.toString()], [false, sample])
  }
  assert.ok((payloads[0] as Buffer).length < sample.length / 4)
  assert.deepEqual(payloads[1], payloads[0])
  assert.deepEqual(payloads[2], payloads[0])
})

test('with a window of its own each subscriber gets what fits to what it had before', async () => {
  const recorder = new Recorder()
  await using server = await served({ ...recorder.handlers, compression: { serverContextTakeover: true } })
  const [ada, bob] = (await pairs(server, recorder, 2, 'permessage-deflate')) as [Pair, Pair]
  const windows = new Map<Pair, Buffer>()
  const expectText = async (pair: Pair, wanted: string): Promise<number> => {
    const { rsv1, payload } = await pair.peer.frame()
    assert.equal(rsv1, true)
    const dictionary = windows.get(pair)
    const input = Buffer.concat([payload, Buffer.of(0, 0, 255, 255)])
    const inflated = inflateRawSync(input, { finishFlush: 2, ...(dictionary && { dictionary }) })
    assert.equal(inflated.toString(), wanted)
    windows.set(pair, Buffer.concat([dictionary ?? Buffer.alloc(0), inflated]).subarray(-32_768))
    return payload.length
  }
  for (const { socket } of [ada, bob]) socket.subscribe('room')
  bob.socket.send(sample.toUpperCase())
  await expectText(bob, sample.toUpperCase())
  server.publish('room', sample)
  const first = await expectText(ada, sample)
  await expectText(bob, sample)
  server.publish('room', sample)
  assert.ok((await expectText(ada, sample)) < first / 2)
  await expectText(bob, sample)
})

test('what is published while a message is being streamed waits for its end', async () => {
  const recorder = new Recorder()
  await using server = await served({ ...recorder.handlers, compression: true })
  const [plain] = (await pairs(server, recorder, 1)) as [Pair]
  const [compressed] = (await pairs(server, recorder, 1, 'permessage-deflate')) as [Pair]
  for (const { socket } of [plain, compressed]) socket.subscribe('room')
  let finish: () => void = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const streams = [plain, compressed].map(({ socket }) =>
    socket.sendStream(
      (async function* () {
        yield 'begun, '
        await finished
        yield 'done'
      })(),
    ),
  )
  await new Promise(setImmediate)
  assert.equal(server.publish('room', sample), 2)
  server.publish('room', 'short')
  finish()
  await Promise.all(streams)
  const parts = [await plain.peer.frame(), await plain.peer.frame(), await plain.peer.frame()]
  assert.equal(Buffer.concat(parts.map(({ payload }) => payload)).toString(), 'begun, done')
  assert.equal(await plain.peer.text(), sample)
  assert.equal(await plain.peer.text(), 'short')
  const frames = [await compressed.peer.frame()]
  while (frames.at(-1)?.fin === false) frames.push(await compressed.peer.frame())
  assert.equal(inflate(Buffer.concat(frames.map(({ payload }) => payload))), 'begun, done')
  const published = await compressed.peer.frame()
  assert.equal(inflate(published.payload), sample)
  assert.equal(await compressed.peer.text(), 'short')
})

test('a message published to two hundred subscribers is framed once', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const all = await pairs(server, recorder, 200)
  for (const { socket } of all) socket.subscribe('room')
  const large = 'z'.repeat(30_000)
  const before = process.memoryUsage().arrayBuffers
  server.publish('room', large)
  // 200 copies would be 6 MB.
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000)
  for (const { peer } of all) assert.equal((await peer.frame()).payload.length, large.length)
  all[0]?.peer.send(text('still there'))
  assert.equal(await recorder.until('message'), 'still there')
})
