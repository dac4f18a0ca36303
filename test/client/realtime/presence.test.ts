import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Presence } from '../../../src/client/realtime/presence.ts'

type State = Record<string, { ref: string; meta: number }[]>

function presence(): Presence {
  return new Presence((error) => {
    throw error
  })
}

/** Everybody who is here, in an order of their own. */
function sorted(entries: Iterable<[string, readonly { ref: string; meta?: unknown }[]]>): unknown[] {
  return [...entries]
    .map(([user, devices]) => [user, [...devices].sort((a, b) => (a.ref < b.ref ? -1 : 1))])
    .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1))
}

const state: fc.Arbitrary<State> = fc.dictionary(
  fc.constantFrom('ada', 'bob', 'constructor', 'toString', '__proto__'),
  fc.uniqueArray(
    fc.record(
      { ref: fc.constantFrom('p1', 'p2', 'p3'), meta: fc.integer({ min: 0, max: 2 }) },
      { noNullPrototype: true },
    ),
    {
      minLength: 1,
      selector: ({ ref }) => ref,
    },
  ),
)

test('property: after any states in a row exactly those of the last one are here', () => {
  fc.assert(
    fc.property(fc.array(state, { minLength: 1 }), (states) => {
      const users = presence()
      for (const one of states) users.replace(one)
      assert.deepEqual(sorted(users), sorted(Object.entries(states.at(-1) as State)))
    }),
  )
})

test('property: whoever follows the changes alone knows the same', () => {
  fc.assert(
    fc.property(fc.array(state), (states) => {
      const [users, follower] = [presence(), presence()]
      users.subscribe(({ joins, leaves }) => {
        const refs = [...leaves].map(([user, entries]) => [user, entries.map(({ ref }) => ref)] as const)
        follower.change(Object.fromEntries(refs), Object.fromEntries(joins))
      })
      for (const one of states) {
        users.replace(one)
        assert.deepEqual(sorted(follower), sorted(users))
      }
    }),
  )
})

test('an entry that left and one that nobody knew change nothing more', () => {
  const users = presence()
  const changes: unknown[] = []
  users.subscribe((change) => changes.push(change))
  users.change({ ada: ['p1'] }, {})
  assert.deepEqual(changes, [])
  assert.equal(users.has('ada'), false)
})

test('where they are too many to be named it knows how many, and names them when they are few again', () => {
  const users = presence()
  const told: string[] = []
  users.subscribe(({ joins, leaves, count }) => told.push(`+${joins.size} -${leaves.size} ${count}`))
  users.replace({ ada: [{ ref: 'p1' }, { ref: 'p2' }] })
  assert.deepEqual([users.count, users.size, users.isListed], [2, 1, true])
  users.replace(undefined, 5_000)
  assert.deepEqual([users.count, users.size, users.isListed], [5_000, 0, false])
  users.replace({ bob: [{ ref: 'p3' }] })
  assert.deepEqual([users.count, users.size, users.isListed], [1, 1, true])
  assert.deepEqual(told, ['+1 -0 2', '+0 -0 5000', '+1 -0 1'])
})
