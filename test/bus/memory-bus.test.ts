import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { BusMessage } from '../../src/bus/contract.ts'
import { memoryBus } from '../../src/bus/memory-bus.ts'
import { busContract } from '../../src/testing/bus-contract.ts'
import { testContract } from '../../src/testing/contract.ts'

testContract((title, check) => test(`contract: ${title}`, check), busContract, memoryBus)

const retain = { limit: 10, ttlMs: 1_000 }

test('a message is kept for its time', async () => {
  let now = 0
  await using bus = memoryBus({ now: () => now })
  await bus.publish('topic', 'a', { retain })
  now = 500
  await bus.publish('topic', 'b', { retain })
  now = 1_000
  const { messages } = await bus.history('topic', { limit: 10 })
  assert.deepEqual(
    messages.map(({ data }) => data),
    ['b'],
  )
})

test('an id is remembered for its window', async () => {
  let now = 0
  await using bus = memoryBus({ now: () => now, idWindowMs: 1_000 })
  const first = await bus.publish('topic', 'a', { id: 'one' })
  now = 999
  assert.deepEqual(await bus.publish('topic', 'a', { id: 'one' }), first)
  now = 1_000
  assert.equal((await bus.publish('topic', 'a', { id: 'one' })).offset, 2)
})

test('a lease ends with its time', async () => {
  let now = 0
  await using bus = memoryBus({ now: () => now })
  const lease = await bus.lease('leader', 1_000)
  now = 1_000
  assert.equal(await lease?.renew(), false)
  assert.notEqual(await bus.lease('leader', 1_000), undefined)
})

test('idle topics are forgotten, and begin a new epoch when somebody comes back', async () => {
  let now = 0
  await using bus = memoryBus({ now: () => now, idWindowMs: 1_000 })
  const idle = await bus.publish('idle', 'a')
  const kept = await bus.subscribe('kept', { message() {}, gossip() {} })
  now = 2_000
  for (let topic = 0; topic < 1_000; topic++) await bus.publish(`topic ${topic}`, 'a')
  assert.notEqual((await bus.publish('idle', 'b')).epoch, idle.epoch)
  assert.equal((await bus.publish('kept', 'b')).epoch, kept.position.epoch)
})

test('who subscribes while a message is being delivered does not hear that one', async () => {
  await using bus = memoryBus()
  const late: string[] = []
  await bus.subscribe('topic', {
    message({ data }) {
      if (data === 'a')
        void bus.subscribe('topic', { message: (message) => late.push(message.data), gossip() {} })
    },
    gossip() {},
  })
  await bus.publish('topic', 'a')
  await bus.publish('topic', 'b')
  assert.deepEqual(late, ['b'])
})

test('property: history since any position and what is delivered from then on are the whole, once', async () => {
  const step = fc.constantFrom('publish', 'leave', 'return')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      await using bus = memoryBus()
      const keepAll = { limit: 1_000, ttlMs: 1_000_000 }
      const heard: number[] = []
      const message = ({ position }: BusMessage): void => {
        heard.push(position.offset)
      }
      let subscription = await bus.subscribe('topic', { message, gossip() {} })
      const { epoch } = subscription.position
      let published = 0
      const comeBack = async (): Promise<void> => {
        subscription.unsubscribe()
        subscription = await bus.subscribe('topic', { message, gossip() {} })
        const page = await bus.history('topic', { since: { epoch, offset: heard.length }, limit: 1_000 })
        assert.equal(page.complete, true)
        for (const missed of page.messages) message(missed)
      }
      for (const what of steps) {
        if (what === 'publish') {
          published += 1
          await bus.publish('topic', String(published), { retain: keepAll })
        } else if (what === 'leave') subscription.unsubscribe()
        else await comeBack()
      }
      await comeBack()
      assert.deepEqual(
        heard,
        Array.from({ length: published }, (_, index) => index + 1),
      )
    }),
    { numRuns: 50, seed: 50 },
  )
})
