import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesOf, copyOf } from '../../src/util/bytes.ts'
import { joined } from '../../src/util/joined.ts'

test('the bytes of any buffer or view are those it shows, without a copy', () => {
  const buffer = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer
  assert.deepEqual([...bytesOf(buffer)], [1, 2, 3, 4, 5, 6, 7, 8])
  assert.deepEqual([...bytesOf(new DataView(buffer, 2, 3))], [3, 4, 5])
  assert.deepEqual([...bytesOf(new Uint16Array(buffer, 2, 2))], [3, 4, 5, 6])
  const view = new Uint8Array(buffer, 1, 2)
  assert.equal(bytesOf(view), view)
  assert.equal(bytesOf(new DataView(buffer)).buffer, buffer)
  assert.deepEqual([...bytesOf(new SharedArrayBuffer(2))], [0, 0])
})

test('what is no buffer has no bytes', () => {
  for (const wrong of [null, undefined, 1, [1, 2], {}]) {
    assert.throws(() => bytesOf(wrong as unknown as ArrayBuffer), TypeError)
  }
})

test('copies of any size are what they were taken of, and keep it', () => {
  const sizes = [0, 1, 7, 8, 47, 48, 49, 4_095, 4_096, 4_097, 70_000]
  const sources = sizes.flatMap((size) =>
    Array.from({ length: 20 }, (_, index) => new Uint8Array(size).fill(index + 1)),
  )
  const copies = sources.map(copyOf)
  sources.forEach((source, index) => {
    assert.deepEqual(copies[index], source)
    assert.notEqual(copies[index], source)
    assert.equal((copies[index] as Uint8Array).byteOffset % 8, 0)
  })
  for (const source of sources) source.fill(0xee)
  copies.forEach((copy, index) => {
    assert.ok(copy.every((byte) => byte === (index % 20) + 1))
  })
})

test('two arrays are joined in order; one with nothing stays itself', () => {
  const head = Uint8Array.of(1, 2)
  assert.deepEqual(joined(head, Uint8Array.of(3)), Uint8Array.of(1, 2, 3))
  assert.equal(joined(head, new Uint8Array(0)), head)
  assert.deepEqual(joined(new Uint8Array(0), head), head)
})
