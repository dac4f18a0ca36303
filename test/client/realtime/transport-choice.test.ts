import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdleLimit } from '../../../src/client/realtime/idle-limit.ts'
import type { Transport } from '../../../src/client/realtime/transport.ts'
import { TransportChoice } from '../../../src/client/realtime/transport-choice.ts'
import { transportMemory } from '../../../src/client/realtime/transport-memory.ts'

const transports = ['a', 'b', 'c'].map(
  (name): Transport => ({ name, open: () => ({ send() {}, close() {} }) }),
)

test('what is remembered comes first, the best one soon after, and each better one once in a round', () => {
  const choice = new TransportChoice(transports, 'c')
  assert.equal(choice.current.name, 'c')
  assert.equal(choice.worked(), 1_000)
  assert.equal(choice.nextBetter().name, 'a')
  assert.equal(choice.betterFailed(), 0)
  assert.equal(choice.nextBetter().name, 'b')
  assert.equal(choice.betterFailed(), 30_000)
  assert.equal(choice.nextBetter().name, 'a')
  choice.betterFailed()
  choice.nextBetter()
  assert.equal(choice.betterFailed(), 60_000)
})

test('a name that is not in the list is not remembered', () => {
  assert.equal(new TransportChoice(transports, 'gone').current.name, 'a')
})

test('one that is lost soon after it opened, three times in a row, is left for the next', () => {
  const choice = new TransportChoice(transports)
  for (const soon of [true, true, false, true, true]) choice.lost(soon)
  assert.equal(choice.current.name, 'a')
  choice.lost(true)
  assert.equal(choice.current.name, 'b')
  assert.equal(choice.worked(), 60_000)
})

test('a round of failures begins and ends with the one that worked', () => {
  const choice = new TransportChoice(transports, 'b')
  choice.worked()
  const tried = [choice.current.name]
  while (choice.failed()) tried.push(choice.current.name)
  assert.deepEqual([tried, choice.current.name], [['b', 'c', 'a'], 'b'])
})

test('links that end twice after the same quiet time are kept busy in half of it; chance changes nothing', () => {
  const limit = new IdleLimit()
  assert.deepEqual(
    [500, 1_900].map((quietMs) => limit.lost(quietMs)),
    [false, false],
  )
  for (const quietMs of [3_000, 9_000, 5_000]) limit.lost(quietMs)
  assert.equal(limit.everyMs, undefined)
  limit.lost(5_100)
  assert.equal(limit.everyMs, 2_500)
  limit.lost(2_000)
  limit.lost(2_000)
  assert.equal(limit.everyMs, 1_000)
})

test('what worked is remembered for each host, for a day, until the best one does', () => {
  let now = 1
  const memory = transportMemory('here:1', () => now)
  memory.keep('poll')
  assert.equal(transportMemory('here:1', () => now).recall(), 'poll')
  assert.equal(transportMemory('here:2', () => now).recall(), undefined)
  now += 86_400_000
  assert.equal(memory.recall(), undefined)
  memory.keep('events')
  memory.keep(undefined)
  assert.equal(memory.recall(), undefined)
})

test('a page keeps it in its storage, and one that may not goes on without', () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  }
  const page = globalThis as { document?: unknown; localStorage?: unknown }
  const before = Object.getOwnPropertyDescriptor(globalThis, 'localStorage')
  page.document = {}
  try {
    Object.defineProperty(globalThis, 'localStorage', { value: storage, configurable: true })
    const memory = transportMemory('page', () => 5)
    memory.keep('stream')
    assert.deepEqual([...kept], [['polyplex:page', 'stream 5']])
    memory.keep(undefined)
    assert.equal(kept.size, 0)
    Object.defineProperty(globalThis, 'localStorage', {
      get() {
        throw new Error('SecurityError')
      },
      configurable: true,
    })
    memory.keep('poll')
    assert.equal(memory.recall(), 'poll')
  } finally {
    delete page.document
    if (before === undefined) Reflect.deleteProperty(globalThis, 'localStorage')
    else Object.defineProperty(globalThis, 'localStorage', before)
  }
})
