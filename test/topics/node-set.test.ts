import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NodeSet } from '../../src/topics/node-set.ts'

test('a node is there from when it is heard, until it says that it goes or is silent', () => {
  const nodes = new NodeSet()
  nodes.heard('a', 0)
  nodes.heard('b', 100)
  nodes.heard('c', 100)
  assert.deepEqual([nodes.has('a'), nodes.has('d'), nodes.size], [true, false, 3])
  assert.deepEqual([nodes.gone('c'), nodes.gone('c')], [true, false])
  nodes.heard('b', 300)
  assert.deepEqual(nodes.expire(0), [])
  assert.deepEqual(nodes.expire(200), ['a'])
  assert.deepEqual(nodes.expire(200), [])
  assert.deepEqual([nodes.has('a'), nodes.has('b')], [false, true])
})
