import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryBus } from '../../src/bus/memory-bus.ts'
import { busContract } from '../../src/testing/bus-contract.ts'
import { type FaultyBusOptions, faultyBus } from '../../src/testing/faulty-bus.ts'
import { seeded } from '../../src/testing/seeded.ts'

async function heardOver(options: FaultyBusOptions): Promise<string[]> {
  await using bus = faultyBus(memoryBus(), options)
  const heard: string[] = []
  for (const topic of ['a', 'b']) {
    await bus.subscribe(topic, {
      message: ({ position }) => heard.push(`${topic}${position.offset}`),
      gossip() {},
    })
  }
  for (let count = 0; count < 20; count++) for (const topic of ['a', 'b']) await bus.publish(topic, '')
  assert.deepEqual(heard, [])
  bus.deliverAll()
  assert.equal(bus.waiting, 0)
  return heard
}

test('deliveries overtake those of other topics, never those of their own', async () => {
  const heard = await heardOver({ random: seeded(1) })
  assert.equal(heard.length, 40)
  assert.notDeepEqual(heard.slice(0, 4), ['a1', 'b1', 'a2', 'b2'])
  for (const topic of ['a', 'b']) {
    const own = heard.filter((name) => name.startsWith(topic))
    assert.deepEqual(
      own,
      Array.from({ length: 20 }, (_, index) => `${topic}${index + 1}`),
    )
  }
})

test('some deliveries are lost, and the same ones with the same seed', async () => {
  const heard = await heardOver({ random: seeded(2), dropRate: 0.5 })
  assert.ok(heard.length > 5 && heard.length < 35)
  assert.deepEqual(await heardOver({ random: seeded(2), dropRate: 0.5 }), heard)
})

for (const { title, check } of busContract) {
  test(`without losses it is still a bus: ${title}`, async () => {
    await using bus = faultyBus(memoryBus(), { random: seeded(3) })
    const letThrough = setInterval(() => bus.deliverAll(), 1)
    await check(bus).finally(() => clearInterval(letThrough))
  })
}
