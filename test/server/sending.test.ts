import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Socket } from '../../src/server/index.ts'
import { BINARY, close, PONG, ping, TEXT, text } from '../wire/frames.ts'
import { testEach } from '../wire/listeners.ts'
import { RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

testEach('send takes a string as text, and every buffer and view as binary', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  const buffer = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9).buffer
  const shared = new SharedArrayBuffer(2)
  new Uint8Array(shared).set([7, 8])
  for (const [data, opcode, bytes] of [
    ['grüße', TEXT, [...Buffer.from('grüße')]],
    ['', TEXT, []],
    ['\ud800x', TEXT, [...Buffer.from('\ufffdx')]],
    [buffer, BINARY, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [new Uint8Array(buffer, 2, 3), BINARY, [2, 3, 4]],
    [new DataView(buffer, 8), BINARY, [8, 9]],
    [new Uint16Array(buffer, 4, 1), BINARY, [4, 5]],
    [Buffer.from('x'), BINARY, [120]],
    [shared, BINARY, [7, 8]],
    [new ArrayBuffer(0), BINARY, []],
  ] as const) {
    assert.equal(socket.send(data), 'sent')
    const { fin, rsv1, masked, ...frame } = await peer.frame()
    assert.deepEqual([fin, rsv1, masked], [true, false, false])
    assert.deepEqual([frame.opcode, [...frame.payload]], [opcode, bytes])
  }
})

for (const wrong of [undefined, null, 5, {}, [1], new Date(), Symbol('x'), () => {}]) {
  test(`send of ${String(wrong)} throws a TypeError, and nothing is sent`, async () => {
    const recorder = new Recorder()
    await using server = await served(recorder.handlers)
    const peer = await RawPeer.open(server)
    const socket = await recorder.opened.next()
    assert.throws(() => socket.send(wrong as never), TypeError)
    assert.throws(() => socket.publish('x', wrong as never), TypeError)
    assert.throws(() => server.publish('x', wrong as never), TypeError)
    socket.send('next')
    assert.equal(await peer.text(), 'next')
  })
}

testEach('what is sent is copied, and may be changed at once', async (options) => {
  const recorder = new Recorder()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    backpressure: { highWaterMarkBytes: 10_000_000 },
  })
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  const data = new Uint8Array(50_000)
  for (let index = 1; index <= 40; index++) socket.send(data.fill(index))
  data.fill(255)
  for (let index = 1; index <= 40; index++) {
    const { payload } = await peer.frame()
    assert.ok(
      payload.every((byte) => byte === index),
      `${index}`,
    )
  }
})

testEach('messages of every size arrive whole and in order, both ways', async (options) => {
  await using server = await served({
    ...options,
    limits: { maxMessageBytes: 5_000_000 },
    backpressure: { highWaterMarkBytes: 100_000_000 },
    message: (socket, data) => void socket.send(data),
  })
  const peer = await RawPeer.open(server)
  const sizes = [0, 1, 125, 126, 127, 65_534, 65_535, 65_536, 65_537, 131_072, 1_048_576, 4_194_304]
  const message = (size: number): string => 'abcdefghij'.repeat(Math.ceil(size / 10)).slice(0, size)
  for (const size of sizes) peer.send(text(message(size)))
  for (const size of sizes) assert.equal(await peer.text(), message(size))
})

testEach('everything that is sent in one turn arrives with one read', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  const before = peer.reads
  for (let index = 0; index < 100; index++) {
    socket.send(`message ${index}`)
    // Neither microtasks nor the tasks of promises end a turn.
    if (index % 10 === 0) await undefined
  }
  void socket.ping(Buffer.from('ping'))
  for (let index = 0; index < 100; index++) assert.equal(await peer.text(), `message ${index}`)
  assert.equal(await peer.text(), 'ping')
  assert.equal(peer.reads - before, 1)
})

testEach(
  'what messages of one chunk cause arrives with one read, pongs and close frame too',
  async (options) => {
    await using server = await served({
      ...options,
      message(socket, data) {
        socket.send(data)
        socket.send(`${data}!`)
      },
    })
    const peer = await RawPeer.open(server)
    const before = peer.reads
    const all = Array.from({ length: 50 }, (_, index) => text(`${index}`))
    peer.send(Buffer.concat([...all, ping('p'), close(1000)]))
    for (let index = 0; index < 50; index++) {
      assert.equal(await peer.text(), `${index}`)
      assert.equal(await peer.text(), `${index}!`)
    }
    assert.equal((await peer.frame()).opcode, PONG)
    assert.equal((await peer.closeFrame()).code, 1000)
    assert.equal(peer.reads - before, 1)
  },
)

testEach('what open sends comes before everything else', async (options) => {
  await using server = await served({
    ...options,
    open(socket) {
      socket.send('hello')
    },
    message: (socket, data) => void socket.send(data),
  })
  const peer = await RawPeer.open(server, '/', {}, text('first'))
  assert.equal(await peer.text(), 'hello')
  assert.equal(await peer.text(), 'first')
})

/** Sends pieces of 100 kB until `until` says so. */
function fill(socket: Socket, until: (result: string) => boolean): number {
  const piece = new Uint8Array(100_000)
  let sent = 0
  for (;;) {
    const result = socket.send(piece)
    if (result !== 'dropped') sent += piece.length
    if (until(result)) return sent
  }
}

testEach(
  'a peer that reads slowly: sent, then queued, then dropped and closed with 1013 (policy close)',
  async (options) => {
    const recorder = new Recorder()
    await using server = await served({
      ...options,
      ...recorder.handlers,
      backpressure: { highWaterMarkBytes: 500_000 },
    })
    const peer = await RawPeer.open(server)
    peer.stream.pause()
    const socket = await recorder.opened.next()
    const results: string[] = []
    fill(socket, (result) => {
      if (results.at(-1) !== result) results.push(result)
      return result === 'dropped'
    })
    assert.deepEqual(results.slice(-3), ['sent', 'queued', 'dropped'].slice(3 - results.length))
    assert.equal(socket.readyState, 2)
    const { bufferedAmount } = socket
    assert.ok(bufferedAmount >= 500_000, `${bufferedAmount}`)
    assert.equal(socket.send('more'), 'dropped')
    assert.equal(socket.bufferedAmount, bufferedAmount)
    // Who reads at last gets everything that was taken, and hears why it ends.
    peer.stream.resume()
    assert.equal((await peer.skipToClose()).code, 1013)
    const error = await recorder.until('error')
    assert.deepEqual([error.name, error.code], ['LimitError', 'ERR_BACKPRESSURE'])
    const closed = await recorder.until('close')
    assert.deepEqual([closed.sent?.code, closed.error], [1013, error])
  },
)

testEach('policy drop: messages beyond the mark are dropped, and the peer stays', async (options) => {
  const recorder = new Recorder()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    backpressure: { highWaterMarkBytes: 500_000, policy: 'drop' },
  })
  const peer = await RawPeer.open(server)
  peer.stream.pause()
  const socket = await recorder.opened.next()
  const sent = fill(socket, (result) => result === 'dropped')
  for (let count = 0; count < 1_000; count++) assert.equal(socket.send('dropped'), 'dropped')
  const drained = socket.drained()
  peer.stream.resume()
  for (let at = 0; at < sent; at += 100_000) assert.equal((await peer.frame()).payload.length, 100_000)
  await drained
  await recorder.until('drain')
  assert.equal(socket.bufferedAmount, 0)
  assert.equal(socket.send('again'), 'sent')
  assert.equal(await peer.text(), 'again')
})

testEach('drain is called once for each time the peer was behind', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  await recorder.until('open')
  for (let round = 0; round < 3; round++) {
    peer.stream.pause()
    const sent = fill(socket, (result) => result === 'queued')
    assert.ok(socket.bufferedAmount > 0)
    assert.equal(recorder.inbox.length, 0)
    peer.stream.resume()
    for (let at = 0; at < sent; at += 100_000) await peer.frame()
    assert.deepEqual(await recorder.next(), ['drain'])
    assert.equal(socket.bufferedAmount, 0)
  }
  peer.send(ping())
  await peer.frame()
  assert.deepEqual(await recorder.next(), ['ping', ''])
})

test('drained resolves at once where nothing waits, and also when the socket closes', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  await socket.drained()
  peer.stream.pause()
  fill(socket, (result) => result === 'queued')
  const waiting = [socket.drained(), socket.drained()]
  socket.terminate()
  await Promise.all(waiting)
  await socket.drained()
})

test('whoever waits for drained after every message never fills the memory', async () => {
  let most = 0
  await using server = await served({
    async open(socket) {
      for (let count = 0; count < 500; count++) {
        socket.send(new Uint8Array(100_000))
        most = Math.max(most, socket.bufferedAmount)
        await socket.drained()
      }
      socket.close(1000)
    },
  })
  const peer = await RawPeer.open(server)
  await peer.skipToClose()
  assert.ok(peer.bytesRead > 50_000_000)
  assert.ok(most < 1_000_000, `${most}`)
})

test('bufferedAmount counts what the system has not taken, with the headers of frames', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  await RawPeer.open(server)
  const socket = await recorder.opened.next()
  assert.equal(socket.bufferedAmount, 0)
  socket.send('x'.repeat(10))
  assert.equal(socket.bufferedAmount, 12)
  socket.send(new Uint8Array(1_000))
  assert.equal(socket.bufferedAmount, 12 + 1_004)
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  assert.equal(socket.bufferedAmount, 0)
})

testEach('a peer that never reads costs no more memory than the mark allows', async (options) => {
  const recorder = new Recorder()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    backpressure: { policy: 'drop', highWaterMarkBytes: 1_000_000 },
  })
  const peers: RawPeer[] = []
  const sockets: Socket[] = []
  for (let count = 0; count < 10; count++) {
    const peer = await RawPeer.open(server)
    peer.stream.pause()
    peers.push(peer)
    sockets.push(await recorder.opened.next())
  }
  const piece = 'x'.repeat(10_000)
  for (const socket of sockets) while (socket.send(piece) !== 'dropped');
  const before = process.memoryUsage().rss
  let dropped = 0
  for (let count = 0; count < 100_000; count++) {
    if ((sockets[count % 10] as Socket).send(piece) === 'dropped') dropped += 1
    if (count % 1_000 === 0) await new Promise(setImmediate)
  }
  // Some more fits while the buffers of the system fill up.
  assert.ok(dropped > 90_000, `${dropped}`)
  const grown = process.memoryUsage().rss - before
  assert.ok(grown < 100_000_000, `${grown} bytes`)
})

test('§5.5.2 ping resolves with the time to the pong', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  const started = performance.now()
  const trip = socket.ping()
  const { opcode, payload } = await peer.frame()
  assert.equal(opcode, 9)
  assert.match(payload.toString('latin1'), /^[ -~]{1,125}$/)
  peer.send(Buffer.from([0x8a, 0x80 | payload.length, 0, 0, 0, 0, ...payload]))
  const time = await trip
  assert.ok(time > 0 && time <= performance.now() - started, `${time}`)
  assert.equal(await recorder.until('pong'), payload.toString())
})

test('a ping may carry up to 125 bytes', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  assert.throws(() => socket.ping(new Uint8Array(126)), { code: 'ERR_CONTROL_TOO_LONG', side: 'local' })
  void socket.ping(new Uint8Array(125))
  assert.equal((await peer.frame()).payload.length, 125)
  void socket.ping(new ArrayBuffer(0))
  assert.equal((await peer.frame()).payload.length, 0)
  assert.throws(() => socket.ping('text' as never), TypeError)
})

test('pings that are never answered are rejected when the socket closes, also where nobody waits for them', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  void socket.ping()
  const trip = socket.ping()
  peer.reset()
  await assert.rejects(trip, { name: 'ClosedError', code: 'ERR_CLOSED' })
})

testEach('a ping of the peer is answered with its payload and told to the handler', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  const peer = await RawPeer.open(server)
  for (const payload of ['', 'x', 'y'.repeat(125)]) {
    peer.send(ping(payload))
    const frame = await peer.frame()
    assert.deepEqual([frame.opcode, frame.payload.toString()], [PONG, payload])
    assert.equal(await recorder.until('ping'), payload)
  }
})
