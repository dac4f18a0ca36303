import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bus } from '../../src/bus/contract.ts'
import { memoryBus } from '../../src/bus/memory-bus.ts'
import { NodeLink } from '../../src/channels/relay/node-link.ts'
import { settled } from './virtual-core.ts'

/** A link of a node on `bus`, and what it was told. */
function linkOn(bus: Bus, node: string) {
  const lost: (string | undefined)[] = []
  const errors: unknown[] = []
  const link = new NodeLink(
    {
      node,
      bus,
      now: () => 0,
      wait() {},
      stopWaiting() {},
      report: (error) => errors.push(error),
      isNeeded: () => true,
      beat() {},
    },
    { message() {}, lost: (name) => lost.push(name) },
  )
  return { link, lost, errors }
}

function withPublish(publish: Bus['publish']): Bus {
  const inner = memoryBus()
  return {
    publish: (topic, data, options) =>
      topic.startsWith('\u0000node ') ? publish(topic, data, options) : inner.publish(topic, data, options),
    subscribe: (topic, listener) => inner.subscribe(topic, listener),
    history: (topic, request) => inner.history(topic, request),
    gossip() {},
    lease: async () => undefined,
    [Symbol.asyncDispose]: async () => {},
  }
}

test('what waits for a bus that takes nothing is bounded: then the other node counts as lost', async () => {
  const { link, lost } = linkOn(
    withPublish(() => new Promise(() => {})),
    'one',
  )
  await link.open()
  for (let relay = 0; relay < 20_000; relay++) link.send('two', { what: 'gone', relay })
  await settled()
  assert.deepEqual(lost, [])
  for (let relay = 0; relay < 20_001; relay++) link.send('two', { what: 'gone', relay })
  await settled()
  assert.deepEqual(lost, ['two'])
})

test('a bus that refuses a message is reported, and the other node counts as lost', async () => {
  const { link, lost, errors } = linkOn(
    withPublish(() => Promise.reject(new Error('no bus'))),
    'one',
  )
  await link.open()
  link.send('two', { what: 'gone', relay: 1 })
  await settled()
  assert.deepEqual([lost, errors.length], [['two'], 1])
})

test('messages go out one publication at a time, in their order, and together what came meanwhile', async () => {
  const published: number[][] = []
  let take: () => void = () => {}
  const bus = withPublish((_topic, data) => {
    const { body } = JSON.parse(data) as { body: { relay: number }[] }
    published.push(body.map(({ relay }) => relay))
    return new Promise((resolve) => {
      take = () => resolve({ epoch: '', offset: 0 })
    })
  })
  const { link } = linkOn(bus, 'one')
  await link.open()
  link.send('two', { what: 'gone', relay: 1 })
  await settled()
  for (const relay of [2, 3, 4]) link.send('two', { what: 'gone', relay })
  await settled()
  assert.deepEqual(published, [[1]])
  take()
  await settled()
  assert.deepEqual(published, [[1], [2, 3, 4]])
})
