import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { Utf8Validator } from '../../src/util/utf8.ts'

/** Whether `bytes` can still become valid text: they are, with up to three bytes more. */
function canBeText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}

/** Where a fresh validator fails when it is given one byte after the other; the length if it does not. */
function failsAt(bytes: Uint8Array): number {
  const validator = new Utf8Validator()
  for (let at = 0; at < bytes.length; at++) if (!validator.push(bytes, at, at + 1)) return at
  return bytes.length
}

test('every sequence of two bytes fails exactly where TextDecoder does', () => {
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      const bytes = Uint8Array.of(first, second)
      const expected = !canBeText(bytes.subarray(0, 1)) ? 0 : canBeText(bytes) ? 2 : 1
      assert.equal(failsAt(bytes), expected, `${first} ${second}`)
    }
  }
})

test('every sequence of three and four bytes at the edges fails exactly where TextDecoder does', () => {
  const edges = [
    0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xef, 0xf0, 0xf4, 0xff,
  ]
  for (const first of [0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5]) {
    for (const second of edges) {
      for (const third of edges) {
        for (const fourth of edges) {
          const bytes = Uint8Array.of(first, second, third, fourth)
          let expected = 0
          while (expected < 4 && canBeText(bytes.subarray(0, expected + 1))) expected += 1
          assert.equal(failsAt(bytes), expected, bytes.join(' '))
        }
      }
    }
  }
})

const textLike = fc
  .array(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc
          .string({ unit: 'binary', maxLength: 60, size: 'max' })
          .map((text) => new TextEncoder().encode(text)),
      },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4 }) },
    ),
    { maxLength: 6 },
  )
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])))

test('agrees with TextDecoder in every split, with and without a fast check for the bulk', () => {
  const isValid = (bytes: Uint8Array) => isUtf8(bytes)
  fc.assert(
    fc.property(textLike, fc.array(fc.nat(200), { maxLength: 4 }), fc.nat(9), (bytes, cuts, offset) => {
      const memory = new Uint8Array(offset + bytes.length + 3).fill(0xff)
      memory.set(bytes, offset)
      const expected = canBeText(bytes)
      const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b)
      for (const bulk of [undefined, isValid]) {
        const validator = new Utf8Validator()
        let at = 0
        const valid = ends.every((end) => {
          const start = at
          at = end
          return validator.push(memory, offset + start, offset + end, bulk)
        })
        assert.equal(valid, expected)
        if (valid) assert.equal(validator.complete, isUtf8(bytes))
      }
    }),
    { numRuns: 500, seed: 20 },
  )
})

test('fails at the same push with and without the fast check', () => {
  const isValid = (bytes: Uint8Array) => isUtf8(bytes)
  fc.assert(
    fc.property(fc.nat(200), fc.nat(200), fc.integer({ min: 1, max: 130 }), (before, after, step) => {
      const bytes = new TextEncoder().encode(`${'é'.repeat(before)}?${'€'.repeat(after)}`)
      bytes[before * 2] = 0xff
      const plain = new Utf8Validator()
      const fast = new Utf8Validator()
      for (let at = 0; at < bytes.length; at += step) {
        const end = Math.min(at + step, bytes.length)
        const expected = plain.push(bytes, at, end)
        assert.equal(fast.push(bytes, at, end, isValid), expected)
        assert.equal(expected, end <= before * 2)
        if (!expected) return
      }
    }),
    { numRuns: 200, seed: 21 },
  )
})

test('takes nothing over from before a reset', () => {
  const validator = new Utf8Validator()
  for (const start of [[0xe0], [0xed], [0xf0], [0xf4], [0xe2, 0x82]]) {
    assert.equal(validator.push(Uint8Array.from(start), 0, start.length), true)
    assert.equal(validator.complete, false)
    validator.reset()
    assert.equal(validator.complete, true)
    assert.equal(validator.push(Uint8Array.of(0xc3, 0x80), 0, 2), true)
    assert.equal(validator.complete, true)
  }
})
