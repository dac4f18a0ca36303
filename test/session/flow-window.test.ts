import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Allowance, Consumption } from '../../src/session/flow-window.ts'

test('property: no more is under way than a window and one unit, and what is read always comes to be read on', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 1_000 }),
      fc.array(fc.integer({ min: 1, max: 1_500 }), { minLength: 1, maxLength: 100 }),
      fc.infiniteStream(fc.boolean()),
      (window, units, turns) => {
        const [allowance, consumption] = [new Allowance(window), new Consumption(window)]
        const waiting = [...units]
        const flying: number[] = []
        const largest = Math.max(...units)
        const total = (): number => flying.reduce((sum, bytes) => sum + bytes, 0)
        while (waiting.length + flying.length > 0) {
          const maySend = waiting.length > 0 && !allowance.isSpent
          // Who may not send waits for what is read; nothing else ever stops it.
          assert.ok(maySend || flying.length > 0, 'both wait for each other')
          const [turn] = turns.take(1)
          if (maySend && (turn === true || flying.length === 0)) {
            const bytes = waiting.shift() as number
            allowance.spend(bytes)
            flying.push(bytes)
          } else allowance.grant(consumption.consume(flying.shift() as number))
          assert.ok(total() < window + largest)
        }
      },
    ),
    { seed: 81 },
  )
})

test('leave for more is given when half of the window is read, not for every byte', () => {
  const consumption = new Consumption(100)
  assert.deepEqual(
    [20, 29, 1, 49, 1].map((bytes) => consumption.consume(bytes)),
    [0, 0, 50, 0, 50],
  )
})
