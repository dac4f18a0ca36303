import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { nodeDeflate } from '../../src/runtime/node/deflate.ts'
import { Inflate } from '../../src/util/inflate.ts'
import { concat, hex, utf8 } from '../protocol/frames.ts'

const finishFlush = constants.Z_SYNC_FLUSH
const MiB = 1_048_576

/** A deflated stretch of zeros, a thousandth of its size, made piece by piece. */
function zeros(bytes: number): Uint8Array {
  const block = deflateRawSync(new Uint8Array(16 * MiB), { finishFlush })
  return concat(...Array.from({ length: bytes / (16 * MiB) }, () => block))
}

test('Node honours the window of what came before', () => {
  assert.equal(nodeDeflate.windows, true)
})

test('what is deflated ends with the flush, and nothing deflates to the flush alone', () => {
  for (const window of [undefined, utf8('before')]) {
    const { deflate } = nodeDeflate
    assert.deepEqual(new Uint8Array(deflate(new Uint8Array(0), 15, 6, window)), hex`00 00 00 ff ff`)
    assert.deepEqual(new Uint8Array(deflate(utf8('Hello'), 15, 6, window).subarray(-4)), hex`00 00 ff ff`)
  }
})

test('what is deflated is inflated again, with any window bits, level and window', () => {
  const text = fc
    .string({ unit: fc.constantFrom('a', 'b', 'hello', '€'), maxLength: 1500, size: 'max' })
    .map(utf8)
  fc.assert(
    fc.property(
      text,
      text,
      fc.integer({ min: 8, max: 15 }),
      fc.integer({ min: 1, max: 9 }),
      (data, before, bits, level) => {
        const window = before.length === 0 ? undefined : before.subarray(-(2 ** bits))
        const deflated = nodeDeflate.deflate(data, bits, level, window)
        assert.deepEqual(nodeDeflate.inflate(deflated, bits, data.length, window), data)
        assert.deepEqual(concat(...nodeDeflate.inflater(bits, window).push(deflated)), data)
        if (data.length > 0)
          assert.equal(nodeDeflate.inflate(deflated, bits, data.length - 1, window), 'tooLarge')
      },
    ),
    { numRuns: 150, seed: 30 },
  )
})

test('with window bits 8 nothing refers back further than 256 bytes', () => {
  // Every distance from 1 to 600 is tempting somewhere.
  const noise = Uint8Array.from({ length: 4000 }, (_, index) => Math.imul(index, 0x9e37_79b9) >>> 24)
  for (let level = 1; level <= 9; level++) {
    for (let distance = 200; distance <= 600; distance += 7) {
      const data = concat(
        noise.subarray(0, distance),
        noise.subarray(0, distance),
        new Uint8Array(300),
        noise,
      )
      for (const window of [undefined, noise.subarray(0, 256)]) {
        const inflate = new Inflate(8, window)
        const parts = inflate.push(nodeDeflate.deflate(data, 8, level, window))
        assert.equal(inflate.corrupt, false, `level ${level}, distance ${distance}`)
        assert.ok(Buffer.concat(parts).equals(data))
      }
    }
  }
})

test('the limit is exact', () => {
  const data = new Uint8Array(100_000)
  const deflated = nodeDeflate.deflate(data, 15, 6, undefined)
  assert.equal((nodeDeflate.inflate(deflated, 15, 100_000, undefined) as Uint8Array).length, 100_000)
  assert.equal(
    (nodeDeflate.inflate(deflated, 15, Number.POSITIVE_INFINITY, undefined) as Uint8Array).length,
    100_000,
  )
  for (const limit of [99_999, 1, 0])
    assert.equal(nodeDeflate.inflate(deflated, 15, limit, undefined), 'tooLarge')
  const one = nodeDeflate.deflate(Uint8Array.of(7), 15, 6, undefined)
  assert.deepEqual(nodeDeflate.inflate(one, 15, 1, undefined), Uint8Array.of(7))
  assert.equal(nodeDeflate.inflate(one, 15, 0, undefined), 'tooLarge')
  assert.deepEqual(nodeDeflate.inflate(hex`00 00 00 ff ff`, 15, 0, undefined), new Uint8Array(0))
})

test('a bomb of 1 GiB stops at the limit, and memory does not grow with it', () => {
  const bomb = zeros(1024 * MiB)
  assert.ok(bomb.length < 2 * MiB)
  for (const bytes of [bomb, concat(deflateRawSync(utf8('a final block first')), bomb)]) {
    const before = process.memoryUsage().rss
    assert.equal(nodeDeflate.inflate(bytes, 15, MiB, undefined), 'tooLarge')
    assert.ok(process.memoryUsage().rss - before < 64 * MiB)
  }
})

test('a bomb of 1 GiB given piece by piece makes no more at a time than a piece can', () => {
  const bomb = zeros(1024 * MiB).subarray(0, 64 * 1024)
  const inflater = nodeDeflate.inflater(15, undefined)
  for (let at = 0; at < bomb.length; at += 1024) {
    let made = 0
    for (const part of inflater.push(bomb.subarray(at, at + 1024))) made += part.length
    assert.ok(made <= 1024 * 1033)
  }
  inflater.close()
})

test('what is corrupt is said to be', () => {
  for (const data of [hex`ff ff`, hex`06`, hex`00 05 00 00 00 00 00`, hex`f3 48 cd c9 c9 07 00 ff`]) {
    assert.equal(nodeDeflate.inflate(data, 15, MiB, undefined), 'corrupt')
  }
})

test('RFC 7692 §7.2.1 a message may go on behind a final block', () => {
  const final = deflateRawSync(utf8('Hello, '))
  const rest = deflateRawSync(utf8('you'), { finishFlush })
  assert.deepEqual(nodeDeflate.inflate(concat(final, rest), 15, 10, undefined), utf8('Hello, you'))
  assert.equal(nodeDeflate.inflate(concat(final, rest), 15, 9, undefined), 'tooLarge')
})

test('thousands of empty final blocks take no thousandfold time', () => {
  const blocks = concat(...Array.from({ length: 100_000 }, () => hex`03 00`))
  const before = process.cpuUsage()
  assert.deepEqual(nodeDeflate.inflate(blocks, 15, MiB, undefined), new Uint8Array(0))
  const { user, system } = process.cpuUsage(before)
  assert.ok(user + system < 2_000_000)
})

test('a small message does not keep a large block of memory', () => {
  const inflated = nodeDeflate.inflate(
    nodeDeflate.deflate(utf8('small'), 15, 6, undefined),
    15,
    MiB,
    undefined,
  )
  assert.ok(inflated instanceof Uint8Array && inflated.constructor === Uint8Array)
  assert.ok(inflated.buffer.byteLength <= 2 * inflated.length)
})
