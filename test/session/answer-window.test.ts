import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AnswerWindow } from '../../src/session/answer-window.ts'

const limits = { maxAnswers: 3, maxAgeMs: 1_000 }

test('a number is fresh once, then runs until it is answered, then has its first answer', () => {
  const window = new AnswerWindow<string>(limits)
  assert.deepEqual(window.see(1, true), { state: 'fresh' })
  assert.deepEqual(window.see(1, true), { state: 'running' })
  window.settle(1, 'done', 0)
  window.settle(1, 'done again', 0)
  assert.deepEqual(window.see(1, true), { state: 'answered', answer: 'done' })
})

test('a number below the largest one is not fresh, though it was left out', () => {
  const window = new AnswerWindow<string>(limits)
  window.see(5, true)
  assert.equal(window.received, 5)
  assert.deepEqual(window.see(4, true), { state: 'forgotten' })
})

test('what expects no answer is forgotten at once, and not fresh again', () => {
  const window = new AnswerWindow<string>(limits)
  assert.deepEqual(window.see(1, false), { state: 'fresh' })
  assert.deepEqual(window.see(1, false), { state: 'forgotten' })
})

test('the oldest answers make room, by number and by age', () => {
  const window = new AnswerWindow<string>(limits)
  for (let number = 1; number <= 4; number++) {
    window.see(number, true)
    window.settle(number, `answer ${number}`, number * 100)
  }
  assert.equal(window.size, 3)
  assert.deepEqual(window.see(1, true), { state: 'forgotten' })
  window.expire(1_300)
  assert.equal(window.size, 1)
  assert.deepEqual(window.see(4, true), { state: 'answered', answer: 'answer 4' })
})

test('answers that the peer has are forgotten, numbers and calls under way are not', () => {
  const window = new AnswerWindow<string>(limits)
  window.see(1, true)
  window.see(2, true)
  window.settle(1, 'done', 0)
  window.forgetAnswers()
  assert.deepEqual(window.see(1, true), { state: 'forgotten' })
  assert.deepEqual(window.see(2, true), { state: 'running' })
})

test('property: however often frames come again, each takes effect once', () => {
  const back = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(6) })
  fc.assert(
    fc.property(fc.array(back, { maxLength: 100, size: 'max' }), (steps) => {
      const window = new AnswerWindow<number>({ maxAnswers: 1_000, maxAgeMs: 1_000 })
      const effects: number[] = []
      let next = 1
      // The peer sends the next frame, or goes back some frames and sends them all again.
      for (const back of steps) {
        next = Math.max(1, next - back)
        const seen = window.see(next, true)
        if (seen.state === 'fresh') {
          effects.push(next)
          window.settle(next, next * 10, 0)
        } else assert.deepEqual(seen, { state: 'answered', answer: next * 10 })
        next += 1
      }
      assert.deepEqual(
        effects,
        Array.from({ length: window.received }, (_, index) => index + 1),
      )
    }),
  )
})
