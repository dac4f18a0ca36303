import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type PresenceChange,
  type PresenceEffect,
  type PresenceGossip,
  PresenceSet,
} from '../../src/topics/presence-set.ts'

const sorted = (set: PresenceSet): string[] =>
  [...set.entries()].map(({ ref, key, meta }) => `${ref} ${key} ${JSON.stringify(meta)}`).sort()

const ada = { ref: '1', key: 'ada', meta: { mood: 'fine' } }

test('who is set is present until cleared, and a change is a leave and a join', () => {
  const set = new PresenceSet('a')
  assert.deepEqual(set.set(ada).change, { joins: [ada], leaves: [] })
  const better = { ...ada, meta: { mood: 'great' } }
  assert.deepEqual(set.set(better).change, { joins: [better], leaves: [ada] })
  assert.deepEqual([...set.entries()], [better])
  assert.deepEqual(set.clear('1').change, { joins: [], leaves: [better] })
  assert.deepEqual(set.clear('1'), { change: { joins: [], leaves: [] }, answer: undefined })
  assert.equal(set.size, 0)
})

test('a node that missed a change asks for the whole, and gets what it lacks', () => {
  const [a, b] = [new PresenceSet('a'), new PresenceSet('b')]
  a.set(ada)
  const second = a.set({ ref: '2', key: 'bob', meta: 1 }).answer as PresenceGossip
  const { answer } = b.receive(second, 0)
  assert.deepEqual(answer, { kind: 'ask', node: 'a' })
  const state = a.receive(answer as PresenceGossip, 0).answer as PresenceGossip
  assert.equal(b.receive(state, 0).change.joins.length, 2)
  assert.deepEqual(sorted(b), sorted(a))
})

test('a node that is not heard of is gone, and everybody on it', () => {
  const [a, b] = [new PresenceSet('a'), new PresenceSet('b')]
  b.receive(a.set(ada).answer as PresenceGossip, 1_000)
  assert.deepEqual(b.expire(1_000).leaves, [])
  assert.deepEqual(b.expire(1_001).leaves, [ada])
  assert.equal(b.size, 0)
})

test('property: over any losses and any order all nodes come to agree, and so does who follows the changes', () => {
  const step = fc.record({
    what: fc.constantFrom('set', 'set', 'clear', 'deliver', 'deliver', 'lose', 'state'),
    node: fc.integer({ min: 0, max: 2 }),
    ref: fc.integer({ min: 0, max: 3 }),
    meta: fc.integer({ min: 0, max: 2 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const sets = ['a', 'b', 'c'].map((name) => new PresenceSet(name))
      /** What somebody who only hears of the changes takes to be there. */
      const watched = sets.map(() => new Map<string, string>())
      const wires: PresenceGossip[][] = sets.map(() => [])
      const apply = (index: number, { joins, leaves }: PresenceChange): void => {
        for (const { ref, key } of leaves) watched[index]?.delete(`${key} ${ref}`)
        for (const { ref, key, meta } of joins) watched[index]?.set(`${key} ${ref}`, JSON.stringify(meta))
      }
      const effect = (index: number, { change, answer }: PresenceEffect): void => {
        apply(index, change)
        if (answer === undefined) return
        for (const [other, wire] of wires.entries()) if (other !== index) wire.push(answer)
      }
      for (const { what, node, ref, meta } of steps) {
        const set = sets[node] as PresenceSet
        const wire = wires[node] as PresenceGossip[]
        if (what === 'set') effect(node, set.set({ ref: `${node}/${ref}`, key: `k${ref}`, meta }))
        if (what === 'clear') effect(node, set.clear(`${node}/${ref}`))
        if (what === 'state') effect(node, { change: { joins: [], leaves: [] }, answer: set.state() })
        const [gossip] =
          what === 'deliver' || what === 'lose' ? wire.splice((ref * 7) % (wire.length || 1), 1) : []
        if (gossip !== undefined && what === 'deliver') effect(node, set.receive(gossip, 0))
      }
      // From time to time every node tells all it has.
      sets.forEach((set, index) => {
        sets.forEach((other, at) => {
          if (at !== index) apply(at, other.receive(set.state(), 0).change)
        })
      })
      for (const [index, set] of sets.entries()) {
        assert.deepEqual(sorted(set), sorted(sets[0] as PresenceSet))
        const seen = [...set.entries()].map(({ ref, key, meta }) => [`${key} ${ref}`, JSON.stringify(meta)])
        assert.deepEqual([...(watched[index] as Map<string, string>)].sort(), seen.sort())
      }
    }),
  )
})

test('property: where nothing is lost, joins, changes, leaves and answers make all nodes agree in whatever order they come', () => {
  const step = fc.record({
    what: fc.constantFrom('set', 'set', 'clear', 'ask', 'deliver', 'deliver'),
    node: fc.integer({ min: 0, max: 2 }),
    ref: fc.integer({ min: 0, max: 3 }),
    at: fc.nat(1_000),
  })
  const order = fc.infiniteStream(fc.nat(1_000))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), order, (steps, late) => {
      const names = ['a', 'b', 'c']
      const sets = names.map((name) => new PresenceSet(name))
      const wires: PresenceGossip[][] = sets.map(() => [])
      const gossip = (from: number, said: PresenceGossip | undefined): void => {
        if (said === undefined) return
        for (const [other, wire] of wires.entries()) if (other !== from) wire.push(said)
      }
      const deliver = (to: number, at: number): void => {
        const wire = wires[to] as PresenceGossip[]
        const [said] = wire.splice(at % (wire.length || 1), 1)
        if (said !== undefined) gossip(to, sets[to]?.receive(said, 0).answer)
      }
      for (const { what, node, ref, at } of steps) {
        const set = sets[node] as PresenceSet
        if (what === 'set') gossip(node, set.set({ ref: `${node}/${ref}`, key: `k${ref}`, meta: at }).answer)
        else if (what === 'clear') gossip(node, set.clear(`${node}/${ref}`).answer)
        else if (what === 'ask') gossip(node, { kind: 'ask' })
        else deliver(node, at)
      }
      for (const at of late) {
        const busy = [0, 1, 2].filter((node) => (wires[node] as PresenceGossip[]).length > 0)
        if (busy.length === 0) break
        deliver(busy[at % busy.length] as number, at)
      }
      for (const set of sets) assert.deepEqual(sorted(set), sorted(sets[0] as PresenceSet))
    }),
    { numRuns: 300, seed: 52 },
  )
})
