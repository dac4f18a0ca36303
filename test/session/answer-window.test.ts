import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AnswerWindow } from '../../src/session/answer-window.ts'

test('a number is fresh once, then runs until it is answered, then has its first answer', () => {
  const window = new AnswerWindow()
  assert.equal(window.see(1, true), 'fresh')
  assert.equal(window.see(1, true), 'running')
  window.settle(1, 10)
  window.settle(1, 11)
  assert.deepEqual(window.see(1, true), { answeredAt: 10 })
})

test('a number below the largest one is not fresh, though it was left out', () => {
  const window = new AnswerWindow()
  window.see(5, true)
  assert.equal(window.received, 5)
  assert.equal(window.see(4, true), 'forgotten')
})

test('what expects no answer is forgotten at once, and not fresh again', () => {
  const window = new AnswerWindow()
  assert.equal(window.see(1, false), 'fresh')
  assert.equal(window.see(1, false), 'forgotten')
})

test('answers are forgotten with what is kept no longer, numbers and calls under way are not', () => {
  const window = new AnswerWindow()
  for (const number of [1, 2, 3]) window.see(number, true)
  window.settle(2, 10)
  window.settle(1, 11)
  window.forget(11)
  assert.equal(window.see(2, true), 'forgotten')
  assert.deepEqual(window.see(1, true), { answeredAt: 11 })
  assert.equal(window.see(3, true), 'running')
})

test('property: however often frames come again, each takes effect once, and has the answer it had', () => {
  const step = fc.record({
    back: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(6) }),
    forget: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(200) }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const window = new AnswerWindow()
      const effects: number[] = []
      let next = 1
      let kept = 0
      // The peer sends the next frame, or goes back some frames and sends them all again.
      for (const { back, forget } of steps) {
        kept = Math.min(Math.max(kept, forget), effects.length * 10)
        window.forget(kept)
        next = Math.max(1, next - back)
        const seen = window.see(next, true)
        if (seen === 'fresh') {
          effects.push(next)
          window.settle(next, next * 10)
        } else assert.deepEqual(seen, next * 10 < kept ? 'forgotten' : { answeredAt: next * 10 })
        next += 1
      }
      assert.deepEqual(
        effects,
        Array.from({ length: window.received }, (_, index) => index + 1),
      )
    }),
  )
})
