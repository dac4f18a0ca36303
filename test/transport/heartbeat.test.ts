import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frame, PING, PONG, ping, pong, text } from '../wire/frames.ts'
import { type CarrierOptions, openCarrier } from './carriers.ts'

const heartbeat = { everyMs: 25_000, graceMs: 20_000 }

/** A carrier, and what it sent while time passed. */
function beating(options: CarrierOptions = {}) {
  const opened = openCarrier({ heartbeat, ...options })
  const pass = (ms: number): number[] => {
    opened.time.pass(ms)
    return opened.link.frames().map(({ opcode }) => opcode)
  }
  return { ...opened, pass }
}

test('a peer that is silent for everyMs gets an empty ping', () => {
  const { time, link } = beating()
  time.pass(24_999)
  assert.equal(link.writes.length, 0)
  time.pass(2)
  const [frame, ...more] = link.frames()
  assert.deepEqual([frame?.opcode, frame?.payload.length, more.length], [PING, 0, 0])
})

test('a peer that stays silent for graceMs more is cut, and told as 1006 with ERR_HEARTBEAT_TIMEOUT', () => {
  const { pass, link, ends } = beating()
  assert.deepEqual(pass(44_999), [PING])
  assert.ok(!link.calls.includes('destroy'))
  assert.deepEqual(pass(3), [])
  assert.ok(link.calls.includes('destroy'))
  link.sink.closed(undefined)
  const [closed] = ends
  assert.deepEqual(
    [closed?.code, closed?.wasClean, closed?.error?.code],
    [1006, false, 'ERR_HEARTBEAT_TIMEOUT'],
  )
  assert.equal(closed?.error?.name, 'TimeoutError')
})

for (const [what, bytes] of [
  ['a message', text('hello')],
  ['a ping', ping()],
  ['a pong nobody asked for', pong('?')],
  ['a single byte of a frame', text('hello').subarray(0, 1)],
] as const) {
  test(`${what} counts as a sign of life`, () => {
    const { pass, time, link } = beating()
    time.pass(20_000)
    link.deliver(bytes)
    time.endTurn()
    link.frames()
    assert.deepEqual(pass(24_990), [])
    assert.deepEqual(pass(12), [PING])
    assert.ok(!link.calls.includes('destroy'))
  })
}

for (const times of [
  { everyMs: 25_000, graceMs: 20_000 },
  { everyMs: 1_000, graceMs: 5_000 },
  { everyMs: 1_000, graceMs: 1_000 },
  { everyMs: 1, graceMs: 1 },
]) {
  test(`a silent peer that answers its pings stays (every ${times.everyMs} ms, grace ${times.graceMs} ms)`, () => {
    const { time, link } = beating({ heartbeat: times })
    let pings = 0
    for (let passed = 0; passed < 10 * (times.everyMs + times.graceMs); passed += 1) {
      time.pass(1)
      for (const { opcode, payload } of link.frames()) {
        assert.equal(opcode, PING)
        pings += 1
        link.deliver(frame(PONG, payload))
      }
    }
    assert.ok(!link.calls.includes('destroy'))
    // As often as the wheel and the grace allow: the next ping is sent when the grace of the last is over at the latest.
    assert.ok(pings >= 9 && pings <= 21, `${pings} pings`)
  })
}

test('a peer that answers one ping and then falls silent is cut after the next', () => {
  const { time, link } = beating({ heartbeat: { everyMs: 1_000, graceMs: 5_000 } })
  time.pass(1_001)
  link.deliver(pong())
  time.pass(11_010)
  assert.deepEqual(
    link.frames().map(({ opcode }) => opcode),
    [PING, PING],
  )
  assert.ok(link.calls.includes('destroy'))
})

test('what we send is no sign of life of the peer', () => {
  const { time, link, carrier } = beating()
  for (let second = 0; second < 50; second++) {
    carrier.sendText('tick', false)
    time.pass(1_000)
  }
  assert.ok(link.calls.includes('destroy'))
})

test('a connection that is not read is left alone, and judged anew when it is read again', () => {
  const { pass, carrier, link } = beating()
  carrier.pause()
  assert.deepEqual(pass(200_000), [])
  assert.ok(!link.calls.includes('destroy'))
  carrier.resume()
  assert.deepEqual(pass(24_990), [])
  assert.deepEqual(pass(20), [PING])
  assert.ok(!link.calls.includes('destroy'))
  pass(20_100)
  assert.ok(link.calls.includes('destroy'))
})

test('pausing after the ping withdraws the verdict', () => {
  const { pass, carrier, link } = beating()
  assert.deepEqual(pass(25_001), [PING])
  carrier.pause()
  assert.deepEqual(pass(100_000), [])
  assert.ok(!link.calls.includes('destroy'))
})

test('without a heartbeat a silent peer stays for ever', () => {
  const { pass, link, time } = beating({ heartbeat: undefined })
  assert.deepEqual(pass(100_000), [])
  assert.deepEqual(link.calls, ['start'])
  assert.equal(time.wheel.waiting, 0)
})

test('a closed connection waits for nothing', () => {
  const { link, time } = beating()
  link.sink.closed(undefined)
  assert.equal(time.wheel.waiting, 0)
})

test('a connection that is closing has the time of the closing handshake, not of the heartbeat', () => {
  const { pass, carrier, link, ends } = beating()
  carrier.sendClose(1000)
  pass(4_999)
  assert.ok(!link.calls.includes('destroy'))
  pass(3)
  assert.ok(link.calls.includes('destroy'))
  link.sink.closed(undefined)
  assert.equal(ends[0]?.error?.code, 'ERR_CLOSE_TIMEOUT')
})
