import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Line } from '../../src/session/line.ts'
import type { Unit } from '../../src/session/outbox.ts'

const limits = { maxBytes: 1_000_000, maxAgeMs: 60_000, windowMs: 30_000 }

interface Carrier {
  readonly name: string
}

interface Said extends Unit {
  readonly said: string
}

const unit = (said: string): Said => ({ said, byteLength: said.length })

function lineWith(...units: string[]): Line<Carrier, Said> {
  const line = new Line<Carrier, Said>(limits, 0)
  for (const said of units) line.push(unit(said))
  return line
}

/** Everything `carrier` can take. */
function takeAll(line: Line<Carrier, Said>, carrier: Carrier): string[] {
  const units: string[] = []
  for (let unit = line.take(carrier); unit !== undefined; unit = line.take(carrier)) units.push(unit.said)
  return units
}

const [first, second] = [{ name: 'first' }, { name: 'second' }]

test('what was pushed before there was a carrier waits for it', () => {
  const line = lineWith('a', 'b')
  assert.deepEqual(line.attach(first, 0), { resumed: true, replayed: 2, replaced: undefined })
  assert.deepEqual(takeAll(line, first), ['a', 'b'])
})

test('a new carrier goes on behind the position it names, and the old one takes nothing any more', () => {
  const line = lineWith('a', 'b', 'c')
  line.attach(first, 0)
  takeAll(line, first)
  assert.deepEqual(line.attach(second, 1), { resumed: true, replayed: 2, replaced: first })
  line.push(unit('d'))
  assert.deepEqual(takeAll(line, first), [])
  assert.deepEqual(takeAll(line, second), ['b', 'c', 'd'])
  assert.equal(line.detach(first, 0), false)
  assert.equal(line.carrier, second)
})

test('without a position it goes on behind what was acknowledged', () => {
  const line = lineWith('a', 'b', 'c')
  line.attach(first)
  takeAll(line, first)
  line.acknowledge(2)
  line.attach(second)
  assert.deepEqual(takeAll(line, second), ['c'])
})

test('handed over, a carrier goes on where the other one is', () => {
  const line = lineWith('a', 'b', 'c')
  line.attach(first, 0)
  assert.equal(line.take(first)?.said, 'a')
  assert.equal(line.handOver(second), first)
  assert.deepEqual(takeAll(line, second), ['b', 'c'])
})

test('what was said at a position is said again behind everything else, as long as it is kept', () => {
  const line = lineWith('a', 'b')
  line.attach(first, 0)
  takeAll(line, first)
  assert.equal(line.repeat(1), true)
  assert.deepEqual(takeAll(line, first), ['a'])
  line.acknowledge(2)
  assert.equal(line.repeat(2), false)
  assert.deepEqual(takeAll(line, first), [])
})

test('a position that was never sent is refused', () => {
  const line = lineWith('a', 'b')
  line.attach(first, 0)
  line.take(first)
  assert.deepEqual(line.attach(second, 2), { resumed: false, reason: 'position' })
  assert.equal(line.carrier, first)
})

test('a position from before what is kept is refused', () => {
  const line = lineWith('a', 'b')
  line.attach(first, 0)
  takeAll(line, first)
  line.acknowledge(2)
  assert.deepEqual(line.attach(second, 1), { resumed: false, reason: 'overflow' })
})

test('what waited for too many bytes cannot be resumed', () => {
  const line = new Line<Carrier, Said>({ ...limits, maxBytes: 10 }, 0)
  line.push(unit('too much of it'))
  assert.equal(line.overflowed, true)
  assert.deepEqual(line.attach(first, 0), { resumed: false, reason: 'overflow' })
})

test('what a carrier was about to take again, and what new units took the room of, is missed', () => {
  const line = new Line<Carrier, Said>({ ...limits, maxBytes: 10 }, 0)
  line.push(unit('aaaaa'))
  line.push(unit('bbbbb'))
  line.attach(first, 0)
  takeAll(line, first)
  line.attach(second, 0)
  assert.equal(line.overflowed, false)
  line.push(unit('ccccc'))
  assert.equal(line.overflowed, true)
})

test('a session is over when nobody came back within the window', () => {
  const line = lineWith()
  assert.equal(line.expire(29_999), false)
  assert.equal(line.expire(30_000), true)
  line.attach(first, 0)
  assert.equal(line.expire(1_000_000), false)
  line.detach(first, 1_000_000)
  assert.equal(line.expire(1_029_999), false)
  assert.equal(line.expire(1_030_000), true)
})

test('what is on its way again does not expire under the carrier', () => {
  const line = lineWith('a', 'b')
  line.attach(first, 0)
  takeAll(line, first)
  line.attach(second, 0)
  line.expire(0)
  line.expire(60_000)
  assert.deepEqual(takeAll(line, second), ['a', 'b'])
})

interface Numbered extends Unit {
  readonly number: number
}

test('property: over any cuts, splits and carriers a peer gets every unit once and in order', () => {
  const action = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ what: fc.constant('push' as const), count: fc.integer({ min: 1, max: 5 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ what: fc.constant('take' as const), count: fc.integer({ min: 1, max: 8 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ what: fc.constant('arrive' as const), count: fc.integer({ min: 1, max: 8 }) }),
    },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('acknowledge' as const), count: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('cut' as const), count: fc.constant(0) }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('attach' as const), count: fc.constant(0) }) },
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200, size: 'max' }), (actions) => {
      const line = new Line<Carrier, Numbered>(limits, 0)
      let pushed = 0
      const received: number[] = []
      /** The peer listens to the carrier it opened last; what an older one still brings, it ignores. */
      let carrier: Carrier | undefined
      let flying: number[] = []
      const attach = (): void => {
        carrier = { name: 'new' }
        flying = []
        assert.equal(line.attach(carrier, received.length).resumed, true)
      }
      const take = (count: number): void => {
        for (let index = 0; index < count && carrier !== undefined; index++) {
          const unit = line.take(carrier)
          if (unit === undefined) return
          flying.push(unit.number)
        }
      }
      for (const { what, count } of actions) {
        if (what === 'push')
          for (let index = 0; index < count; index++) line.push({ number: ++pushed, byteLength: 8 })
        else if (what === 'take') take(count)
        else if (what === 'arrive') received.push(...flying.splice(0, count))
        else if (what === 'acknowledge') assert.equal(line.acknowledge(received.length), true)
        else if (what === 'attach') attach()
        else if (carrier !== undefined) {
          line.detach(carrier, 0)
          carrier = undefined
          flying = []
        }
      }
      attach()
      take(pushed)
      received.push(...flying)
      assert.deepEqual(
        received,
        Array.from({ length: pushed }, (_, index) => index + 1),
      )
    }),
  )
})
