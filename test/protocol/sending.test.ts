import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Arena, type TextCodec } from '../../src/protocol/index.ts'
import { plainText } from '../../src/protocol/text.ts'
import { nodeText } from '../../src/runtime/node/text.ts'
import { bytesText, compressions, openCore, quoted, roles } from './core.ts'
import { opcodes, peerFrame, utf8 } from './frames.ts'

for (const role of roles) {
  test(`§5.6 ${role} sends text of any length as one UTF-8 text frame`, () => {
    for (const length of [0, 1, 41, 42, 43, 125, 126, 127, 65_535, 65_536]) {
      for (const character of ['a', 'é', '€', '😀']) {
        const core = openCore(role)
        core.connection.sendText(character.repeat(length))
        assert.deepEqual(core.sent(), [`text ${bytesText(utf8(character.repeat(length)))}`])
      }
    }
  })

  test(`${role} sends a lone surrogate as U+FFFD`, () => {
    for (const text of [
      '\ud800',
      '\udc00',
      'a\ud83d',
      '\ude00b',
      `${'x'.repeat(50)}\ud83d`,
      '\ud800\ud800\udc00',
    ]) {
      const core = openCore(role)
      core.connection.sendText(text)
      assert.deepEqual(core.sent(), [`text ${bytesText(utf8(text))}`])
    }
  })

  test(`${role} copies binary data: it may change after the call`, () => {
    for (const length of [3, 47, 48, 49, 1000]) {
      const core = openCore(role)
      const data = new Uint8Array(length).fill(7)
      core.connection.sendBinary(data)
      data.fill(9)
      assert.deepEqual(core.frames()[0]?.payload, new Uint8Array(length).fill(7))
    }
  })

  test(`${role} writes into an arena of any size`, () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.array(fc.nat(400), { maxLength: 12, size: 'max' }),
        (size, lengths) => {
          const core = openCore(role, { arena: new Arena(size) })
          for (const [index, length] of lengths.entries()) {
            if (index % 2 === 0) core.connection.sendBinary(new Uint8Array(length).fill(index))
            else core.connection.sendText('é'.repeat(length))
          }
          assert.deepEqual(
            core.sent(),
            lengths.map((length, index) =>
              index % 2 === 0
                ? `binary ${bytesText(new Uint8Array(length).fill(index))}`
                : `text ${bytesText(utf8('é'.repeat(length)))}`,
            ),
          )
        },
      ),
      { numRuns: 60, seed: 2 },
    )
  })

  test(`RFC 7692 §6 ${role} compresses from the threshold on, and when asked to`, () => {
    for (const length of [0, 9, 10, 11]) {
      const core = openCore(role, { compression: compressions({}, { thresholdBytes: 10 })[role] })
      const data = new Uint8Array(length).fill(0x61)
      core.connection.sendBinary(data)
      core.connection.sendBinary(data, false)
      core.connection.sendText('a'.repeat(length))
      core.connection.sendText('a'.repeat(length), false)
      core.connection.sendPing(data)
      const compressed = length >= 10 ? 4 : 0
      assert.deepEqual(
        core.frames().map(({ rsv }) => rsv),
        [compressed, 0, compressed, 0, 0],
      )
    }
  })

  test(`RFC 7692 §6.1 ${role} sets RSV1 on the first fragment of a compressed message only`, () => {
    const core = openCore(role, { compression: compressions()[role] })
    const { connection } = core
    connection.sendFragment(utf8('one'), 'text', true, false)
    connection.sendFragment(utf8('two'), 'text', false, false)
    connection.sendFragment(new Uint8Array(0), 'text', false, true)
    connection.sendFragment(utf8('plain'), 'binary', true, false, false)
    // The first fragment decides, whatever is said later.
    connection.sendFragment(utf8('still plain'), 'binary', false, true, true)
    const frames = core.frames()
    assert.deepEqual(
      frames.map(({ opcode, rsv, fin }) => [opcode, rsv, fin]),
      [
        [opcodes.text, 4, false],
        [opcodes.continuation, 0, false],
        [opcodes.continuation, 0, true],
        [opcodes.binary, 0, false],
        [opcodes.continuation, 0, true],
      ],
    )
    assert.deepEqual(frames[2]?.payload, Uint8Array.of(0))
    assert.deepEqual(frames[4]?.payload, utf8('still plain'))
  })
}

for (const role of roles) {
  test(`${role} writes a large payload piece by piece, and says between them that it is time to send`, () => {
    for (const length of [65_535, 65_536, 65_537, 131_072, 300_001]) {
      const data = Uint8Array.from({ length }, (_, index) => index * 7)
      const core = openCore(role)
      const sizes: number[] = []
      core.full = () => {
        sizes.push(core.connection.output.pending)
        core.written()
      }
      core.connection.sendBinary(data)
      assert.equal(sizes.length, Math.ceil(length / 65_536) - 1)
      for (const size of sizes) assert.ok(size <= 65_536 + 14)
      assert.deepEqual(core.sent(), [`binary ${bytesText(data)}`])
    }
  })

  test(`${role} writes a long text piece by piece, whatever its characters take`, () => {
    for (const text of ['a'.repeat(70_000), '€'.repeat(70_000), 'é😀'.repeat(30_000)]) {
      const core = openCore(role)
      core.full = () => void core.written()
      core.connection.sendText(text)
      assert.deepEqual(core.sent(), [`text ${bytesText(utf8(text))}`])
    }
  })

  test(`${role} whose link goes between the pieces of a large payload writes no further one`, () => {
    const core = openCore(role)
    core.full = () => core.connection.linkClosed()
    core.connection.sendBinary(new Uint8Array(300_000))
    assert.equal(core.connection.output.pending, 0)
  })

  test(`${role} takes memory for large messages from where it is told to`, () => {
    const asked: number[] = []
    const allocate = (bytes: number) => {
      asked.push(bytes)
      return new Uint8Array(bytes).fill(0xee)
    }
    const core = openCore(role, { allocate })
    core.connection.sendText('€'.repeat(30_000))
    core.connection.sendText('€'.repeat(70_000))
    assert.deepEqual(asked, [210_000])
    asked.length = 0
    const bytes = peerFrame(role, opcodes.text, 'é'.repeat(50_000))
    core.receive(bytes.subarray(0, 70_000), bytes.subarray(70_000))
    assert.deepEqual(core.events, ['text "é"*50000'])
    assert.deepEqual(asked, [100_000])
  })
}

const codecs: readonly [name: string, codec: TextCodec][] = [
  ['plain', plainText],
  ['Node’s', nodeText],
]
for (const [name, codec] of codecs) {
  test(`${name} text codec measures, writes and reads text like TextEncoder and TextDecoder`, () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
        (text) => {
          const bytes = utf8(text)
          assert.equal(codec.byteLength(text), bytes.length)
          const room = new Uint8Array(bytes.length + 5).fill(0xee)
          assert.equal(codec.encodeInto(text, room, 3), bytes.length)
          assert.deepEqual(room.subarray(3, 3 + bytes.length), bytes)
          assert.deepEqual([room[2], room.at(-1)], [0xee, 0xee])
          assert.equal(
            codec.decode(room, 3, 3 + bytes.length),
            new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
          )
          assert.equal(codec.isValid(bytes), true)
        },
      ),
      { numRuns: 300, seed: 3 },
    )
  })

  test(`${name} text codec refuses what is not UTF-8, and keeps a byte order mark`, () => {
    assert.equal(codec.decode(Uint8Array.of(0x61, 0xff, 0x62), 0, 3), undefined)
    assert.equal(codec.decode(Uint8Array.of(0x61, 0xff, 0x62), 2, 3), 'b')
    assert.equal(codec.isValid(Uint8Array.of(0xed, 0xa0, 0x80)), false)
    assert.equal(quoted(codec.decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), 0, 4) ?? ''), quoted('\ufeffa'))
  })
}
