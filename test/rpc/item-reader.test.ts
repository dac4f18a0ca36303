import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ItemReader } from '../../src/rpc/item-reader.ts'
import { ItemWriter } from '../../src/rpc/item-writer.ts'

const silent = { more() {}, cancel() {} }

test('items are read in order, then the stream ends', async () => {
  const reader = new ItemReader<number>(silent)
  reader.push(1)
  const [first, second, third] = [reader.next(), reader.next(), reader.next()]
  reader.push(2)
  reader.end()
  assert.deepEqual(await Promise.all([first, second, third]), [
    { done: false, value: 1 },
    { done: false, value: 2 },
    { done: true, value: undefined },
  ])
  assert.deepEqual(await reader.next(), { done: true, value: undefined })
})

test('an error comes once, behind the items', async () => {
  const reader = new ItemReader<number>(silent)
  reader.push(1)
  reader.end(new Error('broken'))
  assert.deepEqual(await reader.next(), { done: false, value: 1 })
  await assert.rejects(reader.next(), /broken/)
  assert.deepEqual(await reader.next(), { done: true, value: undefined })
})

test('a reader that breaks off tells the sender once', async () => {
  let cancelled = 0
  const reader = new ItemReader<number>({ more() {}, cancel: () => (cancelled += 1) })
  reader.push(1)
  reader.push(2)
  for await (const item of reader) {
    assert.equal(item, 1)
    break
  }
  await reader.return()
  assert.equal(cancelled, 1)
  assert.equal(reader.push(3), true)
})

test('property: reader and writer together lose nothing, double nothing and stay within the credit', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 200 }),
      fc.integer({ min: 1, max: 50 }),
      async (count, pause) => {
        let writer: ItemWriter<number> | undefined
        const reader = new ItemReader<number>({ more: (items) => writer?.more(items), cancel() {} })
        writer = new ItemWriter((item) => assert.equal(reader.push(item), true))
        const sent = writer
          .sendAll(Array.from({ length: count }, (_, index) => index))
          .then(() => reader.end())
        const received: number[] = []
        for await (const item of reader) {
          received.push(item)
          if (received.length % pause === 0) await new Promise(setImmediate)
        }
        await sent
        assert.deepEqual(
          received,
          Array.from({ length: count }, (_, index) => index),
        )
      },
    ),
    { numRuns: 40, seed: 55 },
  )
})
