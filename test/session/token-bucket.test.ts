import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TokenBucket } from '../../src/session/token-bucket.ts'

test('after a burst it says when to try again, and keeps its word', () => {
  const bucket = new TokenBucket({ perSecond: 4, burst: 2 })
  assert.deepEqual([bucket.take(0), bucket.take(0), bucket.take(0)], [0, 0, 250])
  assert.equal(bucket.take(249), 1)
  assert.equal(bucket.take(250), 0)
})

test('property: in no span of time it lets more through than the burst and the rate', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 100, size: 'max' }), (pauses) => {
      const bucket = new TokenBucket({ perSecond: 10, burst: 3 })
      const times: number[] = []
      let now = 0
      for (const pause of pauses) {
        now += pause
        if (bucket.take(now) === 0) times.push(now)
      }
      times.forEach((begin, index) => {
        times.slice(index).forEach((end, count) => {
          assert.ok(count + 1 <= 3 + ((end - begin) * 10) / 1000 + 1e-6)
        })
      })
    }),
  )
})
