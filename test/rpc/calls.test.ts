import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CallError } from '../../src/errors.ts'
import type { TakenCall } from '../../src/rpc/calls-taken.ts'
import { Wire } from './wire.ts'

test('a handler answers with a value, or a promise of one', async () => {
  const plain = new Wire(() => 5)
  const promised = new Wire(async () => 6)
  const [five, six] = [plain.call(1), promised.call(1)]
  await Promise.all([plain.deliver(), promised.deliver()])
  assert.deepEqual(five.all, [['reply', 5]])
  assert.deepEqual(six.all, [['reply', 6]])
  assert.equal(plain.made.size + plain.taken.size, 0)
})

test('no answer, null and a list are three values', async () => {
  for (const value of [undefined, null, [1, 2]]) {
    const wire = new Wire(() => value)
    const heard = wire.call(1)
    await wire.deliver()
    assert.deepEqual(heard.all, [['reply', value]])
  }
})

test('what a handler throws or rejects with is the answer', async () => {
  const error = new CallError('ERR_APPLICATION', { message: 'No', reason: 'no' })
  for (const handler of [
    () => {
      throw error
    },
    async () => {
      throw error
    },
  ]) {
    const wire = new Wire(handler)
    const heard = wire.call(1)
    await wire.deliver()
    assert.deepEqual(heard.all, [['error', 'ERR_APPLICATION']])
  }
})

test('a call that is given up aborts its handler, whose answer is not sent', async () => {
  let seen: TakenCall<unknown> | undefined
  let answer: (value: unknown) => void = () => {}
  const wire = new Wire((call) => {
    seen = call
    return new Promise((resolve) => {
      answer = resolve
    })
  })
  const heard = wire.call(1)
  assert.equal(wire.made.cancel(1), true)
  assert.equal(wire.made.cancel(1), false)
  wire.taken.cancel(1)
  answer(5)
  await wire.deliver()
  assert.deepEqual(heard.all, [['error', 'ERR_CANCELLED']])
  assert.equal(seen?.signal.aborted, true)
})

test('an answer that crosses the cancel is ignored', async () => {
  const wire = new Wire(() => 5)
  const heard = wire.call(1)
  wire.made.cancel(1)
  await wire.deliver()
  assert.deepEqual(heard.all, [['error', 'ERR_CANCELLED']])
})

test('at its deadline a call fails at both ends', async () => {
  let seen: TakenCall<unknown> | undefined
  const wire = new Wire((call) => {
    seen = call
    return new Promise(() => {})
  })
  const heard = wire.call(1, 5_000)
  wire.taken.expire(4_999)
  assert.deepEqual(wire.made.expire(4_999), [])
  assert.equal(seen?.signal.aborted, false)
  wire.taken.expire(5_000)
  assert.deepEqual(wire.made.expire(5_000), [1])
  await wire.deliver()
  assert.deepEqual(heard.all, [['error', 'ERR_DEADLINE']])
  assert.equal(seen?.signal.aborted, true)
})

test('with the session all calls fail', () => {
  const wire = new Wire(() => new Promise(() => {}))
  const [one, two] = [wire.call(1), wire.call(2)]
  wire.made.fail(new CallError('ERR_SESSION', { message: 'The session is over' }))
  wire.taken.fail(new CallError('ERR_SESSION', { message: 'The session is over' }))
  assert.deepEqual(
    [...one.all, ...two.all],
    [
      ['error', 'ERR_SESSION'],
      ['error', 'ERR_SESSION'],
    ],
  )
  assert.equal(wire.made.size + wire.taken.size, 0)
})

test('a stream is answered item by item, then ends', async () => {
  const wire = new Wire(async function* () {
    yield 1
    yield 2
  })
  const heard = wire.call(1)
  await wire.deliver()
  assert.deepEqual(heard.all, [['item', 1], ['item', 2], ['end']])
})

test('a stream waits for leave after 32 items, and goes on with it', async () => {
  const wire = new Wire(async function* () {
    for (let item = 0; item < 40; item++) yield item
  })
  const heard = wire.call(1)
  await wire.deliver()
  assert.equal(heard.all.length, 32)
  wire.taken.more(1, 8)
  await wire.deliver()
  assert.equal(heard.all.length, 41)
  assert.deepEqual(heard.all.at(-1), ['end'])
})

test('a stream that is given up is told, and its generator cleans up', async () => {
  let cleaned = false
  const wire = new Wire(async function* () {
    try {
      for (;;) yield 0
    } finally {
      cleaned = true
    }
  })
  wire.call(1)
  await wire.deliver()
  wire.taken.cancel(1)
  await wire.deliver()
  assert.equal(cleaned, true)
  assert.equal(wire.taken.size, 0)
})

test('a stream that throws ends with the error, behind its items', async () => {
  const wire = new Wire(async function* () {
    yield 1
    throw new CallError('ERR_APPLICATION', { message: 'Enough', reason: 'enough' })
  })
  const heard = wire.call(1)
  await wire.deliver()
  assert.deepEqual(heard.all, [
    ['item', 1],
    ['error', 'ERR_APPLICATION'],
  ])
})

test('a handler reads what the caller sends along', async () => {
  const wire = new Wire(async ({ items }) => {
    let sum = 0
    for await (const item of items) sum += item as number
    return sum
  })
  const heard = wire.call(1)
  for (const item of [1, 2, 3]) wire.taken.item(1, item)
  wire.taken.end(1)
  await wire.deliver()
  assert.deepEqual(heard.all, [['reply', 6]])
})

test('a caller that sends items without leave is refused', async () => {
  const wire = new Wire(() => new Promise(() => {}))
  const heard = wire.call(1)
  for (let item = 0; item < 33; item++) wire.taken.item(1, item)
  await wire.deliver()
  assert.deepEqual(heard.all, [['error', 'ERR_TOO_MANY']])
})

test('frames for calls that never were change nothing', () => {
  const wire = new Wire(() => 1)
  wire.taken.item(9, 1)
  wire.taken.end(9)
  wire.taken.more(9, 1)
  wire.taken.cancel(9)
  wire.made.item(9, 1)
  wire.made.more(9, 1)
  wire.made.reply(9, 1)
  wire.made.end(9)
  wire.made.error(9, new Error('nine'))
  assert.equal(wire.underWay, 0)
})

test('property: whatever happens in whatever order, a call is answered exactly once', async () => {
  const step = fc.constantFrom('cancel', 'deadline', 'answer', 'throw', 'fail', 'item', 'end')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8, size: 'max' }), async (steps) => {
      let settle: { resolve(value: unknown): void; reject(error: Error): void } | undefined
      const wire = new Wire(
        () =>
          new Promise((resolve, reject) => {
            settle = { resolve, reject }
          }),
      )
      const heard = wire.call(1, 10)
      for (const what of [...steps, 'answer']) {
        if (what === 'cancel' && wire.made.cancel(1)) wire.taken.cancel(1)
        if (what === 'deadline') wire.taken.expire(10)
        if (what === 'answer') settle?.resolve(1)
        if (what === 'throw') settle?.reject(new CallError('ERR_APPLICATION', { message: 'No' }))
        if (what === 'fail') wire.made.fail(new CallError('ERR_SESSION', { message: 'Over' }))
        if (what === 'item') wire.taken.item(1, 1)
        if (what === 'end') wire.taken.end(1)
        if (what !== 'item') await Promise.resolve()
      }
      await wire.deliver()
      assert.equal(heard.all.length, 1)
      assert.equal(wire.taken.size + wire.made.size, 0)
    }),
    { numRuns: 60, seed: 60 },
  )
})
