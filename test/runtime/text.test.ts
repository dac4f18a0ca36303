import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { plainText } from '../../src/protocol/text.ts'
import { nodeText } from '../../src/runtime/node/text.ts'

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ maxLength: 140 }),
)

test('Node’s text codec encodes as the plain one, wherever the text goes', () => {
  fc.assert(
    fc.property(anyText, fc.nat(9), (text, offset) => {
      const length = plainText.byteLength(text)
      assert.equal(nodeText.byteLength(text), length)
      const [ours, plain] = [new Uint8Array(offset + length + 3), new Uint8Array(offset + length + 3)]
      assert.equal(nodeText.encodeInto(text, ours.subarray(1), offset), length)
      assert.equal(plainText.encodeInto(text, plain.subarray(1), offset), length)
      assert.deepEqual(ours, plain)
    }),
  )
})

test('Node’s text codec decodes as the plain one, valid or not', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        anyText.map((text) => new TextEncoder().encode(text)),
      ),
      fc.nat(5),
      (bytes, start) => {
        const from = Math.min(start, bytes.length)
        assert.equal(nodeText.decode(bytes, from, bytes.length), plainText.decode(bytes, from, bytes.length))
        assert.equal(
          nodeText.decode(Buffer.from(bytes), from, bytes.length),
          plainText.decode(bytes, from, bytes.length),
        )
      },
    ),
  )
})
