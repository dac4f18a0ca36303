import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TopicIndex } from '../../src/topics/topic-index.ts'

interface Subscriber {
  readonly name: string
}

const [ada, bob]: Subscriber[] = [{ name: 'Ada' }, { name: 'Bob' }]
assert.ok(ada && bob)

test('subscribers of a topic come in the order in which they subscribed', () => {
  const index = new TopicIndex<Subscriber>()
  index.subscribe(bob, 'news')
  index.subscribe(ada, 'news')
  assert.deepEqual([...index.subscribers('news')], [bob, ada])
  assert.deepEqual([...index.topics(ada)], ['news'])
})

test('a second subscription to the same topic changes nothing, and is said to be none', () => {
  const index = new TopicIndex<Subscriber>()
  assert.equal(index.subscribe(ada, 'news'), true)
  assert.equal(index.subscribe(ada, 'news'), false)
  assert.equal(index.subscribers('news').size, 1)
})

test('unsubscribing says whether there was something to end', () => {
  const index = new TopicIndex<Subscriber>()
  assert.equal(index.unsubscribe(ada, 'news'), false)
  index.subscribe(ada, 'news')
  assert.equal(index.unsubscribe(ada, 'sport'), false)
  assert.equal(index.unsubscribe(ada, 'news'), true)
  assert.equal(index.subscribers('news').size, 0)
  assert.equal(index.topics(ada).size, 0)
})

test('who leaves is in no topic any more, and the others stay', () => {
  const index = new TopicIndex<Subscriber>()
  for (const topic of ['news', 'sport']) {
    index.subscribe(ada, topic)
    index.subscribe(bob, topic)
  }
  index.leave(ada)
  index.leave(ada)
  assert.deepEqual([...index.subscribers('news')], [bob])
  assert.deepEqual([...index.subscribers('sport')], [bob])
  assert.equal(index.topics(ada).size, 0)
})

test('a subscriber may unsubscribe or leave while a topic is walked', () => {
  const index = new TopicIndex<Subscriber>()
  index.subscribe(ada, 'news')
  index.subscribe(bob, 'news')
  const seen: string[] = []
  for (const subscriber of index.subscribers('news')) {
    seen.push(subscriber.name)
    index.leave(subscriber)
  }
  assert.deepEqual(seen, ['Ada', 'Bob'])
})

test('after any steps both directions say the same', () => {
  const step = fc.tuple(
    fc.constantFrom('subscribe' as const, 'unsubscribe' as const, 'leave' as const),
    fc.nat(4),
    fc.constantFrom('a', 'b', 'c'),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const subscribers = Array.from({ length: 5 }, (_, name) => ({ name }))
      const index = new TopicIndex<{ name: number }>()
      const model = new Set<string>()
      for (const [act, number, topic] of steps) {
        const subscriber = subscribers[number] as { name: number }
        const pair = `${number} ${topic}`
        if (act === 'subscribe') {
          assert.equal(index.subscribe(subscriber, topic), !model.has(pair))
          model.add(pair)
        } else if (act === 'unsubscribe') {
          assert.equal(index.unsubscribe(subscriber, topic), model.delete(pair))
        } else {
          index.leave(subscriber)
          for (const one of ['a', 'b', 'c']) model.delete(`${number} ${one}`)
        }
      }
      const byTopic = ['a', 'b', 'c'].flatMap((topic) =>
        [...index.subscribers(topic)].map(({ name }) => `${name} ${topic}`),
      )
      const bySubscriber = subscribers.flatMap((one) =>
        [...index.topics(one)].map((topic) => `${one.name} ${topic}`),
      )
      assert.deepEqual(byTopic.sort(), [...model].sort())
      assert.deepEqual(bySubscriber.sort(), [...model].sort())
    }),
  )
})
