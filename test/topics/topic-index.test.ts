import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TopicIndex } from '../../src/topics/topic-index.ts'

const [ada, bob] = [{ name: 'ada' }, { name: 'bob' }]

test('a subscription is new once', () => {
  const index = new TopicIndex<object>()
  assert.equal(index.subscribe(ada, 'news'), true)
  assert.equal(index.subscribe(ada, 'news'), false)
  assert.equal(index.subscribe(bob, 'news'), true)
  assert.deepEqual([...index.subscribers('news')], [ada, bob])
})

test('a subscription ends once, and unknown ones never began', () => {
  const index = new TopicIndex<object>()
  index.subscribe(ada, 'news')
  assert.equal(index.unsubscribe(bob, 'news'), false)
  assert.equal(index.unsubscribe(ada, 'sports'), false)
  assert.equal(index.unsubscribe(ada, 'news'), true)
  assert.equal(index.unsubscribe(ada, 'news'), false)
  assert.deepEqual([...index.subscribers('news')], [])
  assert.deepEqual([...index.topics(ada)], [])
})

test('whoever leaves is in no topic any more', () => {
  const index = new TopicIndex<object>()
  for (const topic of ['a', 'b', 'c']) {
    index.subscribe(ada, topic)
    index.subscribe(bob, topic)
  }
  index.leave(ada)
  index.leave(ada)
  assert.deepEqual([...index.topics(ada)], [])
  assert.deepEqual([...index.topics(bob)], ['a', 'b', 'c'])
  for (const topic of ['a', 'b', 'c']) assert.deepEqual([...index.subscribers(topic)], [bob])
})

test('names that objects have are topics like any other', () => {
  const index = new TopicIndex<object>()
  for (const topic of ['__proto__', 'constructor', '', 'toString']) {
    assert.deepEqual([...index.subscribers(topic)], [])
    index.subscribe(ada, topic)
    assert.deepEqual([...index.subscribers(topic)], [ada])
  }
})

test('property: it always agrees with a list of pairs', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd')
  const action = fc.record({
    what: fc.constantFrom('subscribe', 'unsubscribe', 'leave'),
    who: name,
    topic: name,
  })
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const people = Object.fromEntries(['a', 'b', 'c', 'd'].map((who) => [who, { who }]))
      const index = new TopicIndex<object>()
      let pairs: [string, string][] = []
      for (const { what, who, topic } of actions) {
        const person = people[who] as object
        const has = pairs.some(([a, b]) => a === who && b === topic)
        if (what === 'subscribe') {
          assert.equal(index.subscribe(person, topic), !has)
          if (!has) pairs.push([who, topic])
        } else if (what === 'unsubscribe') {
          assert.equal(index.unsubscribe(person, topic), has)
          pairs = pairs.filter(([a, b]) => a !== who || b !== topic)
        } else {
          index.leave(person)
          pairs = pairs.filter(([a]) => a !== who)
        }
        for (const one of ['a', 'b', 'c', 'd']) {
          const topics = pairs.filter(([a]) => a === one).map(([, b]) => b)
          assert.deepEqual([...index.topics(people[one] as object)], topics)
          const subscribers = pairs.filter(([, b]) => b === one).map(([a]) => people[a])
          assert.deepEqual([...index.subscribers(one)], subscribers)
        }
      }
    }),
  )
})
