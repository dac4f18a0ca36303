import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { memoryBus } from '../../src/bus/memory-bus.ts'
import { Feed, type FeedMember } from '../../src/channels/feed.ts'
import type { Position } from '../../src/codec/frame.ts'
import { faultyBus } from '../../src/testing/faulty-bus.ts'
import { seeded } from '../../src/testing/seeded.ts'

/** A member that notes what it hears: bodies, and `lost` where it was told of a gap. */
class Notes implements FeedMember {
  readonly all: (number | 'lost')[] = []
  write(event: Parameters<FeedMember['write']>[0]): void {
    this.all.push(event.type === 'publish' ? (event.body as number) : 'lost')
  }
}

const silent = { gossip() {}, failed() {} }
const message = (body: number): string => JSON.stringify({ event: 'message', body })

/** Lets everything run that waits for nothing but promises. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('property: over a bus that delays and loses, with history, members hear everything once and in order', async () => {
  const step = fc.constantFrom('publish', 'publish', 'deliver', 'settle', 'check')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), fc.integer(), async (steps, seed) => {
      const retain = { limit: 1_000, ttlMs: 1_000_000 }
      await using bus = faultyBus(memoryBus(), { random: seeded(seed), dropRate: 0.3 })
      const feed = await Feed.open(bus, 'room', silent)
      const notes = new Notes()
      feed.add(notes)
      let published = 0
      for (const what of steps) {
        if (what === 'publish') {
          published += 1
          await bus.publish('room', message(published), { retain })
        } else if (what === 'deliver') bus.deliverOne()
        else if (what === 'settle') await settled()
        else await feed.check()
      }
      bus.deliverAll()
      await settled()
      await feed.check()
      assert.deepEqual(
        notes.all,
        Array.from({ length: published }, (_, index) => index + 1),
      )
      assert.equal(feed.position.offset, published)
    }),
    { numRuns: 60, seed: 65 },
  )
})

test('property: without history a loss is told, and what is heard is in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.integer(), async (count, seed) => {
      await using bus = faultyBus(memoryBus(), { random: seeded(seed), dropRate: 0.3 })
      const feed = await Feed.open(bus, 'room', silent)
      const notes = new Notes()
      feed.add(notes)
      for (let body = 1; body <= count; body++) {
        await bus.publish('room', message(body))
        bus.deliverAll()
        await settled()
      }
      await feed.check()
      let last = 0
      let lost = false
      for (const note of notes.all) {
        if (note === 'lost') lost = true
        else {
          assert.ok(note > last)
          assert.ok(note === last + 1 || lost, `${note} after ${last}, and nobody said so`)
          last = note
          lost = false
        }
      }
      assert.ok(last === count || lost)
    }),
    { numRuns: 60, seed: 66 },
  )
})

test('property: whoever joins with a position gets what is behind it, and from then on everything, once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ max: 15, min: 0 }),
      fc.integer({ max: 15, min: 0 }),
      fc.integer(),
      async (before, after, seed) => {
        const retain = { limit: 1_000, ttlMs: 1_000_000 }
        const random = seeded(seed)
        await using bus = faultyBus(memoryBus(), { random })
        const feed = await Feed.open(bus, 'room', silent)
        const total = before + after
        let since: Position = { ...feed.position }
        for (let body = 1; body <= total; body++) {
          const position = await bus.publish('room', message(body), { retain })
          if (body === before) since = position
          if (random() < 0.5) bus.deliverOne()
        }
        const notes = new Notes()
        let missed: unknown[] = []
        let from = 0
        const joined = feed.catchUp(since, (found) => {
          missed = found?.map(({ body }) => body) ?? ['gone']
          from = feed.position.offset
          feed.add(notes)
        })
        bus.deliverOne()
        await joined
        bus.deliverAll()
        const heard = [
          ...(missed ?? []),
          ...notes.all.filter((body) => (body as number) > Math.max(from, before)),
        ]
        assert.deepEqual(
          heard,
          Array.from({ length: after }, (_, index) => before + index + 1),
        )
      },
    ),
    { numRuns: 80, seed: 67 },
  )
})

test('a bus that fails to answer is reported, and members are told of the gap', async () => {
  const inner = memoryBus()
  let works = true
  await using bus = faultyBus(inner, { random: () => 0.5 })
  const failing = {
    ...bus,
    history: () => (works ? inner.history('room', { limit: 0 }) : Promise.reject(new Error('away'))),
  }
  const failures: unknown[] = []
  let hear: ((message: { data: string; position: Position; time: number }) => void) | undefined
  const feed = await Feed.open(
    {
      ...failing,
      async subscribe(_topic, listener) {
        hear = (heard) => listener.message(heard)
        return { position: { epoch: 'e', offset: 0 }, unsubscribe() {} }
      },
    },
    'room',
    { gossip() {}, failed: (error) => failures.push(error) },
  )
  works = false
  const notes = new Notes()
  feed.add(notes)
  hear?.({ data: message(3), position: { epoch: 'e', offset: 3 }, time: 0 })
  await settled()
  assert.deepEqual(notes.all, ['lost', 3])
  assert.equal(failures.length, 1)
})
