import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Backlog, type BacklogPolicy } from '../../src/session/backlog.ts'

/** What is left of deliveries that nobody took, by key and number. */
function left(policy: BacklogPolicy, keys: string, maxWaiting: number): string[] {
  const backlog = new Backlog<string>(policy, maxWaiting)
  for (const [index, key] of [...keys].entries()) backlog.push(`${key}${index}`, key)
  const taken: string[] = []
  for (let next = backlog.take(); next !== undefined; next = backlog.take()) taken.push(next)
  return taken
}

test('dropOldest keeps the newest', () => {
  assert.deepEqual(left('dropOldest', 'aaaaa', 2), ['a3', 'a4'])
})

test('dropNewest keeps the oldest', () => {
  assert.deepEqual(left('dropNewest', 'aaaaa', 2), ['a0', 'a1'])
})

test('latestByKey keeps the latest of each key, in order, and of the most recent keys', () => {
  assert.deepEqual(left('latestByKey', 'abcab', 10), ['c2', 'a3', 'b4'])
  assert.deepEqual(left('latestByKey', 'abcab', 2), ['a3', 'b4'])
})

test('what was cleared does not come', () => {
  const backlog = new Backlog<number>('dropOldest', 10)
  backlog.push(1, '')
  backlog.clear()
  assert.equal(backlog.take(), undefined)
})

test('property: never more wait than may, and what comes is in order, whatever the policy', () => {
  const step = fc.constantFrom('a', 'b', 'c', 'd', undefined).map((key) => ({ key }))
  const policy = fc.constantFrom<BacklogPolicy>('dropOldest', 'dropNewest', 'latestByKey')
  const maxWaiting = fc.integer({ min: 1, max: 5 })
  fc.assert(
    fc.property(policy, maxWaiting, fc.array(step, { maxLength: 200 }), (policy, maxWaiting, steps) => {
      const backlog = new Backlog<number>(policy, maxWaiting)
      let last = 0
      for (const [index, { key }] of steps.entries()) {
        if (key !== undefined) backlog.push(index + 1, key)
        else {
          const taken = backlog.take()
          assert.ok(taken === undefined || taken > last)
          last = taken ?? last
        }
        assert.ok(backlog.size <= maxWaiting)
      }
    }),
    { seed: 90 },
  )
})
