import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Deliveries } from '../../../src/client/realtime/deliveries.ts'

/** One channel whose server loses some deliveries, and whose history has forgotten some messages. */
function follow(lost: readonly boolean[], forgotten: readonly boolean[], batch: number): (number | string)[] {
  const told: (number | string)[] = []
  const questions: [number, number][] = []
  const deliveries = new Deliveries({
    deliver: ({ offset }) => told.push(offset),
    fetch: ({ offset }, limit) => questions.push([offset, limit]),
    missed: () => told.push('missed'),
  })
  const answer = (): void => {
    const [since, limit] = questions.shift() as [number, number]
    const messages = []
    for (
      let offset = since + 1;
      messages.length < Math.min(batch, limit) && offset <= lost.length;
      offset++
    ) {
      if (!forgotten[offset - 1]) messages.push({ offset, event: 'message' })
    }
    deliveries.filled('e', messages)
  }
  deliveries.start({ epoch: 'e', offset: 0 })
  lost.forEach((isLost, index) => {
    if (!isLost) deliveries.take({ offset: index + 1, event: 'message' })
    // Answers come late now and then.
    if (index % 3 === 0 && questions.length > 0) answer()
  })
  while (questions.length > 0) answer()
  return told
}

const flags = fc.array(fc.boolean(), { maxLength: 40 })

test('property: with a whole history every message up to the last delivery comes once and in order', () => {
  fc.assert(
    fc.property(flags, fc.integer({ min: 1, max: 5 }), (lost, batch) => {
      const last = lost.lastIndexOf(false) + 1
      assert.deepEqual(
        follow(lost, [], batch),
        Array.from({ length: last }, (_, index) => index + 1),
      )
    }),
  )
})

test('property: whatever is missing, the order holds, and every gap was told', () => {
  fc.assert(
    fc.property(flags, flags, fc.integer({ min: 1, max: 5 }), (lost, forgotten, batch) => {
      let before = 0
      let wasTold = false
      for (const one of follow(lost, forgotten, batch)) {
        if (one === 'missed') wasTold = true
        else {
          assert.ok((one as number) > before)
          if (one !== before + 1) assert.ok(wasTold, `nobody said that ${before + 1} is missing`)
          before = one as number
          wasTold = false
        }
      }
    }),
  )
})

test('a history of another epoch fills nothing', () => {
  const told: unknown[] = []
  const deliveries = new Deliveries({
    deliver: ({ offset }) => told.push(offset),
    fetch: () => {},
    missed: () => told.push('missed'),
  })
  deliveries.start({ epoch: 'e', offset: 0 })
  deliveries.take({ offset: 2, event: 'message' })
  deliveries.filled('another', [{ offset: 1, event: 'message' }])
  assert.deepEqual(told, ['missed', 2])
})
