import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BINARY, CLOSE, CONTINUATION, PING, PONG, ping, pong, TEXT, text } from '../wire/frames.ts'
import { openCarrier } from './carriers.ts'

const bytes = (size: number): Uint8Array => new Uint8Array(size)

test('everything that is sent in one turn is one write', () => {
  const { carrier, link, time } = openCarrier()
  for (let index = 0; index < 100; index++) carrier.sendText(`message ${index}`, false)
  link.deliver(Buffer.concat([ping('1'), ping('2')]))
  assert.equal(link.writes.length, 0)
  time.endTurn()
  assert.equal(link.writes.length, 1)
  const frames = link.frames()
  assert.equal(frames.length, 102)
  assert.deepEqual(
    frames.slice(98).map(({ opcode, payload }) => [opcode, payload.toString()]),
    [
      [TEXT, 'message 98'],
      [TEXT, 'message 99'],
      [PONG, '1'],
      [PONG, '2'],
    ],
  )
})

test('from 64 KiB on output is written at once', () => {
  const { carrier, link, time } = openCarrier()
  carrier.sendBinary(bytes(65_000), false)
  assert.equal(link.writes.length, 0)
  carrier.sendBinary(bytes(1_000), false)
  assert.equal(link.writes.length, 1)
  time.endTurn()
  assert.equal(link.writes.length, 1)
})

test('a peer is behind when more than 64 KiB wait, and hears of it when they are gone', () => {
  const { carrier, link, time, happened } = openCarrier()
  link.peerReads = false
  assert.equal(carrier.sendBinary(bytes(60_000), false), 'sent')
  time.endTurn()
  assert.deepEqual([carrier.slow, carrier.bufferedAmount], [false, 60_004])
  assert.equal(carrier.sendBinary(bytes(70_000), false), 'queued')
  assert.deepEqual([carrier.slow, carrier.bufferedAmount], [true, 60_004 + 70_010])
  assert.equal(carrier.sendText('more', false), 'queued')
  assert.deepEqual(happened, [])
  time.endTurn()
  link.drain()
  assert.deepEqual(happened, [['drain']])
  assert.deepEqual([carrier.slow, carrier.bufferedAmount], [false, 0])
  assert.equal(carrier.sendText('more', false), 'sent')
})

for (const policy of ['close', 'drop'] as const) {
  test(`backpressure: policy '${policy}' beyond the high-water mark, counted from where the peer fell behind`, () => {
    const { carrier, link, time, ends } = openCarrier({
      backpressure: { highWaterMarkBytes: 10_000, policy },
    })
    link.peerReads = false
    carrier.sendBinary(bytes(100_000), false)
    assert.equal(carrier.slow, true)
    assert.equal(carrier.sendBinary(bytes(9_990), false), 'queued')
    assert.equal(carrier.sendBinary(bytes(100), false), 'queued')
    assert.equal(carrier.sendBinary(bytes(1), false), 'dropped')
    assert.equal(carrier.readyState, policy === 'close' ? 2 : 1)
    time.endTurn()
    const before = carrier.bufferedAmount
    assert.equal(carrier.sendText('still not', false), 'dropped')
    assert.equal(carrier.bufferedAmount, before)
    if (policy === 'close') {
      const last = link.frames().at(-1)
      assert.deepEqual([last?.opcode, last?.payload.readUInt16BE(0)], [CLOSE, 1013])
      link.sink.closed(undefined)
      assert.deepEqual([ends[0]?.code, ends[0]?.error?.code], [1006, 'ERR_BACKPRESSURE'])
    } else {
      link.drain()
      assert.equal(carrier.sendText('again', false), 'sent')
      assert.equal(carrier.readyState, 1)
    }
  })
}

test('with a mark of 0 nothing is taken while anything waits', () => {
  const { carrier, link, time } = openCarrier({ backpressure: { highWaterMarkBytes: 0, policy: 'drop' } })
  link.peerReads = false
  assert.equal(carrier.sendText('one', false), 'sent')
  time.endTurn()
  assert.equal(carrier.sendText('two', false), 'dropped')
  link.drain()
  assert.equal(carrier.sendText('three', false), 'sent')
})

test('with an endless mark everything is taken', () => {
  const { carrier, link } = openCarrier({
    backpressure: { highWaterMarkBytes: Number.POSITIVE_INFINITY, policy: 'close' },
  })
  link.peerReads = false
  for (let count = 0; count < 100; count++) carrier.sendBinary(bytes(100_000), false)
  assert.equal(carrier.readyState, 1)
  assert.ok(carrier.bufferedAmount > 10_000_000)
})

test('§5.5.3 a peer that pings without reading is owed one pong, the newest', () => {
  const { carrier, link, time } = openCarrier()
  link.peerReads = false
  carrier.sendBinary(bytes(100_000), false)
  time.endTurn()
  const before = carrier.bufferedAmount
  for (let count = 0; count < 10_000; count++) link.deliver(ping(`${count}`))
  time.endTurn()
  assert.equal(carrier.bufferedAmount, before)
  link.frames()
  link.drain()
  time.endTurn()
  assert.deepEqual(
    link.frames().map(({ opcode, payload }) => [opcode, payload.toString()]),
    [[PONG, '9999']],
  )
})

test('while a message is sent in fragments others wait for its end, and control frames do not', () => {
  const { carrier, link, time } = openCarrier()
  assert.equal(carrier.sendFragment(bytes(1), 'binary', true, false), 'sent')
  assert.equal(carrier.sendText('waits', false), 'queued')
  assert.equal(carrier.sendBinary(Uint8Array.of(7), false), 'queued')
  assert.equal(carrier.bufferedAmount, 3 + 6)
  link.deliver(ping('!'))
  carrier.sendFragment(bytes(1), 'binary', false, false)
  carrier.sendFragment(bytes(0), 'binary', false, true)
  time.endTurn()
  assert.deepEqual(
    link.frames().map(({ opcode, fin }) => [opcode, fin]),
    [
      [BINARY, false],
      [PONG, true],
      [CONTINUATION, false],
      [CONTINUATION, true],
      [TEXT, true],
      [BINARY, true],
    ],
  )
  assert.equal(carrier.bufferedAmount, 0)
  assert.equal(link.writes.length, 0)
})

test('what waits behind a stream is a copy, and bounded by the high-water mark', () => {
  const { carrier, link, time } = openCarrier({ backpressure: { highWaterMarkBytes: 10, policy: 'drop' } })
  carrier.sendFragment(bytes(1), 'binary', true, false)
  const data = Uint8Array.of(1, 2, 3)
  carrier.sendBinary(data, false)
  data.fill(9)
  time.endTurn()
  for (let count = 0; count < 10; count++) carrier.sendText('four', false)
  assert.equal(carrier.sendText('no', false), 'dropped')
  carrier.sendFragment(bytes(0), 'binary', false, true)
  time.endTurn()
  const frames = link.frames()
  assert.deepEqual([...(frames[2]?.payload ?? [])], [1, 2, 3])
  assert.equal(frames.length, 5)
})

test('pings are answered by the pong with their payload, and so are all before', async () => {
  const { carrier, link, time } = openCarrier()
  const trips = ['one', 'two', 'three'].map((name) =>
    carrier.measureRoundTrip(Buffer.from(name), () => time.now),
  )
  time.pass(5)
  link.deliver(pong('unknown'), pong('two'))
  assert.deepEqual(await Promise.all(trips.slice(0, 2)), [5, 5])
  time.pass(2)
  link.deliver(pong('three'))
  assert.equal(await trips[2], 7)
})

test('pings without a payload of their own are told apart, in ASCII', async () => {
  const { carrier, link, time } = openCarrier()
  const trips = [1, 2, 3].map(() => carrier.measureRoundTrip(undefined, () => time.now))
  time.endTurn()
  const sent = link.frames()
  assert.deepEqual(
    sent.map(({ opcode }) => opcode),
    [PING, PING, PING],
  )
  assert.equal(new Set(sent.map(({ payload }) => payload.toString())).size, 3)
  for (const { payload } of sent) assert.match(payload.toString('latin1'), /^[ -~]+$/)
  link.deliver(pong(sent[2]?.payload))
  assert.deepEqual(await Promise.all(trips), [0, 0, 0])
})

test('a ping that is never answered is rejected when the connection ends, with the reason as its cause', async () => {
  const { carrier, link, time } = openCarrier()
  const trip = carrier.measureRoundTrip(undefined, () => time.now)
  link.sink.closed(new Error('gone'))
  await assert.rejects(trip, (error: Error & { code?: string }) => {
    assert.deepEqual([error.name, error.code], ['ClosedError', 'ERR_CLOSED'])
    assert.equal((error.cause as { code?: string }).code, 'ERR_CONNECTION_LOST')
    return true
  })
  await assert.rejects(
    carrier.measureRoundTrip(undefined, () => 0),
    { code: 'ERR_CLOSED' },
  )
})

test('a paused carrier hands nothing over, also of what had been read, until it is resumed', () => {
  const { carrier, link, happened, time } = openCarrier()
  const all = Buffer.concat([text('one'), text('two'), ping('x'), text('three')])
  carrier.pause()
  link.deliver(all.subarray(0, 11), all.subarray(11))
  assert.deepEqual(happened, [])
  carrier.resume()
  time.endTurn()
  assert.deepEqual(happened, [
    ['text', 'one'],
    ['text', 'two'],
    ['ping', 'x'],
    ['text', 'three'],
  ])
  assert.deepEqual(link.calls, ['start', 'pause', 'resume'])
})
