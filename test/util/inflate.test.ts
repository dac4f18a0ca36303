import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { Inflate } from '../../src/util/inflate.ts'
import { concat, hex, hexBytes, toHex, utf8 } from '../protocol/frames.ts'

const finishFlush = constants.Z_SYNC_FLUSH

/** All of `data` inflated, given in pieces of `step` bytes. */
function inflated(
  data: Uint8Array,
  step: number,
  windowBits = 15,
  window?: Uint8Array,
): Uint8Array | 'corrupt' {
  const inflate = new Inflate(windowBits, window)
  const parts: Uint8Array[] = []
  for (let at = 0; at < data.length; at += step) {
    parts.push(...inflate.push(data.subarray(at, at + step)))
  }
  inflate.close()
  return inflate.corrupt ? 'corrupt' : concat(...parts)
}

/** Data of all kinds that compress well, badly, near and far. */
const data = fc.oneof(
  fc.uint8Array({ maxLength: 2000, size: 'max' }),
  fc.string({ unit: fc.constantFrom('a', 'b', 'hello ', 'é'), maxLength: 2000, size: 'max' }).map(utf8),
  fc.nat(70_000).map((length) => new Uint8Array(length)),
  fc
    .tuple(fc.integer(), fc.integer({ min: 1, max: 40_000 }), fc.nat(40_000))
    .map(([seed, period, length]) =>
      Uint8Array.from({ length }, (_, index) => Math.imul((index % period) + seed, 0x9e37_79b9) >>> 24),
    ),
)

test('what zlib deflates comes out again, with any settings, window and cuts', () => {
  fc.assert(
    fc.property(
      data,
      fc.option(data, { nil: undefined }),
      fc.record({
        windowBits: fc.integer({ min: 9, max: 15 }),
        level: fc.integer({ min: 0, max: 9 }),
        memLevel: fc.integer({ min: 1, max: 9 }),
        strategy: fc.constantFrom(
          constants.Z_DEFAULT_STRATEGY,
          constants.Z_FIXED,
          constants.Z_HUFFMAN_ONLY,
          constants.Z_RLE,
        ),
      }),
      fc.constantFrom(1, 2, 7, 100, 1024, 100_000),
      (message, before, settings, step) => {
        const window = before?.subarray(-(2 ** settings.windowBits))
        const compressed = deflateRawSync(message, {
          ...settings,
          finishFlush,
          ...(window !== undefined && window.length > 0 && { dictionary: window }),
        })
        const out = inflated(compressed, step, settings.windowBits, window)
        assert.notEqual(out, 'corrupt')
        assert.ok(Buffer.from(out as Uint8Array).equals(message))
      },
    ),
    { numRuns: 150, seed: 23 },
  )
})

test('damaged data is refused, or comes to what zlib makes of it', () => {
  fc.assert(
    fc.property(
      data.map((bytes) => bytes.subarray(0, 300)),
      fc.array(fc.tuple(fc.nat(200), fc.nat(7)), { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 9 }),
      (message, damage, memLevel) => {
        const compressed = new Uint8Array(deflateRawSync(message, { finishFlush, memLevel }))
        for (const [at, bit] of damage) {
          const index = at % compressed.length
          compressed[index] = (compressed[index] as number) ^ (1 << bit)
        }
        const ours = inflated(compressed, 1000)
        assert.deepEqual(inflated(compressed, 1), ours)
        let theirs: Uint8Array | 'corrupt'
        try {
          const options = { finishFlush, info: true }
          const made = inflateRawSync(compressed, options) as unknown as {
            buffer: Uint8Array
            engine: { bytesWritten: number }
          }
          // zlib stops at a final block, and we do not.
          if (made.engine.bytesWritten < compressed.length) return
          theirs = new Uint8Array(made.buffer)
        } catch {
          theirs = 'corrupt'
        }
        // We may see at once that the lengths of a code make none where zlib waits for its first use.
        if (theirs === 'corrupt' || ours !== 'corrupt') assert.deepEqual(ours, theirs)
      },
    ),
    { numRuns: 500, seed: 24 },
  )
})

const corrupt: readonly [what: string, data: string][] = [
  ['a block of the fourth type', '07'],
  ['a stored block whose lengths disagree', '00 05 00 00 00'],
  ['a match before anything was made', '03 02'],
  ['length symbol 286', '1b 03'],
  ['distance symbol 30', '4b 04 1e 00'],
  ['287 literal codes', 'f4 00 00'],
  ['31 distance codes', '04 1e 00'],
  ['too many length codes', '04 00 fe ff'],
  ['too few length codes', '04 00 24 49 00'],
  ['a repetition of no length', '04 00 24 e9 ff ff'],
]
for (const [what, bytes] of corrupt) {
  test(`RFC 1951 ${what} is corrupt, whole and byte by byte`, () => {
    const padded = concat(hexBytes(bytes), new Uint8Array(16))
    assert.equal(inflated(padded, 100), 'corrupt')
    assert.equal(inflated(padded, 1), 'corrupt')
    assert.throws(() => inflateRawSync(padded, { finishFlush }), 'zlib agrees')
  })
}

test('a match may reach as far back as the window, and no farther', () => {
  // One literal, then matches of distance 1; by hand: fixed codes, length 3, distance 257 (symbol 16, 7 extra bits).
  const far = (distanceSymbol: number, extra: string) => {
    const bits = `${'110'}${'0000001'}${distanceSymbol.toString(2).padStart(5, '0')}${extra}${'0000000'}`
    const bytes = new Uint8Array(Math.ceil(bits.length / 8))
    ;[...bits].forEach((bit, index) => {
      bytes[index >> 3] = (bytes[index >> 3] as number) | (Number(bit) << (index & 7))
    })
    return bytes
  }
  const window = Uint8Array.from({ length: 512 }, (_, index) => index)
  // 256 is symbol 15 with all six extra bits set; 257 is symbol 16 with none.
  assert.deepEqual(inflated(far(15, '111111'), 10, 8, window), Uint8Array.of(0, 1, 2))
  assert.equal(inflated(far(16, '0000000'), 10, 8, window), 'corrupt')
  assert.deepEqual(inflated(far(16, '0000000'), 10, 9, window), Uint8Array.of(255, 0, 1))
  assert.equal(inflated(far(15, '111111'), 10, 8, window.subarray(0, 255)), 'corrupt')
  // What was made within the same message lies there too, but out of reach.
  const stored = deflateRawSync(window, { level: 0, finishFlush })
  assert.equal((inflated(concat(stored, far(15, '111111')), 1000, 8) as Uint8Array).length, 515)
  assert.equal(inflated(concat(stored, far(16, '0000000')), 1000, 8), 'corrupt')
})

test('another block may follow a final one, at the next byte', () => {
  const final = deflateRawSync(utf8('one, '))
  const both = concat(final, final, deflateRawSync(utf8('two'), { finishFlush }))
  for (const step of [1, 3, 1000])
    assert.equal(toHex(inflated(both, step) as Uint8Array), toHex(utf8('one, one, two')))
})

test('a stored block longer than the room is taken in turns', () => {
  const message = Uint8Array.from({ length: 200_000 }, (_, index) => Math.imul(index, 0x9e37_79b9) >>> 24)
  const stored = deflateRawSync(message, { level: 0, finishFlush })
  for (const step of [999, 300_000])
    assert.ok(Buffer.from(inflated(stored, step, 9) as Uint8Array).equals(message))
})

test('pieces are bounded, however much one byte inflates to', () => {
  const inflate = new Inflate(15)
  for (const byte of deflateRawSync(new Uint8Array(1_000_000), { finishFlush })) {
    for (const part of inflate.push(Uint8Array.of(byte))) assert.ok(part.length <= 49_152)
  }
})

test('the input is not kept: it may be written over after the call', () => {
  const compressed = deflateRawSync(utf8('some words, and some words more'), { finishFlush })
  const inflate = new Inflate(15)
  const buffer = Buffer.alloc(2)
  const parts: Uint8Array[] = []
  for (let at = 0; at < compressed.length; at += 2) {
    const length = compressed.copy(buffer, 0, at)
    parts.push(...inflate.push(buffer.subarray(0, length)))
    buffer.fill(0xff)
  }
  assert.equal(toHex(concat(...parts)), toHex(utf8('some words, and some words more')))
})

test('the example of RFC 7692 §7.2.3.2 refers into the window', () => {
  assert.deepEqual(inflated(hex`f2 00 11 00 00 00 00 ff ff`, 1, 15, utf8('Hello')), utf8('Hello'))
})

test('what was made before a fault is handed out, and the same however the input is cut', () => {
  const fine = deflateRawSync(utf8('all of this is fine'), { finishFlush })
  for (const step of [1, 5, 100]) {
    const inflate = new Inflate(15)
    const parts: Uint8Array[] = []
    const bytes = concat(fine, hex`07 00 00`)
    for (let at = 0; at < bytes.length; at += step) parts.push(...inflate.push(bytes.subarray(at, at + step)))
    assert.equal(toHex(concat(...parts)), toHex(utf8('all of this is fine')))
    assert.equal(inflate.corrupt, true)
    assert.deepEqual(inflate.push(fine), [])
  }
})

/** A final block with codes for `a`, the end and length 3, and `distances` as the lengths of its distance code. */
function blockOfThree(distances: readonly (0 | 1)[], symbols: string): Uint8Array {
  const number = (value: number, count: number) =>
    [...value.toString(2).padStart(count, '0')].reverse().join('')
  // Symbols 0, 1, 2 and 18 of the code for lengths have two bits each, in the order of §3.2.7.
  const lengthsOfLengths = [0, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2].map((length) =>
    number(length, 3),
  )
  const bits = [
    `1${number(2, 2)}`,
    number(1, 5) + number(distances.length - 1, 5) + number(18 - 4, 4),
    ...lengthsOfLengths,
    `11${number(97 - 11, 7)}`,
    '01',
    `11${number(127, 7)}11${number(20 - 11, 7)}`,
    '1010',
    ...distances.map((length) => (length === 0 ? '00' : '01')),
    symbols,
  ].join('')
  const bytes = new Uint8Array(Math.ceil(bits.length / 8))
  ;[...bits].forEach((bit, index) => {
    bytes[index >> 3] = (bytes[index >> 3] as number) | (Number(bit) << (index & 7))
  })
  return bytes
}

test('RFC 1951 §3.2.7 a block may have one distance code of one bit, or none', () => {
  const [a, end, three] = ['0', '10', '11']
  const both = (data: Uint8Array) => [inflated(data, 100), inflated(data, 1)]
  const text = utf8('aaaa')
  assert.deepEqual(both(blockOfThree([1], `${a}${three}0${end}`)), [text, text])
  assert.deepEqual(both(blockOfThree([1], `${a}${three}1${end}`)), ['corrupt', 'corrupt'])
  assert.deepEqual(both(blockOfThree([0], `${a}${a}${end}`)), [utf8('aa'), utf8('aa')])
  assert.deepEqual(both(blockOfThree([0], `${a}${three}0${end}`)), ['corrupt', 'corrupt'])
  assert.deepEqual(both(blockOfThree([1, 1], `${a}${three}0${end}`)), [text, text])
  // The same by zlib.
  assert.deepEqual(new Uint8Array(inflateRawSync(blockOfThree([1], `${a}${three}0${end}`))), text)
  assert.throws(() => inflateRawSync(blockOfThree([0], `${a}${three}0${end}`)))
})
