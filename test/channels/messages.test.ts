import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../src/channels/channel.ts'
import type { StandardSchema } from '../../src/channels/standard-schema.ts'
import { CallError } from '../../src/errors.ts'
import { serveChannels } from './client.ts'

/** A schema for texts, at once or later. */
function textSchema(later = false): StandardSchema<string> {
  const check = (value: unknown) =>
    typeof value === 'string'
      ? { value }
      : { issues: [{ message: 'must be a text', path: ['here', { key: 0 }] }] }
  const validate = (value: unknown) => (later ? Promise.resolve(check(value)) : check(value))
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

const room = channel('room:{id}', {
  events: {
    message: {},
    upper: { input: textSchema(), output: textSchema() },
    wrong: { output: textSchema(true) },
    asked: {},
    count: {},
    sum: {},
    fail: {},
    refuse: {},
  },
  join: (ctx, { id }) => ({ welcome: id, session: ctx.session.length }),
  on: {
    message: async (ctx, body) => ctx.publish('message', body),
    upper: (_ctx, text) => text.toUpperCase(),
    wrong: () => 7 as never,
    asked: async (ctx, question) => `client said ${await ctx.call('asked', question)}`,
    async *count(_ctx, to) {
      for (let item = 1; item <= (to as number); item++) yield item
    },
    async sum(ctx) {
      let sum = 0
      for await (const item of ctx.items ?? []) sum += item as number
      return sum
    },
    fail() {
      throw new Error('a secret of the server')
    },
    refuse() {
      throw new CallError('ERR_APPLICATION', { message: 'Not today', reason: 'sunday' })
    },
  },
})

test('a member hears what it sent, then the answer', async () => {
  await using server = await serveChannels([room])
  const ada = server.client()
  const { connected, joined } = await ada.join('room:1')
  assert.equal(typeof connected['key'], 'string')
  assert.deepEqual(joined['welcome'], { welcome: '1', session: 21 })
  ada.say({ type: 'call', id: 2, channel: 'room:1', event: 'message', body: 'hello' })
  const published = await ada.hear('publish')
  assert.deepEqual(published, {
    type: 'publish',
    channel: 'room:1',
    event: 'message',
    body: 'hello',
    offset: 1,
  })
  const { to, body } = await ada.hear('reply')
  assert.equal(to, 2)
  assert.equal((body as { offset: number }).offset, 1)
  assert.deepEqual(server.errors, [])
})

test('frames behind a join need not wait for it', async () => {
  await using server = await serveChannels([room])
  const ada = await server.client().opened()
  ada.say(
    { type: 'connect' },
    { type: 'join', id: 1, channel: 'room:1' },
    { type: 'call', id: 2, channel: 'room:1', event: 'upper', body: 'hello' },
    { type: 'leave', id: 3, channel: 'room:1' },
  )
  await ada.hear('joined')
  assert.deepEqual(await ada.hear('reply'), { type: 'reply', to: 2, body: 'HELLO' })
  assert.deepEqual(await ada.hear('left'), { type: 'left', to: 3, channel: 'room:1', why: 'normal' })
})

test('all members hear what is published, from inside and from outside, and who left does not', async () => {
  await using server = await serveChannels([room])
  const [ada, bob] = [server.client(), server.client()]
  await ada.join('room:1')
  await bob.join('room:1')
  ada.say({ type: 'send', id: 2, channel: 'room:1', event: 'message', body: 1 })
  for (const member of [ada, bob]) assert.equal((await member.hear('publish'))['body'], 1)
  bob.say({ type: 'leave', id: 2, channel: 'room:1' })
  await bob.hear('left')
  await server.app.channel('room:1').publish('message', 2)
  assert.equal((await ada.hear('publish'))['body'], 2)
  assert.deepEqual(bob.heard, [])
})

test('what does not fit its schema is refused with the path to it', async () => {
  await using server = await serveChannels([room])
  const ada = server.client()
  await ada.join('room:1')
  ada.say({ type: 'call', id: 2, channel: 'room:1', event: 'upper', body: 7 })
  assert.deepEqual(await ada.hear('error'), {
    type: 'error',
    to: 2,
    error: {
      code: 'ERR_INPUT',
      message: 'must be a text',
      channel: 'room:1',
      event: 'upper',
      path: ['here', 0],
    },
  })
  assert.deepEqual(server.errors, [])
})

test('an answer of ours that does not fit is our mistake: it is reported, and not sent', async () => {
  await using server = await serveChannels([room])
  const ada = server.client()
  await ada.join('room:1')
  ada.say({ type: 'call', id: 2, channel: 'room:1', event: 'wrong' })
  assert.equal(((await ada.hear('error'))['error'] as { code: string }).code, 'ERR_OUTPUT')
  assert.deepEqual(
    server.errors.map((error) => (error as CallError).code),
    ['ERR_OUTPUT'],
  )
})

test('the server asks a client, and the client answers', async () => {
  await using server = await serveChannels([room])
  const ada = server.client()
  await ada.join('room:1')
  ada.say({ type: 'call', id: 2, channel: 'room:1', event: 'asked', body: 'how are you?' })
  const question = await ada.hear('call')
  assert.deepEqual([question['event'], question['body']], ['asked', 'how are you?'])
  ada.say({ type: 'reply', id: 3, to: question['id'], body: 'fine' })
  assert.deepEqual(await ada.hear('reply'), { type: 'reply', to: 2, body: 'client said fine' })
})

test('a call is answered item by item, and its caller may send items along', async () => {
  await using server = await serveChannels([room])
  const ada = server.client()
  await ada.join('room:1')
  ada.say({ type: 'call', id: 2, channel: 'room:1', event: 'count', body: 3 })
  for (const body of [1, 2, 3]) assert.deepEqual(await ada.hear('item'), { type: 'item', to: 2, body })
  assert.deepEqual(await ada.hear('end'), { type: 'end', to: 2 })
  ada.say(
    { type: 'call', id: 3, channel: 'room:1', event: 'sum' },
    { type: 'item', id: 4, of: 3, body: 4 },
    { type: 'item', id: 5, of: 3, body: 5 },
    { type: 'end', id: 6, of: 3 },
  )
  assert.deepEqual(await ada.hear('reply'), { type: 'reply', to: 3, body: 9 })
})

test('a handler that throws is reported whole; its caller hears only that, and others nothing', async () => {
  await using server = await serveChannels([room])
  const [ada, bob] = [server.client(), server.client()]
  await ada.join('room:1')
  await bob.join('room:1')
  ada.say({ type: 'call', id: 2, channel: 'room:1', event: 'fail' })
  const { error } = await ada.hear('error')
  assert.deepEqual(error, {
    code: 'ERR_HANDLER',
    message: 'The server failed to handle this',
    channel: 'room:1',
    event: 'fail',
  })
  assert.equal(((server.errors[0] as Error).cause as Error).message, 'a secret of the server')
  ada.say({ type: 'send', id: 3, channel: 'room:1', event: 'message', body: 'still here' })
  assert.equal((await bob.hear('publish'))['body'], 'still here')
})

test('an application refuses with a word of its own', async () => {
  await using server = await serveChannels([room])
  const ada = server.client()
  await ada.join('room:1')
  ada.say({ type: 'call', id: 2, channel: 'room:1', event: 'refuse' })
  assert.deepEqual((await ada.hear('error'))['error'], {
    code: 'ERR_APPLICATION',
    message: 'Not today',
    reason: 'sunday',
  })
  assert.deepEqual(server.errors, [])
})

test('what nobody knows is refused by name, and the session goes on', async () => {
  await using server = await serveChannels([room])
  const ada = server.client()
  await ada.join('room:1')
  const refused: [code: string, frame: object | string][] = [
    ['ERR_CHANNEL', { type: 'join', id: 2, channel: 'lobby' }],
    ['ERR_CHANNEL', { type: 'join', id: 3, channel: 'room:1' }],
    ['ERR_JOIN_FIRST', { type: 'call', id: 4, channel: 'room:2', event: 'upper' }],
    ['ERR_JOIN_FIRST', { type: 'leave', id: 5, channel: 'room:2' }],
    ['ERR_EVENT', { type: 'call', id: 6, channel: 'room:1', event: 'toString' }],
    ['ERR_EVENT', { type: 'send', id: 7, channel: 'room:1', event: 'unheard' }],
    ['ERR_NO_HISTORY', { type: 'history', id: 8, channel: 'room:1' }],
    ['ERR_FRAME', '{"type":"dance"}'],
    ['ERR_FRAME', 'hello?'],
    ['ERR_FRAME', { type: 'ack', position: 1_000 }],
    ['ERR_FRAME', { type: 'connect' }],
  ]
  for (const [code, frame] of refused) {
    ada.say(frame as Record<string, unknown>)
    assert.equal(((await ada.hear('error'))['error'] as { code: string }).code, code, JSON.stringify(frame))
  }
  ada.say({ type: 'call', id: 9, channel: 'room:1', event: 'upper', body: 'ok' })
  assert.equal((await ada.hear('reply'))['body'], 'OK')
  assert.deepEqual(server.errors, [])
})

test('who is too fast hears when to try again', async () => {
  await using server = await serveChannels([
    channel('slow', { events: { tick: {} }, rate: { perSecond: 1, burst: 1 }, on: { tick: () => true } }),
  ])
  const ada = server.client()
  await ada.join('slow')
  ada.say(
    { type: 'call', id: 2, channel: 'slow', event: 'tick' },
    { type: 'call', id: 3, channel: 'slow', event: 'tick' },
  )
  await ada.hear('reply')
  const { code, retryAfterMs } = (await ada.hear('error'))['error'] as { code: string; retryAfterMs: number }
  assert.equal(code, 'ERR_RATE')
  assert.ok(retryAfterMs > 0 && retryAfterMs <= 1_000)
})
