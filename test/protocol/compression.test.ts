import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { type AgreedCompression, type Deflate, MessageCompression } from '../../src/protocol/index.ts'
import { nodeDeflate } from '../../src/runtime/node/deflate.ts'
import { bytesText, compressions, openCore, roles } from './core.ts'
import { concat, hex, opcodes, peerFrame, toHex, utf8 } from './frames.ts'

const both = { serverContextTakeover: true, clientContextTakeover: true }

for (const role of roles) {
  const peerRole = role === 'client' ? 'server' : 'client'

  const examples: readonly [what: string, payload: Uint8Array, message: string][] = [
    ['§7.2.3.1 one block', hex`f2 48 cd c9 c9 07 00`, 'Hello'],
    ['§7.2.3.3 a block without compression', hex`00 05 00 fa ff 48 65 6c 6c 6f 00`, 'Hello'],
    ['§7.2.3.4 a final block', hex`f3 48 cd c9 c9 07 00 00`, 'Hello'],
    ['§7.2.3.5 two blocks', hex`f2 48 05 00 00 00 ff ff ca c9 c9 07 00`, 'Hello'],
    ['§7.2.3.6 an empty message', hex`00`, ''],
    [
      '§7.2.1 a final block, and another message part behind it',
      hex`f3 48 cd c9 c9 07 00 f2 48 cd c9 c9 07 00`,
      'HelloHello',
    ],
    ['§7.2.1 two final blocks', hex`f3 48 cd c9 c9 07 00 f3 48 cd c9 c9 07 00 00`, 'HelloHello'],
    ['a payload without any byte, as some send for nothing', hex``, ''],
  ]
  for (const [what, payload, message] of examples) {
    for (const streamed of [false, true]) {
      test(`RFC 7692 ${role} reads ${what}${streamed ? ', streamed' : ''}`, () => {
        const core = openCore(role, { compression: compressions()[role], streamed })
        let data = ''
        core.fragment = (part) => {
          data += new TextDecoder().decode(part)
        }
        core.text = (text) => {
          data = text
        }
        core.receive(peerFrame(role, opcodes.text, payload, { rsv: 4 }), peerFrame(role, opcodes.ping))
        assert.deepEqual(core.events, ['ping <>'])
        assert.equal(data, message)
      })
    }
  }

  test(`RFC 7692 §7.2.3.1 ${role} reads a compressed message in fragments cut anywhere`, () => {
    const payload = hex`f2 48 cd c9 c9 07 00`
    for (let cut = 0; cut <= payload.length; cut++) {
      const core = openCore(role, { compression: compressions()[role] }).receive(
        peerFrame(role, opcodes.text, payload.subarray(0, cut), { rsv: 4, fin: false }),
        peerFrame(role, opcodes.ping, 'p'),
        peerFrame(role, opcodes.continuation, payload.subarray(cut)),
      )
      assert.deepEqual(core.events, ['ping <70>', 'text "Hello"'])
    }
  })

  test(`RFC 7692 §7.2.3.2 ${role} reads a message that refers to the one before`, () => {
    const core = openCore(role, { compression: compressions(both)[role] }).receive(
      peerFrame(role, opcodes.text, hex`f2 48 cd c9 c9 07 00`, { rsv: 4 }),
      peerFrame(role, opcodes.text, 'not compressed, so not in the window'),
      peerFrame(role, opcodes.text, hex`f2 00 11 00 00`, { rsv: 4 }),
    )
    assert.deepEqual(core.events, [
      'text "Hello"',
      'text "not compressed, so not in the window"',
      'text "Hello"',
    ])
  })

  test(`RFC 7692 §7.2.2 ${role} fails a reference to the message before where nothing is taken over`, () => {
    const core = openCore(role, { compression: compressions()[role] }).receive(
      peerFrame(role, opcodes.text, hex`f2 48 cd c9 c9 07 00`, { rsv: 4 }),
      peerFrame(role, opcodes.text, hex`f2 00 11 00 00`, { rsv: 4 }),
    )
    assert.deepEqual(core.events, ['text "Hello"', 'failed 1007 ERR_INFLATE_FAILED'])
    assert.deepEqual(core.sent(), ['close 1007'])
  })

  test(`RFC 7692 §7.2.2 ${role} fails what cannot be inflated`, () => {
    for (const payload of [hex`ff ff ff ff`, hex`06 00`, hex`00 05 00 00 00`, hex`f2 00 11 00 00`]) {
      const core = openCore(role, { compression: compressions()[role] }).receive(
        peerFrame(role, opcodes.binary, payload, { rsv: 4 }),
      )
      assert.deepEqual(core.events, ['failed 1007 ERR_INFLATE_FAILED'])
    }
  })

  test(`RFC 7692 §6 ${role} takes messages that are not compressed beside others`, () => {
    const ends = compressions(both)
    const core = openCore(role, { compression: ends[role] }).receive(
      peerFrame(role, opcodes.text, 'plain'),
      peerFrame(role, opcodes.text, ends[peerRole].compress(utf8('packed'), true, true), { rsv: 4 }),
      peerFrame(role, opcodes.text, 'pl', { fin: false }),
      peerFrame(role, opcodes.continuation, 'ain'),
      peerFrame(role, opcodes.text, ends[peerRole].compress(utf8('packed'), true, true), { rsv: 4 }),
    )
    assert.deepEqual(core.events, ['text "plain"', 'text "packed"', 'text "plain"', 'text "packed"'])
  })

  test(`RFC 7692 §7.2.3.6 ${role} sends an empty message as one byte`, () => {
    for (const agreed of [{}, both]) {
      const core = openCore(role, { compression: compressions(agreed)[role] })
      core.connection.sendText('')
      core.connection.sendBinary(utf8('something'))
      core.connection.sendText('')
      const payloads = core.frames().map(({ payload }) => payload)
      assert.deepEqual(payloads[0], Uint8Array.of(0))
      assert.deepEqual(payloads[2], Uint8Array.of(0))
    }
  })

  test(`RFC 7692 §7.1.1 ${role} makes the second of two equal messages smaller only with context takeover`, () => {
    const message = utf8('a message that is long enough to be worth a reference: 0123456789')
    const sizes = (agreed: Partial<AgreedCompression>) => {
      const core = openCore(role, { compression: compressions(agreed)[role] })
      core.connection.sendBinary(message)
      core.connection.sendBinary(message)
      return core.frames().map(({ payload }) => payload.length)
    }
    const [first, second] = sizes(both) as [number, number]
    assert.ok(second < first / 4)
    const [one, two] = sizes({}) as [number, number]
    assert.equal(one, two)
  })

  for (let bits = 8; bits <= 15; bits++) {
    test(`RFC 7692 §7.1.2 ${role} with a window of ${bits} bits refers back ${2 ** bits} bytes at most`, () => {
      const agreed = { ...both, serverWindowBits: bits, clientWindowBits: bits }
      const sender = compressions(agreed)[role]
      const seen: Uint8Array[] = []
      const size = 2 ** bits
      // The second copy begins just within reach, the third just beyond.
      for (const distance of [size - 40, size + 40]) {
        const noise = Uint8Array.from(
          { length: distance },
          (_, index) => Math.imul(index + distance, 0x9e37_79b9) >>> 24,
        )
        const message = concat(noise, noise)
        const compressed = sender.compress(message, true, true)
        // A window of exactly that size must do: the inflater refuses what lies farther back.
        const window = concat(...seen)
        const inflater = nodeDeflate.inflater(bits, window)
        assert.deepEqual(concat(...inflater.push(concat(compressed, hex`00 00 ff ff`))), message)
        assert.equal(inflater.corrupt, false)
        seen.push(message)
      }
    })
  }

  test(`RFC 7692 §7.2.2 ${role} inflates with a window that the application cannot change`, () => {
    const ends = compressions(both)
    // Shorter and longer than the window.
    for (const message of [utf8('the very same words'), utf8('words and numbers, '.repeat(3000))]) {
      const core = openCore(role, { compression: ends[role] })
      const got: Uint8Array[] = []
      core.binary = (data) => {
        got.push(data.slice())
        data.fill(0)
      }
      for (let count = 0; count < 3; count++) {
        core.receive(
          peerFrame(role, opcodes.binary, ends[peerRole].compress(message, true, true), { rsv: 4 }),
        )
      }
      assert.deepEqual(got, [message, message, message])
    }
  })

  test(`RFC 7692 §8 ${role} refuses a message that inflates to too many times its size`, () => {
    const bomb = deflateRawSync(new Uint8Array(4_000_000), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(
      0,
      -4,
    )
    const receive = (maxInflationRatio: number, maxMessageBytes: number) =>
      openCore(role, {
        compression: compressions()[role],
        limits: { maxInflationRatio, maxMessageBytes },
      }).receive(peerFrame(role, opcodes.binary, bomb, { rsv: 4 })).events
    const ratio = 4_000_000 / bomb.length
    assert.deepEqual(receive(200, 2 ** 30), ['failed 1009 ERR_INFLATION_RATIO'])
    assert.deepEqual(receive(Math.floor(ratio), 2 ** 30), ['failed 1009 ERR_INFLATION_RATIO'])
    assert.deepEqual(receive(Math.ceil(ratio), 2 ** 30), [`binary ${bytesText(new Uint8Array(4_000_000))}`])
    assert.deepEqual(receive(200, 1_000_000), ['failed 1009 ERR_MESSAGE_TOO_LARGE'])
    assert.deepEqual(receive(Number.POSITIVE_INFINITY, 3_999_999), ['failed 1009 ERR_MESSAGE_TOO_LARGE'])
    assert.deepEqual(receive(Number.POSITIVE_INFINITY, 4_000_000), [
      `binary ${bytesText(new Uint8Array(4_000_000))}`,
    ])
  })

  test(`RFC 7692 §8 ${role} does not mind the ratio of a message up to 1 MiB`, () => {
    const ends = compressions()
    const core = openCore(role, { compression: ends[role], limits: { maxInflationRatio: 1 } })
    const message = new Uint8Array(1_048_576)
    core.receive(peerFrame(role, opcodes.binary, ends[peerRole].compress(message, true, true), { rsv: 4 }))
    assert.deepEqual(core.events, [`binary ${bytesText(message)}`])
  })
}

test('RFC 7692 both ends understand each other with any parameters, messages and fragments', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', 'ab', 'é', '0123456789'),
    maxLength: 300,
    size: 'max',
  })
  const bytes = fc
    .oneof(
      text.map(utf8),
      fc.uint8Array({ maxLength: 600, size: 'max' }),
      fc.nat(40_000).map((length) => new Uint8Array(length)),
    )
    .map((message) => new Uint8Array(message))
  const agreement: fc.Arbitrary<AgreedCompression> = fc.record({
    serverContextTakeover: fc.boolean(),
    clientContextTakeover: fc.boolean(),
    serverWindowBits: fc.integer({ min: 8, max: 15 }),
    clientWindowBits: fc.integer({ min: 8, max: 15 }),
  })
  const message = fc.record({
    data: bytes,
    cuts: fc.array(fc.nat(600), { maxLength: 3 }),
    compress: fc.boolean(),
  })
  fc.assert(
    fc.property(
      agreement,
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      fc.array(message, { minLength: 1, maxLength: 6 }),
      (agreed, level, streamed, messages) => {
        for (const role of roles) {
          const ends = compressions(agreed, { level })
          const peerRole = role === 'client' ? 'server' : 'client'
          const sender = openCore(peerRole, { compression: ends[peerRole] })
          const receiver = openCore(role, { compression: ends[role], streamed })
          const got: Uint8Array[] = []
          let parts: Uint8Array[] = []
          receiver.binary = (data) => got.push(data.slice())
          receiver.fragment = (data, _type, first, last) => {
            parts = first ? [data.slice()] : [...parts, data.slice()]
            if (last) got.push(concat(...parts))
          }
          for (const { data, cuts, compress } of messages) {
            if (cuts.length === 0) sender.connection.sendBinary(data, compress)
            else {
              const ends = [...new Set(cuts.map((cut) => Math.min(cut, data.length)))].sort((a, b) => a - b)
              let at = 0
              for (const [index, end] of [...ends, data.length].entries()) {
                sender.connection.sendFragment(
                  data.subarray(at, end),
                  'binary',
                  index === 0,
                  index === ends.length,
                  compress,
                )
                at = end
              }
            }
          }
          receiver.receive(sender.written())
          assert.deepEqual(receiver.events, [])
          assert.deepEqual(
            got.map(toHex),
            messages.map(({ data }) => toHex(data)),
          )
        }
      },
    ),
    { numRuns: 60, seed: 8 },
  )
})

test('a connection knows its compression, for those who broadcast', () => {
  const { server } = compressions()
  assert.equal(openCore('server', { compression: server }).connection.compression, server)
  assert.equal(openCore('server').connection.compression, undefined)
})

test('connections that compress a message to the same bytes share a key for broadcasts', () => {
  const key = (agreed: Partial<AgreedCompression>, level = 6) =>
    compressions(agreed, { level }).server.broadcastKey
  assert.equal(key({}), key({ clientContextTakeover: true, clientWindowBits: 9 }))
  assert.equal(key({ serverContextTakeover: true }), undefined)
  const keys = [key({}), key({}, 1), key({ serverWindowBits: 14 }), key({ serverWindowBits: 14 }, 1)]
  assert.equal(new Set(keys).size, 4)
  assert.equal(compressions({ clientContextTakeover: true }).client.broadcastKey, undefined)
})

test('a compressor is handed the window of its own side, no larger than agreed', () => {
  const windows: (Uint8Array | undefined)[] = []
  const deflate: Deflate = {
    ...nodeDeflate,
    deflate(data, windowBits, level, window) {
      windows.push(window)
      return nodeDeflate.deflate(data, windowBits, level, window)
    },
  }
  const agreed = { ...both, serverWindowBits: 9, clientWindowBits: 15 }
  const server = new MessageCompression('server', agreed, deflate, { thresholdBytes: 0, level: 6 })
  for (const length of [0, 500, 20, 600]) server.compress(new Uint8Array(length).fill(length), true, true)
  server.compress(new Uint8Array(0), true, true)
  assert.deepEqual(
    windows.map((window) => window?.length),
    [undefined, undefined, 500, 512, 512],
  )
  assert.deepEqual(windows[3], concat(new Uint8Array(492).fill(500), new Uint8Array(20).fill(20)))
})
