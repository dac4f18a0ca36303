import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runtime } from '../../src/runtime/node/index.ts'

const wait = (delayMs: number): Promise<number> =>
  new Promise((resolve) => {
    // The wheel alone does not keep a process alive.
    const alive = setTimeout(() => {}, 60_000)
    runtime.wheel.add(
      {
        wheelTick: -1,
        expire(now) {
          clearTimeout(alive)
          resolve(now)
        },
      },
      delayMs,
    )
  })

test('a timer expires also where nothing waited before, so that the clock stood still', async () => {
  const first = runtime.now()
  assert.ok((await wait(1)) >= first + 1)
  assert.equal(runtime.wheel.waiting, 0)
  // The clock stops with the tick that found nothing more.
  await new Promise(setImmediate)
  const second = runtime.now()
  assert.ok((await wait(1)) >= second + 1)
})

test('timers that wait together expire in their order', async () => {
  const expired: number[] = []
  await Promise.all([600, 1, 300].map((delayMs) => wait(delayMs).then(() => expired.push(delayMs))))
  assert.deepEqual(expired, [1, 300, 600])
})
