import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TimerWheel, type WheelEntry } from '../../src/util/timer-wheel.ts'

/** An entry that notes when it expired. */
function entry(onExpire: (now: number) => void = () => {}): WheelEntry & { expiredAt: number[] } {
  return {
    wheelTick: -1,
    expiredAt: [],
    expire(now) {
      this.expiredAt.push(now)
      onExpire(now)
    },
  }
}

test('an entry expires once, after its time and within a tick', () => {
  const wheel = new TimerWheel(0, 250)
  const one = entry()
  wheel.add(one, 1000)
  assert.equal(wheel.waiting, 1)
  wheel.advance(1000)
  assert.deepEqual(one.expiredAt, [])
  wheel.advance(1250)
  assert.deepEqual(one.expiredAt, [1250])
  assert.equal(wheel.waiting, 0)
  wheel.advance(100_000)
  assert.deepEqual(one.expiredAt, [1250])
})

test('an entry added again waits anew, be it longer or shorter', () => {
  const wheel = new TimerWheel(0, 10)
  const one = entry()
  wheel.add(one, 100)
  wheel.add(one, 300)
  assert.equal(wheel.waiting, 1)
  wheel.advance(200)
  assert.deepEqual(one.expiredAt, [])
  wheel.add(one, 20)
  wheel.advance(230)
  assert.deepEqual(one.expiredAt, [230])
  wheel.advance(1000)
  assert.deepEqual(one.expiredAt, [230])
})

test('an entry added again for the same tick stays where it is', () => {
  const wheel = new TimerWheel(0, 10)
  const [one, other] = [entry(), entry()]
  wheel.add(one, 51)
  wheel.add(other, 52)
  wheel.add(one, 59)
  assert.equal(wheel.waiting, 2)
  assert.equal(one.wheelNext, other)
  wheel.advance(60)
  assert.deepEqual([one.expiredAt, other.expiredAt], [[60], [60]])
})

test('whoever turns the wheel is told when something begins to wait, and only then', () => {
  const wheel = new TimerWheel(0, 10)
  let told = 0
  wheel.onWaiting = () => {
    told += 1
  }
  const [one, other] = [entry(), entry()]
  wheel.add(one, 50)
  wheel.add(other, 50)
  wheel.add(one, 100)
  assert.equal(told, 1)
  wheel.cancel(one)
  wheel.cancel(other)
  wheel.add(one, 50)
  assert.equal(told, 2)
  wheel.advance(60)
  wheel.add(one, 50)
  assert.equal(told, 3)
})

test('a cancelled entry does not expire, is not kept, and can wait again', () => {
  const wheel = new TimerWheel(0, 10)
  const one = entry()
  wheel.add(one, 100)
  wheel.cancel(one)
  wheel.cancel(one)
  assert.equal(wheel.waiting, 0)
  assert.equal(one.wheelNext, undefined)
  assert.equal(one.wheelPrevious, undefined)
  wheel.advance(500)
  assert.deepEqual(one.expiredAt, [])
  wheel.add(one, 100)
  wheel.advance(700)
  assert.deepEqual(one.expiredAt, [700])
})

test('an entry may wait longer than a round of the wheel', () => {
  const wheel = new TimerWheel(0, 10, 8)
  const [one, other] = [entry(), entry()]
  wheel.add(one, 1000)
  wheel.add(other, 40)
  for (let now = 10; now <= 1000; now += 10) wheel.advance(now)
  assert.deepEqual(one.expiredAt, [])
  assert.equal(other.expiredAt.length, 1)
  wheel.advance(1010)
  assert.deepEqual(one.expiredAt, [1010])
})

test('after a long sleep everything due expires at once, and nothing else', () => {
  const wheel = new TimerWheel(0, 10, 8)
  const soon = Array.from({ length: 20 }, () => entry())
  const late = entry()
  soon.forEach((one, index) => {
    wheel.add(one, index * 35)
  })
  wheel.add(late, 2_000_000)
  wheel.advance(1_000_000)
  for (const one of soon) assert.deepEqual(one.expiredAt, [1_000_000])
  assert.deepEqual(late.expiredAt, [])
  wheel.advance(2_000_010)
  assert.equal(late.expiredAt.length, 1)
})

test('a clock that goes back changes nothing', () => {
  const wheel = new TimerWheel(1000, 10)
  const one = entry()
  wheel.add(one, 100)
  wheel.advance(500)
  assert.equal(wheel.now, 1000)
  wheel.advance(1110)
  assert.equal(one.expiredAt.length, 1)
})

test('an expiring entry may add itself and cancel others, those of its own tick among them', () => {
  const wheel = new TimerWheel(0, 10, 8)
  const victim = entry()
  const twice: ReturnType<typeof entry> = entry(() => {
    wheel.cancel(victim)
    if (twice.expiredAt.length < 3) wheel.add(twice, 80)
  })
  wheel.add(twice, 50)
  wheel.add(victim, 50)
  for (let now = 10; now < 1000; now += 10) wheel.advance(now)
  assert.deepEqual(twice.expiredAt, [60, 150, 240])
  assert.deepEqual(victim.expiredAt, [])
  assert.equal(wheel.waiting, 0)
})

test('an entry that throws does not take the others of its tick with it', () => {
  const wheel = new TimerWheel(0, 10)
  const thrower = entry(() => {
    throw new Error('from within')
  })
  const [before, after] = [entry(), entry()]
  for (const one of [before, thrower, after]) wheel.add(one, 50)
  assert.throws(() => wheel.advance(60), /from within/)
  wheel.advance(70)
  assert.deepEqual([before.expiredAt, after.expiredAt], [[60], [70]])
  assert.equal(wheel.waiting, 0)
})

test('with a clock, an entry added after an idle or a busy time does not expire early', () => {
  let now = 0
  const wheel = new TimerWheel(() => now, 250)
  const [first, second] = [entry(), entry()]
  now = 3_600_000
  wheel.add(first, 10_000)
  assert.equal(wheel.now, 3_600_000)
  wheel.advance(now)
  // The thread was busy for five seconds.
  now += 5_000
  wheel.add(second, 1_000)
  wheel.advance(now)
  assert.deepEqual([first.expiredAt, second.expiredAt], [[], []])
  wheel.advance(now + 1_250)
  assert.deepEqual([first.expiredAt, second.expiredAt], [[], [now + 1_250]])
})

test('never early, never more than a tick late, none lost, none twice', () => {
  type Step =
    | { readonly do: 'add'; readonly entry: number; readonly delayMs: number }
    | { readonly do: 'cancel'; readonly entry: number }
    | { readonly do: 'advance'; readonly ms: number }
  const which = fc.nat(9)
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('add' as const), entry: which, delayMs: fc.nat(900) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), entry: which }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 25 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 1500 }) }),
    },
  )
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80, size: 'max' }),
      fc.constantFrom(1, 4, 32),
      fc.nat(5000),
      (steps, slots, start) => {
        const tickMs = 10
        const wheel = new TimerWheel(start, tickMs, slots)
        let now = start
        /** When each entry that waits is due. */
        const due = new Map<number, number>()
        const entries = Array.from({ length: 10 }, (_, index) =>
          entry((told) => {
            const wanted = due.get(index)
            assert.ok(wanted !== undefined, 'it waits')
            assert.ok(now > wanted && told === now, 'not early')
            due.delete(index)
          }),
        )
        for (const one of steps) {
          if (one.do === 'add') {
            wheel.add(entries[one.entry] as WheelEntry, one.delayMs)
            due.set(one.entry, now + one.delayMs)
          } else if (one.do === 'cancel') {
            wheel.cancel(entries[one.entry] as WheelEntry)
            due.delete(one.entry)
          } else {
            now += one.ms
            wheel.advance(now)
            for (const wanted of due.values()) assert.ok(now < wanted + tickMs, 'not late')
          }
          assert.equal(wheel.waiting, due.size)
        }
        now += 2000
        wheel.advance(now)
        assert.equal(wheel.waiting, 0)
      },
    ),
    { numRuns: 300, seed: 22 },
  )
})
