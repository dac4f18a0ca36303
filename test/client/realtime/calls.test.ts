import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallError } from '../../../src/errors.ts'
import { ConnectionStory, codeOf } from './connection-story.ts'

async function* numbers(count: number): AsyncGenerator<number> {
  for (let number = 1; number <= count; number++) yield number
}

async function collect(source: AsyncIterable<unknown>): Promise<unknown[]> {
  const items: unknown[] = []
  for await (const item of source) items.push(item)
  return items
}

test('a call resolves with its answer, and tells how long it waits', async () => {
  const [story, room] = await ConnectionStory.joined()
  story.script = (frame) =>
    frame.type === 'call' ? [{ type: 'reply', to: frame.id, body: [frame.body] }] : undefined
  const answer = room.call('message', 'hello', { deadlineMs: 5_000 })
  await story.pass(100)
  assert.deepEqual(await answer, ['hello'])
  assert.equal(story.last('call')?.deadlineMs, 5_000)
})

test('a refused call rejects with what the server says about it', async () => {
  const [story, room] = await ConnectionStory.joined()
  const error = { code: 'ERR_RATE', message: 'Slow down', retryAfterMs: 250, path: ['a', 0] } as const
  story.script = (frame) => [{ type: 'error', to: frame.id, error }]
  const refusal = assert.rejects(room.call('message', 'hello'), (thrown) => {
    assert.ok(thrown instanceof CallError)
    assert.deepEqual([thrown.code, thrown.retryAfterMs, thrown.path], ['ERR_RATE', 250, ['a', 0]])
    return true
  })
  await story.pass(100)
  await refusal
})

test('an answer that was cut off comes again, and the call takes effect once', async () => {
  const [story, room] = await ConnectionStory.joined()
  story.script = (frame) => {
    story.network.cut()
    return [{ type: 'reply', to: frame.id, body: 'done' }]
  }
  const answer = room.call('message', 'hello')
  await story.pass(5_000)
  assert.equal(await answer, 'done')
  assert.deepEqual(story.types, ['join', 'call'])
})

test('a call without an answer fails at its deadline, and the server is told', async () => {
  const [story, room] = await ConnectionStory.joined()
  const code = codeOf(room.call('message', 'hello', { deadlineMs: 5_000 }))
  await story.pass(4_999)
  assert.deepEqual(story.types, ['join', 'call'])
  await story.pass(100)
  assert.equal(await code, 'ERR_DEADLINE')
  assert.equal(story.last('cancel')?.of, story.last('call')?.id)
})

test('a call that is given up rejects at once with the reason, and the server is told', async () => {
  const [story, room] = await ConnectionStory.joined()
  const giving = new AbortController()
  const refusal = assert.rejects(room.call('message', 'hello', { signal: giving.signal }), {
    code: 'ERR_CANCELLED',
    cause: 'no time',
  })
  await story.pass(100)
  giving.abort('no time')
  await refusal
  await story.pass(100)
  assert.deepEqual(story.types, ['join', 'call', 'cancel'])
})

test('a call that is given up, or too late, before it was sent is never sent', async () => {
  const [story, room] = await ConnectionStory.joined()
  story.network.refusal = {}
  story.network.cut()
  await story.pass(20)
  const giving = new AbortController()
  const codes = [
    codeOf(room.call('message', 1, { signal: giving.signal })),
    codeOf(room.call('message', 2, { deadlineMs: 1_000 })),
    codeOf(room.call('message', 3, { signal: AbortSignal.abort() })),
  ]
  giving.abort()
  await story.pass(1_000)
  assert.deepEqual(await Promise.all(codes), ['ERR_CANCELLED', 'ERR_DEADLINE', 'ERR_CANCELLED'])
  story.network.refusal = undefined
  await story.pass(60_000)
  assert.deepEqual(story.types, ['join'])
})

test('when the session is lost, calls that were sent fail, and calls that were not go on', async () => {
  const [story, room] = await ConnectionStory.joined()
  const sent = codeOf(room.call('message', 'sent'))
  await story.pass(100)
  story.server.forget()
  story.network.cut()
  await story.pass(20)
  story.script = (frame) =>
    frame.type === 'call' ? [{ type: 'reply', to: frame.id, body: frame.body }] : undefined
  const unsent = room.call('message', 'unsent')
  await story.pass(2_000)
  assert.equal(await sent, 'ERR_SESSION')
  assert.equal(await unsent, 'unsent')
})

test('what does not fit in the queue is refused, and the call says so', async () => {
  const [story, room] = await ConnectionStory.joined({ maxQueueBytes: 200 })
  story.network.cut()
  await story.pass(20)
  room.send('message', 'x'.repeat(100))
  assert.throws(() => room.send('message', 'y'.repeat(100)), { code: 'ERR_QUEUE_FULL' })
  assert.equal(await codeOf(room.call('message', 'y'.repeat(100))), 'ERR_QUEUE_FULL')
  await story.pass(5_000)
  room.send('message', 'y'.repeat(100))
  await story.pass(100)
  assert.deepEqual(story.types, ['join', 'send', 'send'])
})

test('what is too large for the server fails, and is told to whoever waits, or to the connection', async () => {
  const [story, room] = await ConnectionStory.joined()
  story.server.maxLength = 200
  const large = 'x'.repeat(200)
  const codes: Promise<string>[] = []
  for (const send of [
    () => void codes.push(codeOf(room.call('message', large))),
    () => void codes.push(codeOf(room.call('upload', undefined, { items: [1, large] }))),
    () => room.send('message', large),
  ]) {
    send()
    await story.pass(5_000)
  }
  assert.deepEqual(await Promise.all(codes), ['ERR_MESSAGE_TOO_LARGE', 'ERR_MESSAGE_TOO_LARGE'])
  assert.deepEqual(
    story.reported.map((error) => (error as CallError).code),
    ['ERR_MESSAGE_TOO_LARGE'],
  )
  assert.deepEqual(story.types, ['join', 'call', 'item', 'end', 'cancel'])
})

test('the answer of a stream is read item by item, and more is asked for as it is read', async () => {
  const [story, room] = await ConnectionStory.joined()
  story.script = (frame) => {
    if (frame.type !== 'call' && frame.type !== 'more') return undefined
    const to = frame.type === 'call' ? frame.id : (frame.of ?? 0)
    const items = Array.from(
      { length: frame.type === 'call' ? 32 : 16 },
      (_, body) => ({ type: 'item', to, body }) as const,
    )
    return frame.type === 'call' ? items : [...items, { type: 'end', to }]
  }
  const items = collect(room.stream('numbers'))
  for (let round = 0; round < 5; round++) await story.pass(100)
  assert.equal((await items).length, 48)
  assert.equal(story.last('more')?.items, 16)
})

test('whoever stops reading a stream gives the call up', async () => {
  const [story, room] = await ConnectionStory.joined()
  story.script = (frame) =>
    frame.type === 'call' ? [1, 2, 3].map((body) => ({ type: 'item', to: frame.id, body })) : undefined
  const first = (async () => {
    for await (const item of room.stream('numbers')) return item
    return undefined
  })()
  await story.pass(100)
  assert.equal(await first, 1)
  await story.pass(100)
  assert.deepEqual(story.types, ['join', 'call', 'cancel'])
})

test('a stream survives breaks: each item comes once', async () => {
  const [story, room] = await ConnectionStory.joined()
  const items = collect(room.stream('numbers'))
  await story.pass(100)
  const to = story.last('call')?.id ?? 0
  for (let body = 1; body <= 20; body++) {
    story.server.say({ type: 'item', to, body })
    if (body % 5 === 0) await story.breakAndReturn()
  }
  story.server.say({ type: 'end', to })
  await story.pass(100)
  assert.deepEqual(
    await items,
    Array.from({ length: 20 }, (_, index) => index + 1),
  )
})

test('a stream that is lost with its session fails behind the items that came', async () => {
  const [story, room] = await ConnectionStory.joined()
  const items = room.stream('numbers')
  await story.pass(100)
  story.server.say({ type: 'item', to: story.last('call')?.id ?? 0, body: 1 })
  await story.pass(100)
  story.server.forget()
  await story.breakAndReturn()
  assert.deepEqual(await items.next(), { done: false, value: 1 })
  assert.equal(await codeOf(items.next()), 'ERR_SESSION')
})

test('a single answer to a stream is its only item, and a stream to a call is an error', async () => {
  const [story, room] = await ConnectionStory.joined()
  story.script = (frame) => {
    if (frame.type !== 'call') return undefined
    return [{ type: frame.event === 'one' ? 'reply' : 'item', to: frame.id, body: 1 } as const]
  }
  const items = collect(room.stream('one'))
  const code = codeOf(room.call('many'))
  await story.pass(100)
  assert.deepEqual(await items, [1])
  assert.equal(await code, 'ERR_OUTPUT')
})

test('items that go up with a call wait for leave after the first 32, and end', async () => {
  const [story, room] = await ConnectionStory.joined()
  const answer = room.call('upload', undefined, { items: numbers(40) })
  await story.pass(100)
  const count = () => story.types.filter((type) => type === 'item').length
  assert.equal(count(), 32)
  const to = story.last('call')?.id ?? 0
  assert.equal(story.last('item')?.of, to)
  story.server.say({ type: 'more', to, items: 32 })
  await story.pass(100)
  await story.pass(100)
  assert.equal(count(), 40)
  assert.equal(story.last('end')?.of, to)
  story.server.say({ type: 'reply', to, body: 'thanks' })
  await story.pass(100)
  assert.equal(await answer, 'thanks')
})

test('where the items that go up fail, the call does, and the server is told', async () => {
  const [story, room] = await ConnectionStory.joined()
  const error = new Error('of the source')
  async function* broken(): AsyncGenerator<number> {
    yield 1
    throw error
  }
  const refusal = assert.rejects(room.call('upload', undefined, { items: broken() }), error)
  await story.pass(100)
  await refusal
  assert.deepEqual(story.types, ['join', 'call', 'item', 'cancel'])
})

test('the server asks, and the client answers, once', async () => {
  const [story, room] = await ConnectionStory.joined()
  room.answer('confirm', (body) => Promise.resolve(body === 'sure?'))
  story.server.say({ type: 'call', id: 1, channel: 'room', event: 'confirm', body: 'sure?' })
  await story.pass(15)
  story.network.cut()
  await story.pass(5_000)
  const { to, body } = story.last('reply') ?? {}
  assert.deepEqual([to, body], [1, true])
  assert.deepEqual(story.types, ['join', 'reply'])
})

test('what the client does not answer is refused', async () => {
  const [story, room] = await ConnectionStory.joined()
  const stop = room.answer('confirm', () => true)
  stop()
  story.server.say({ type: 'call', id: 1, channel: 'room', event: 'confirm' })
  story.server.say({ type: 'call', id: 2, channel: 'elsewhere', event: 'confirm' })
  await story.pass(100)
  const codes = story.server.effects.flatMap((frame) => (frame.type === 'error' ? [frame.error.code] : []))
  assert.deepEqual(codes, ['ERR_EVENT', 'ERR_EVENT'])
  assert.deepEqual(story.reported, [])
})

test('a handler that fails tells the server nothing but that, and the program everything', async () => {
  const [story, room] = await ConnectionStory.joined()
  const error = new Error('secret')
  room.answer('confirm', () => {
    throw error
  })
  story.server.say({ type: 'call', id: 1, channel: 'room', event: 'confirm' })
  await story.pass(100)
  const told = story.last('error')?.error
  assert.equal(told?.code, 'ERR_HANDLER')
  assert.doesNotMatch(JSON.stringify(told), /secret/)
  assert.equal((story.reported[0] as Error).cause, error)
})

test('the server asks for a stream, gives leave, and gives up', async () => {
  const [story, room] = await ConnectionStory.joined()
  let ended = false
  room.answer('numbers', async function* () {
    try {
      for (let number = 1; ; number++) yield number
    } finally {
      ended = true
    }
  } as never)
  story.server.say({ type: 'call', id: 1, channel: 'room', event: 'numbers' })
  await story.pass(100)
  await story.pass(100)
  const count = () => story.types.filter((type) => type === 'item').length
  assert.equal(count(), 32)
  story.server.say({ type: 'more', of: 1, items: 8 })
  await story.pass(100)
  await story.pass(100)
  assert.equal(count(), 40)
  story.server.say({ type: 'cancel', of: 1 })
  await story.pass(100)
  assert.equal(ended, true)
})

test('an answer that takes longer than the server waits is the error ERR_DEADLINE', async () => {
  const [story, room] = await ConnectionStory.joined()
  let aborted = false
  room.answer('slow', (_, { signal }) => {
    signal.addEventListener('abort', () => {
      aborted = true
    })
    return new Promise(() => {})
  })
  story.server.say({ type: 'call', id: 1, channel: 'room', event: 'slow', deadlineMs: 2_000 })
  await story.pass(3_000)
  assert.deepEqual([story.last('error')?.error.code, aborted], ['ERR_DEADLINE', true])
})
