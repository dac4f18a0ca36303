import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Outbox, type Unit } from '../../src/session/outbox.ts'

const roomy = { maxBytes: 1_000_000, maxAgeMs: 60_000 }

interface Numbered extends Unit {
  readonly number: number
}

const unit = (number: number, byteLength = 10): Numbered => ({ number, byteLength })

function filled(count: number, limits = roomy): Outbox<Numbered> {
  const outbox = new Outbox<Numbered>(limits)
  for (let number = 1; number <= count; number++) outbox.push(unit(number))
  return outbox
}

test('positions count from 1, and are given when a unit is first taken', () => {
  const outbox = filled(3)
  assert.equal(outbox.position, 0)
  assert.equal(outbox.waiting, 3)
  assert.equal(outbox.take(1)?.number, 1)
  assert.equal(outbox.position, 1)
  assert.equal(outbox.take(1)?.number, 1)
  assert.equal(outbox.position, 1)
  assert.equal(outbox.waiting, 2)
})

test('no unit can be skipped', () => {
  const outbox = filled(3)
  assert.equal(outbox.take(2), undefined)
  assert.equal(outbox.position, 0)
})

test('what is acknowledged is gone, and what was never taken cannot be', () => {
  const outbox = filled(3)
  outbox.take(1)
  outbox.take(2)
  assert.equal(outbox.acknowledge(3), false)
  assert.equal(outbox.acknowledge(1), true)
  assert.equal(outbox.take(1), undefined)
  assert.equal(outbox.take(2)?.number, 2)
  assert.equal(outbox.bytes, 20)
  assert.equal(outbox.acknowledge(1), true)
})

test('kept units make room for waiting ones', () => {
  const outbox = filled(2, { maxBytes: 25, maxAgeMs: 60_000 })
  outbox.take(1)
  outbox.take(2)
  outbox.push(unit(3, 10))
  assert.equal(outbox.firstPosition, 2)
  assert.equal(outbox.overflowed, false)
  assert.equal(outbox.take(3)?.number, 3)
})

test('what waits is never dropped: it overflows, and everything is gone', () => {
  const outbox = filled(2, { maxBytes: 25, maxAgeMs: 60_000 })
  outbox.push(unit(3, 10))
  assert.equal(outbox.overflowed, true)
  assert.equal(outbox.bytes, 0)
  assert.equal(outbox.waiting, 0)
  outbox.push(unit(4, 1))
  assert.equal(outbox.take(1), undefined)
})

test('a kept unit is dropped when its time is over, counted from when it was seen to be taken', () => {
  const outbox = filled(2)
  outbox.expire(10_000)
  outbox.take(1)
  outbox.expire(50_000)
  outbox.expire(109_999)
  assert.equal(outbox.kept, 1)
  outbox.expire(110_000)
  assert.equal(outbox.kept, 0)
  assert.equal(outbox.waiting, 1)
})

test('property: it agrees with a list that forgets nothing', () => {
  const action = fc.oneof(
    fc.record({ what: fc.constant('push' as const), bytes: fc.integer({ min: 0, max: 12 }) }),
    fc.record({
      what: fc.constant('take' as const),
      back: fc.oneof(fc.constant(-1), fc.integer({ min: -1, max: 80 })),
    }),
    fc.record({ what: fc.constant('acknowledge' as const), back: fc.integer({ min: -2, max: 80 }) }),
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 300, size: 'max' }), (actions) => {
      const outbox = new Outbox<Numbered>({ maxBytes: 200, maxAgeMs: 60_000 })
      const sizes: number[] = []
      for (const one of actions) {
        if (outbox.overflowed) return
        if (one.what === 'push') {
          sizes.push(one.bytes)
          outbox.push(unit(sizes.length, one.bytes))
        } else if (one.what === 'acknowledge') {
          const position = outbox.position - one.back
          assert.equal(outbox.acknowledge(position), one.back >= 0)
        } else {
          const position = outbox.position - one.back
          const isThere = position >= outbox.firstPosition && position <= sizes.length
          assert.equal(outbox.take(position)?.number, isThere ? position : undefined)
        }
        if (outbox.overflowed) return
        assert.equal(outbox.kept + outbox.waiting, sizes.length - outbox.firstPosition + 1)
        const bytes = sizes.slice(outbox.firstPosition - 1).reduce((sum, size) => sum + size, 0)
        assert.equal(outbox.bytes, bytes)
        assert.ok(outbox.bytes <= 200)
      }
    }),
  )
})
