import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compressions, openCore, roles } from './core.ts'
import { concat, opcodes, peerFrame, utf8 } from './frames.ts'

for (const role of roles) {
  const frames = [
    peerFrame(role, opcodes.text, 'one'),
    peerFrame(role, opcodes.text, 'tw', { fin: false }),
    peerFrame(role, opcodes.ping, 'p'),
    peerFrame(role, opcodes.continuation, 'o'),
    peerFrame(role, opcodes.binary, Uint8Array.of(3)),
    peerFrame(role, opcodes.close),
  ]
  const session = concat(...frames)
  const expected = ['text "one"', 'ping <70>', 'text "two"', 'binary <03>', 'close 1005']

  test(`${role} that is paused tells nothing, and everything once resumed`, () => {
    const core = openCore(role)
    core.connection.pause()
    assert.equal(core.connection.paused, true)
    for (let at = 0; at < session.length; at += 4) core.receive(session.subarray(at, at + 4))
    assert.deepEqual(core.events, [])
    assert.deepEqual(core.sent(), [])
    core.connection.resume()
    assert.equal(core.connection.paused, false)
    assert.deepEqual(core.events, expected)
  })

  test(`${role} paused within any event stops there, mid-chunk, and goes on where it stopped`, () => {
    for (let pauseAt = 1; pauseAt <= expected.length; pauseAt++) {
      const core = openCore(role)
      core.onEvent = () => {
        if (core.events.length === pauseAt) core.connection.pause()
      }
      core.receive(session)
      assert.deepEqual(core.events, expected.slice(0, pauseAt))
      core.connection.resume()
      assert.deepEqual(core.events, expected)
    }
  })

  test(`${role} paused after each event, with the input in every split, tells the same`, () => {
    for (let cut = 0; cut <= session.length; cut++) {
      const core = openCore(role)
      core.onEvent = () => core.connection.pause()
      core.receive(session.subarray(0, cut), session.subarray(cut))
      for (let count = 0; count < 10; count++) core.connection.resume()
      assert.deepEqual(core.events, expected, `cut at ${cut}`)
    }
  })

  test(`${role} paused and resumed within one event reads on in order`, () => {
    const core = openCore(role)
    core.onEvent = () => {
      core.connection.pause()
      core.connection.resume()
    }
    core.receive(session)
    assert.deepEqual(core.events, expected)
  })

  test(`${role} keeps a copy of what came while it was paused`, () => {
    const core = openCore(role)
    const chunk = Buffer.from(session)
    core.connection.pause()
    core.connection.receive(chunk)
    chunk.fill(0)
    core.connection.resume()
    assert.deepEqual(core.events, expected)
  })

  test(`${role} whose link goes while it is paused tells nothing more`, () => {
    const core = openCore(role)
    core.connection.pause()
    core.receive(session)
    core.connection.linkClosed()
    core.connection.resume()
    assert.deepEqual(core.events, [])
  })

  test(`${role} resumed without having been paused does nothing`, () => {
    const core = openCore(role).receive(session.subarray(0, 3))
    core.connection.resume()
    core.receive(session.subarray(3))
    assert.deepEqual(core.events, expected)
  })

  test(`${role} paused within a streamed message tells not even its end before it is resumed`, () => {
    const core = openCore(role, { streamed: true })
    core.onEvent = () => core.connection.pause()
    core.receive(peerFrame(role, opcodes.text, 'all of it'))
    assert.deepEqual(core.events, ['first text <616c6c206f66206974>'])
    core.connection.resume()
    assert.deepEqual(core.events, ['first text <616c6c206f66206974>', 'next text <> last'])
  })

  test(`${role} paused within a compressed streamed message stops after what 1 KiB inflates to`, () => {
    const ends = compressions()
    const peer = role === 'client' ? ends.server : ends.client
    const payload = peer.compress(new Uint8Array(8_000_000), true, true)
    assert.ok(payload.length > 5_000)
    const core = openCore(role, {
      streamed: true,
      compression: ends[role],
      limits: { maxMessageBytes: 2 ** 30, maxInflationRatio: 2000 },
    })
    let told = 0
    let beforeEach = 0
    core.fragment = (data) => {
      told += data.length
      core.connection.pause()
    }
    core.receive(peerFrame(role, opcodes.binary, payload, { rsv: 4 }))
    for (let turns = 0; core.connection.paused && turns < 100; turns++) {
      assert.ok(told - beforeEach <= 1024 * 1040, `${told - beforeEach} bytes in one go`)
      beforeEach = told
      core.connection.resume()
    }
    assert.equal(told, 8_000_000)
  })

  test(`${role} paused and resumed within each piece of a compressed streamed message keeps their order`, () => {
    const ends = compressions()
    const peer = role === 'client' ? ends.server : ends.client
    const message = utf8(Array.from({ length: 30_000 }, (_, index) => `${index},`).join(''))
    const core = openCore(role, { streamed: true, compression: ends[role] })
    const pieces: Uint8Array[] = []
    let ended = 0
    core.fragment = (data, _type, _first, last) => {
      assert.equal(ended, 0)
      pieces.push(data.slice())
      if (last) ended += 1
      core.connection.pause()
      core.connection.resume()
    }
    core.receive(peerFrame(role, opcodes.text, peer.compress(message, true, true), { rsv: 4 }))
    assert.equal(ended, 1)
    assert.ok(pieces.length > 5)
    assert.deepEqual(concat(...pieces), message)
  })
}
