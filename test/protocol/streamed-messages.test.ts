import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, deflateRawSync } from 'node:zlib'
import { type Core, compressions, openCore, roles } from './core.ts'
import { concat, opcodes, peerFrame, utf8 } from './frames.ts'

/** What a core with streamed messages was told of one message, put together. */
function collect(core: Core): { data: () => Uint8Array; flags: string[] } {
  const parts: Uint8Array[] = []
  const flags: string[] = []
  core.fragment = (data, type, first, last) => {
    parts.push(data.slice())
    flags.push(`${first ? 'first ' : ''}${type}${last ? ' last' : ''}`)
  }
  return { data: () => concat(...parts), flags }
}

for (const role of roles) {
  test(`${role} hands a streamed message over as it comes, and its end by itself`, () => {
    const core = openCore(role, { streamed: true })
    const bytes = peerFrame(role, opcodes.binary, Uint8Array.of(1, 2, 3, 4))
    core.receive(bytes.subarray(0, bytes.length - 2))
    assert.deepEqual(core.events, ['first binary <0102>'])
    core.receive(bytes.subarray(bytes.length - 2))
    assert.deepEqual(core.events, ['first binary <0102>', 'next binary <0304>', 'next binary <> last'])
  })

  test(`${role} hands a streamed empty message over as one empty piece, first and last`, () => {
    const core = openCore(role, { streamed: true }).receive(peerFrame(role, opcodes.text))
    assert.deepEqual(core.events, ['first text <> last'])
  })

  test(`${role} streams a message in fragments with control frames between`, () => {
    const core = openCore(role, { streamed: true }).receive(
      peerFrame(role, opcodes.text, 'a', { fin: false }),
      peerFrame(role, opcodes.ping, 'p'),
      peerFrame(role, opcodes.continuation, '', { fin: false }),
      peerFrame(role, opcodes.continuation, 'b'),
      peerFrame(role, opcodes.binary, 'c'),
    )
    assert.deepEqual(core.events, [
      'first text <61>',
      'ping <70>',
      'next text <62>',
      'next text <> last',
      'first binary <63>',
      'next binary <> last',
    ])
  })

  test(`§8.1 ${role} fails streamed text at the first impossible byte`, () => {
    const core = openCore(role, { streamed: true })
    core.receive(peerFrame(role, opcodes.text, Uint8Array.of(0x61, 0xe2), { fin: false }))
    core.receive(peerFrame(role, opcodes.continuation, Uint8Array.of(0x28), { fin: false }))
    assert.deepEqual(core.events, ['first text <61e2>', 'failed 1007 ERR_INVALID_UTF8'])
  })

  for (const takeover of [true, false]) {
    test(`RFC 7692 §7.2.2 ${role} streams compressed messages, ${takeover ? 'with' : 'without'} context takeover`, () => {
      const ends = compressions({ serverContextTakeover: takeover, clientContextTakeover: takeover })
      const peer = role === 'client' ? ends.server : ends.client
      const core = openCore(role, { streamed: true, compression: ends[role] })
      for (const message of [
        utf8('the first message'),
        utf8('the first message, said again'),
        utf8('ø'.repeat(100_000)),
        new Uint8Array(0),
        utf8('the first message, and the last'),
      ]) {
        const { data, flags } = collect(core)
        const compressed = peer.compress(message, true, true)
        const bytes = peerFrame(role, opcodes.text, compressed, { rsv: 4 })
        for (let at = 0; at < bytes.length; at += 7) core.receive(bytes.subarray(at, at + 7))
        assert.deepEqual(data(), message)
        assert.match(flags[0] ?? '', /^first text/)
        assert.equal(flags.filter((flag) => flag.endsWith('last')).length, 1)
        assert.match(flags.at(-1) ?? '', /last$/)
      }
    })

    test(`RFC 7692 §7.2.2 ${role} takes whole and streamed messages of one sender alike (${takeover})`, () => {
      const ends = compressions({ serverContextTakeover: takeover, clientContextTakeover: takeover })
      const [peer, own] = role === 'client' ? [ends.server, ends.client] : [ends.client, ends.server]
      const message = utf8('again and again and again')
      const parts = [message.subarray(0, 9), message.subarray(9, 20), message.subarray(20)]
      for (let round = 0; round < 3; round++) {
        // One window serves both ways of handing over.
        const core = openCore(role, { streamed: round !== 1, compression: own })
        const { data } = collect(core)
        parts.forEach((part, index) => {
          core.receive(
            peerFrame(
              role,
              index === 0 ? opcodes.binary : opcodes.continuation,
              peer.compress(part, index === 2, index === 0),
              { rsv: index === 0 ? 4 : 0, fin: index === 2 },
            ),
          )
        })
        if (round === 1) assert.match(core.events[0] ?? '', /^binary </)
        else assert.deepEqual(data(), message)
      }
    })
  }

  test(`RFC 7692 §7.2.2 ${role} fails a streamed message that cannot be inflated`, () => {
    const core = openCore(role, { streamed: true, compression: compressions()[role] })
    core.receive(peerFrame(role, opcodes.binary, Uint8Array.of(0xff, 0xff), { rsv: 4, declared: 10 }))
    assert.deepEqual(core.events, ['failed 1007 ERR_INFLATE_FAILED'])
  })

  test(`${role} stops a streamed bomb at the message limit`, () => {
    const ends = compressions()
    const peer = role === 'client' ? ends.server : ends.client
    const core = openCore(role, {
      streamed: true,
      compression: ends[role],
      limits: { maxMessageBytes: 3_000_000, maxInflationRatio: 100_000 },
    })
    let told = 0
    core.fragment = (data) => {
      told += data.length
    }
    core.receive(
      peerFrame(role, opcodes.binary, peer.compress(new Uint8Array(20_000_000), true, true), { rsv: 4 }),
    )
    assert.deepEqual(core.events, ['failed 1009 ERR_MESSAGE_TOO_LARGE'])
    assert.ok(told <= 3_000_000)
  })

  test(`${role} stops a streamed bomb at the ratio, in one frame or in many`, () => {
    for (const frames of [1, 50]) {
      const ends = compressions()
      const peer = role === 'client' ? ends.server : ends.client
      const core = openCore(role, {
        streamed: true,
        compression: ends[role],
        limits: { maxMessageBytes: Number.POSITIVE_INFINITY },
      })
      let told = 0
      core.fragment = (data) => {
        told += data.length
      }
      for (let index = 0; index < frames; index++) {
        const payload = peer.compress(new Uint8Array(20_000_000 / frames), index === frames - 1, index === 0)
        core.receive(
          peerFrame(role, index === 0 ? opcodes.binary : opcodes.continuation, payload, {
            rsv: index === 0 ? 4 : 0,
            fin: index === frames - 1,
          }),
        )
      }
      assert.deepEqual(core.events, ['failed 1009 ERR_INFLATION_RATIO'])
      assert.match(core.error?.message ?? '', /limits\.maxInflationRatio/)
      // A megabyte is free, and the ratio is asked at every 1024 bytes of the wire.
      assert.ok(told <= 1_048_576 + 1024 * 1040)
    }
  })

  test(`${role} asks for the ratio at fixed places of a streamed message, so that its split does not matter`, () => {
    const piece = (data: Uint8Array, level: number) =>
      deflateRawSync(data, { level, finishFlush: constants.Z_SYNC_FLUSH })
    const noise = (length: number) =>
      Uint8Array.from({ length }, (_, index) => Math.imul(index, 0x9e37_79b9) >>> 24)
    // A million zeros, filled up to 1024 bytes; then more than the ratio allows for a while, and enough to make up for it.
    const start = piece(new Uint8Array(1_000_000), 9)
    const message = concat(
      start,
      piece(noise(1024 - start.length - 10), 0),
      piece(new Uint8Array(100_000), 9),
      piece(noise(2000), 0),
    ).subarray(0, -4)
    const bytes = peerFrame(role, opcodes.binary, message, { rsv: 4 })
    for (const step of [bytes.length, 1000, 77, 1]) {
      const core = openCore(role, {
        streamed: true,
        compression: compressions()[role],
        limits: { maxMessageBytes: Number.POSITIVE_INFINITY, maxInflationRatio: 600 },
      })
      const { data, flags } = collect(core)
      for (let at = 0; at < bytes.length; at += step) core.receive(bytes.subarray(at, at + step))
      assert.deepEqual(core.events, [], `in steps of ${step}`)
      assert.equal(flags.at(-1), 'binary last')
      assert.ok(data().length > 1_100_000)
    }
  })

  test(`${role} lets a streamed message be larger on the wire than its limit, if it inflates to less`, () => {
    const core = openCore(role, {
      streamed: true,
      compression: compressions()[role],
      limits: { maxMessageBytes: 10 },
    })
    // Empty stored blocks: five bytes each, which come to nothing.
    const emptyBlocks = concat(...Array.from({ length: 50 }, () => Uint8Array.of(0, 0, 0, 0xff, 0xff)))
    core.receive(peerFrame(role, opcodes.binary, concat(emptyBlocks, Uint8Array.of(0)), { rsv: 4 }))
    assert.deepEqual(core.events, ['first binary <> last'])
  })

  test(`${role} whose link goes within a piece of a compressed message tells no further piece`, () => {
    for (const closeAt of [1, 2, 3]) {
      const ends = compressions()
      const peer = role === 'client' ? ends.server : ends.client
      const core = openCore(role, { streamed: true, compression: ends[role] })
      let pieces = 0
      core.fragment = () => {
        pieces += 1
        if (pieces === closeAt) core.connection.linkClosed()
      }
      core.receive(
        peerFrame(role, opcodes.binary, peer.compress(new Uint8Array(500_000), true, true), { rsv: 4 }),
        peerFrame(role, opcodes.ping),
      )
      assert.equal(pieces, closeAt)
      assert.deepEqual(core.events, [])
    }
  })

  test(`${role} whose link goes in the last piece of a message, which the end of compression brings, tells no end`, () => {
    const core = openCore(role, { streamed: true, compression: compressions()[role] })
    let pieces = 0
    core.fragment = () => {
      pieces += 1
      core.connection.linkClosed()
    }
    // The header of a stored block of four bytes: those four are the tail, put back at the end of the message.
    core.receive(peerFrame(role, opcodes.binary, Uint8Array.of(0x00, 0x04, 0x00, 0xfb, 0xff), { rsv: 4 }))
    assert.equal(pieces, 1)
  })
}
