import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { messagePack } from '../../src/codec/message-pack.ts'

const codec = messagePack()
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

const examples: readonly [value: unknown, bytes: string][] = [
  [{ compact: true, schema: 0 }, '82 a7 636f6d70616374 c3 a6 736368656d61 00'],
  [null, 'c0'],
  [false, 'c2'],
  [127, '7f'],
  [128, 'cc 80'],
  [256, 'cd 0100'],
  [65_536, 'ce 00010000'],
  [4_294_967_296, 'cf 0000000100000000'],
  [-1, 'ff'],
  [-32, 'e0'],
  [-33, 'd0 df'],
  [-129, 'd1 ff7f'],
  [-32_769, 'd2 ffff7fff'],
  [-2_147_483_649, 'd3 ffffffff7fffffff'],
  [1.5, 'cb 3ff8000000000000'],
  ['é', 'a2 c3a9'],
  ['x'.repeat(32), `d9 20 ${'78'.repeat(32)}`],
  ['é'.repeat(16), `d9 20 ${'c3a9'.repeat(16)}`],
  [Uint8Array.of(1, 2, 3), 'c4 03 010203'],
  [[1, [2]], '92 01 91 02'],
  [Array(16).fill(0), `dc 0010 ${'00'.repeat(16)}`],
]

for (const [value, bytes] of examples) {
  test(`${JSON.stringify(value)?.slice(0, 40)} is ${bytes.slice(0, 30)}, both ways`, () => {
    assert.equal(hex(codec.encode(value)), bytes.replaceAll(' ', ''))
    assert.deepEqual(codec.decode(bytesOf(bytes)), value)
  })
}

test('what others write longer than needed is read too', () => {
  assert.equal(codec.decode(bytesOf('ce 00000001')), 1)
  assert.equal(codec.decode(bytesOf('ca 3fc00000')), 1.5)
  assert.equal(codec.decode(bytesOf('db 00000001 78')), 'x')
  assert.deepEqual(codec.decode(bytesOf('df 00000001 a1 78 c0')), { x: null })
  assert.deepEqual(codec.decode(bytesOf('c6 00000001 07')), Uint8Array.of(7))
})

test('absent is not null: what JSON leaves out is left out, what it makes null is null', () => {
  const value = { gone: undefined, call() {}, none: null, list: [undefined, 1], date: new Date(0) }
  const read = codec.decode(codec.encode(value))
  assert.deepEqual(read, { none: null, list: [null, 1], date: '1970-01-01T00:00:00.000Z' })
})

const wrong: readonly [title: string, bytes: string][] = [
  ['nothing at all', ''],
  ['a text that ends too early', 'a5 6869'],
  ['a list that says it has four thousand million elements', 'dd ffffffff 00'],
  ['a map that does', 'df ffffffff'],
  ['bytes that do', 'c6 ffffffff 00'],
  ['something behind the value', 'c0 c0'],
  ['a type nobody uses', 'c1'],
  ['an extension', 'd4 01 00'],
  ['a key that is a number', '81 01 02'],
  ['text that is no UTF-8', 'a1 ff'],
]
for (const [title, bytes] of wrong) {
  test(`${title} is an error`, () => {
    assert.throws(() => codec.decode(bytesOf(bytes)), Error)
  })
}

test('lists in lists that each say they are huge take no memory, and nesting has an end', () => {
  const piece = bytesOf('dd 01000000')
  const bytes = new Uint8Array(piece.length * 100_000)
  for (let at = 0; at < bytes.length; at += piece.length) bytes.set(piece, at)
  const before = process.memoryUsage().rss
  assert.throws(() => codec.decode(bytes), SyntaxError)
  assert.ok(process.memoryUsage().rss - before < 200_000_000)
  let deep: unknown = 1
  for (let count = 0; count < 600; count++) deep = [deep]
  assert.throws(() => codec.encode(deep), TypeError)
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  assert.throws(() => codec.encode(circular), TypeError)
})

test('a key of a prototype is a key like any other', () => {
  const read = codec.decode(codec.encode(JSON.parse('{"__proto__":{"admin":true}}'))) as object
  assert.deepEqual(Object.keys(read), ['__proto__'])
  assert.equal((read as { admin?: boolean }).admin, undefined)
})

test('as text it does not look like JSON, and comes back', () => {
  const bytes = codec.encode({ type: 'ping' })
  const text = codec.toText(bytes)
  assert.match(text, /^msgpack:[A-Za-z0-9+/=]+$/)
  assert.deepEqual(codec.fromText(text), new Uint8Array(bytes))
  for (const wrong of ['{"type":"ping"}', 'msgpack:?', 'AAAA'])
    assert.throws(() => codec.fromText(wrong), SyntaxError)
})

test('property: values of JSON come back as JSON has them, and bytes as they are', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(codec.decode(codec.encode(value)), value)
    }),
    { seed: 92, numRuns: 500 },
  )
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 70_000, size: 'max' }),
      fc.string({ unit: 'binary', maxLength: 300 }),
      (bytes, text) => {
        assert.deepEqual(codec.decode(codec.encode({ bytes, text })), { bytes, text })
      },
    ),
    { seed: 93 },
  )
})

test('fuzz: whatever bytes come, it answers with a value or an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        codec.encode(codec.decode(bytes))
      } catch (error) {
        assert.ok(error instanceof Error)
      }
    }),
    { seed: 94, numRuns: 3_000 },
  )
})
