import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromJson, toJson } from '../../src/codec/json.ts'

test('bytes stand in JSON as base64 under a name of their own, wherever they are', () => {
  const value = { one: Uint8Array.of(1, 2, 3), list: ['x', new Uint8Array(0)] }
  const text = '{"one":{"$bytes":"AQID"},"list":["x",{"$bytes":""}]}'
  assert.equal(toJson(value), text)
  assert.deepEqual(fromJson(text), value)
  assert.equal(toJson(new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4)), '{"$bytes":"AQID"}')
})

test('what only looks like bytes stays what it is', () => {
  for (const text of ['{"$bytes":1}', '{"$bytes":"AQID","more":1}', '{"$bytes":"?"}', '"$bytes"']) {
    assert.equal(JSON.stringify(fromJson(text)), text)
  }
})

test('what is no JSON is a syntax error, with bytes or without', () => {
  assert.throws(() => fromJson('{'), SyntaxError)
  assert.throws(() => fromJson('{"$bytes":'), SyntaxError)
})

test('many bytes are no problem', () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index)
  assert.deepEqual(fromJson(toJson({ bytes })), { bytes })
})

test('property: every JSON value with bytes in it comes back', () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue({ maxDepth: 1 }),
      fc.uint8Array({ maxLength: 20 }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  fc.assert(
    fc.property(value, (value) => {
      // JSON knows one zero, and a key of that name means something else to object literals.
      const text = toJson(value)
      if (text.includes('__proto__') || text.includes('-0')) return
      assert.equal(toJson(fromJson(text)), text)
    }),
    { seed: 91 },
  )
})
