import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, deflateRawSync } from 'node:zlib'
import { LimitError } from '../../src/protocol/index.ts'
import { bytesText, compressions, openCore, roles } from './core.ts'
import { opcodes, peerFrame } from './frames.ts'

const tooLarge = ['failed 1009 ERR_MESSAGE_TOO_LARGE']

for (const role of roles) {
  for (const limit of [0, 1, 1000, 70_000]) {
    const limits = { maxMessageBytes: limit }
    // Below, just under, exactly at: fine. Just over: not.
    for (const length of new Set([0, Math.max(0, limit - 1), limit])) {
      test(`${role} with a limit of ${limit} bytes takes a message of ${length}, whole or in parts`, () => {
        const payload = new Uint8Array(length)
        const whole = peerFrame(role, opcodes.binary, payload)
        const cut = openCore(role, { limits }).receive(whole)
        assert.match(cut.events[0] ?? '', /^binary/)
        assert.deepEqual(
          openCore(role, { limits }).receive(whole.subarray(0, 3), whole.subarray(3)).events,
          cut.events,
        )
        const half = length >> 1
        const fragments = openCore(role, { limits }).receive(
          peerFrame(role, opcodes.binary, payload.subarray(half), { fin: false }),
          peerFrame(role, opcodes.continuation, payload.subarray(0, half)),
        )
        assert.deepEqual(fragments.events, cut.events)
      })
    }

    test(`${role} with a limit of ${limit} bytes fails ${limit + 1}, in one frame`, () => {
      const core = openCore(role, { limits }).receive(
        peerFrame(role, opcodes.binary, new Uint8Array(limit + 1)),
      )
      assert.deepEqual(core.events, tooLarge)
      assert.deepEqual(core.sent(), ['close 1009'])
      assert.ok(core.error instanceof LimitError)
      assert.match(core.error.message, /limits\.maxMessageBytes/)
    })

    test(`${role} with a limit of ${limit} bytes fails ${limit + 1} at the header, before it holds anything`, () => {
      const core = openCore(role, { limits })
      core.receive(peerFrame(role, opcodes.text, '', { declared: limit + 1 }))
      assert.deepEqual(core.events, tooLarge)
    })

    test(`${role} with a limit of ${limit} bytes fails ${limit + 1} in fragments, at the header of the last`, () => {
      const core = openCore(role, { limits }).receive(
        peerFrame(role, opcodes.binary, new Uint8Array(limit), { fin: false }),
        peerFrame(role, opcodes.continuation, '', { fin: false }),
      )
      assert.deepEqual(core.events, [])
      core.receive(peerFrame(role, opcodes.continuation, '', { declared: 1 }))
      assert.deepEqual(core.events, tooLarge)
    })

    test(`${role} with a limit of ${limit} bytes counts streamed messages alike`, () => {
      const at = openCore(role, { limits, streamed: true })
      at.receive(peerFrame(role, opcodes.binary, new Uint8Array(limit)))
      assert.match(at.events.at(-1) ?? '', /last$/)
      const over = openCore(role, { limits, streamed: true })
      over.receive(
        peerFrame(role, opcodes.binary, new Uint8Array(limit), { fin: false }),
        peerFrame(role, opcodes.continuation, '', { declared: 1 }),
      )
      assert.equal(over.events.at(-1), tooLarge[0])
    })
  }

  test(`${role} fails a length that no limit would allow, with the limit`, () => {
    for (const declared of [0x1_0000_0000, 2 ** 53, (1n << 63n) - 1n]) {
      const core = openCore(role).receive(peerFrame(role, opcodes.binary, '', { declared }))
      assert.deepEqual(core.events, tooLarge)
    }
  })

  test(`${role} counts each message by itself`, () => {
    const core = openCore(role, { limits: { maxMessageBytes: 10 } })
    for (let count = 0; count < 3; count++) {
      core.receive(
        peerFrame(role, opcodes.binary, new Uint8Array(5), { fin: false }),
        peerFrame(role, opcodes.ping, new Uint8Array(100)),
        peerFrame(role, opcodes.continuation, new Uint8Array(5)),
        peerFrame(role, opcodes.binary, new Uint8Array(10)),
      )
    }
    assert.equal(core.events.filter((event) => event.startsWith('binary')).length, 6)
  })

  for (const streamed of [false, true]) {
    const kind = streamed ? 'streamed' : 'whole'
    test(`§10.4 ${role} takes as many fragments as allowed, and fails one more (${kind})`, () => {
      for (const maxFragments of [1, 2, 5]) {
        const core = openCore(role, { limits: { maxFragments }, streamed })
        core.receive(peerFrame(role, opcodes.binary, '', { fin: maxFragments === 1 }))
        for (let count = 2; count <= maxFragments; count++) {
          core.receive(peerFrame(role, opcodes.continuation, '', { fin: count === maxFragments }))
        }
        assert.equal(core.events.length, 1)
        core.receive(peerFrame(role, opcodes.binary, '', { fin: false }))
        for (let count = 2; count <= maxFragments; count++) {
          core.receive(peerFrame(role, opcodes.continuation, '', { fin: false }))
        }
        assert.equal(core.events.length, 1)
        core.receive(peerFrame(role, opcodes.continuation, ''))
        assert.equal(core.events.at(-1), 'failed 1008 ERR_TOO_MANY_FRAGMENTS')
        assert.match(core.error?.message ?? '', /limits\.maxFragments/)
      }
    })
  }

  test(`${role} holds no memory for what is only announced`, () => {
    const core = openCore(role, { limits: { maxMessageBytes: 2 ** 40 } })
    const before = process.memoryUsage().arrayBuffers
    core.receive(peerFrame(role, opcodes.binary, new Uint8Array(100), { declared: 2 ** 39 }))
    assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000)
    assert.deepEqual(core.events, [])
  })
}

/** Compressed messages are as long as what they inflate to. */
for (const role of roles) {
  const peerOf = ({ client, server }: ReturnType<typeof compressions>) =>
    role === 'client' ? server : client

  for (const limit of [0, 1, 1000, 70_000]) {
    const noise = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 0x9e37_79b9) >>> 23)
    for (const [kind, make] of [
      ['even', (length: number) => new Uint8Array(length)],
      ['noisy', noise],
    ] as const) {
      test(`${role} with a limit of ${limit} bytes measures ${kind} compressed messages inflated`, () => {
        const ends = compressions()
        const limits = { maxMessageBytes: limit }
        const core = openCore(role, { limits, compression: ends[role] })
        for (const length of new Set([0, Math.max(0, limit - 1), limit])) {
          core.receive(
            peerFrame(role, opcodes.binary, peerOf(ends).compress(make(length), true, true), { rsv: 4 }),
          )
        }
        assert.ok(core.events.every((event) => event.startsWith('binary')))
        core.receive(
          peerFrame(role, opcodes.binary, peerOf(ends).compress(make(limit + 1), true, true), { rsv: 4 }),
        )
        assert.equal(core.events.at(-1), tooLarge[0])
      })
    }
  }

  test(`${role} takes a message at the limit in fragments of a byte, each compressed and flushed`, () => {
    const ends = compressions()
    const core = openCore(role, { limits: { maxMessageBytes: 300 }, compression: ends[role] })
    for (let at = 0; at < 300; at++) {
      const opcode = at === 0 ? opcodes.binary : opcodes.continuation
      const fragment = peerOf(ends).compress(Uint8Array.of(at * 89), at === 299, at === 0)
      core.receive(peerFrame(role, opcode, fragment, { rsv: at === 0 ? 4 : 0, fin: at === 299 }))
    }
    assert.equal(core.events.length, 1)
    assert.match(core.events[0] ?? '', /^binary #300/)
  })

  test(`${role} takes a message at the limit, however badly it was compressed`, () => {
    // Nine bits for every byte: the worst that DEFLATE does without meaning to.
    let state = 1
    const noise = Uint8Array.from({ length: 60_000 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
      return 144 + ((state >>> 16) % 112)
    })
    const payload = deflateRawSync(noise, {
      strategy: constants.Z_FIXED,
      level: 1,
      memLevel: 1,
      finishFlush: constants.Z_SYNC_FLUSH,
    }).subarray(0, -4)
    assert.ok(payload.length > 61_000)
    const core = openCore(role, { limits: { maxMessageBytes: 60_000 }, compression: compressions()[role] })
    core.receive(peerFrame(role, opcodes.binary, payload, { rsv: 4 }))
    assert.deepEqual(core.events, [`binary ${bytesText(noise)}`])
  })

  test(`${role} fails a compressed message whose frames alone pass what the limit could need`, () => {
    const ends = compressions()
    const core = openCore(role, { limits: { maxMessageBytes: 1000 }, compression: ends[role] })
    core.receive(peerFrame(role, opcodes.binary, '', { rsv: 4, declared: 2000 }))
    assert.deepEqual(core.events, tooLarge)
  })
}
