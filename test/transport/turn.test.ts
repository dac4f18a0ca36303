import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turn } from '../../src/transport/turn.ts'

/** A turn whose end the test calls. */
function turnByHand() {
  const ends: (() => void)[] = []
  const turn = new Turn((flush) => ends.push(flush))
  return { turn, ends, end: () => ends.shift()?.() }
}

test('everybody who scheduled is flushed once, in order, when the turn ends', () => {
  const { turn, ends, end } = turnByHand()
  const flushed: string[] = []
  for (const name of ['one', 'two', 'three']) turn.schedule({ flush: () => flushed.push(name) })
  assert.equal(ends.length, 1)
  assert.deepEqual(flushed, [])
  end()
  assert.deepEqual(flushed, ['one', 'two', 'three'])
  assert.equal(ends.length, 0)
})

test('whoever schedules while others are flushed is flushed at the end of the next turn', () => {
  const { turn, ends, end } = turnByHand()
  const flushed: string[] = []
  turn.schedule({ flush: () => turn.schedule({ flush: () => flushed.push('next') }) })
  end()
  assert.deepEqual([flushed.length, ends.length], [0, 1])
  end()
  assert.deepEqual(flushed, ['next'])
})
