import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../src/channels/channel.ts'
import { serveChannels } from './client.ts'

let effects = 0

const room = channel('room:{id}', {
  events: { message: {}, effect: {} },
  history: { limit: 3, ttlMs: 60_000 },
  on: {
    message: (ctx, body) => ctx.publish('message', body),
    effect() {
      effects += 1
      return effects
    },
  },
})

test('a session goes on over another connection: what was missed comes once, in order', async () => {
  await using server = await serveChannels([room])
  const first = server.client()
  const { connected } = await first.join('room:1')
  const { publish } = server.app.channel('room:1')
  await publish('message', 1)
  await first.hear('publish')
  first.cut()
  await first.hearClose()
  for (const body of [2, 3, 4, 5, 6]) await publish('message', body)
  const second = await server.client().opened()
  const { session, key } = connected
  second.say({ type: 'connect', resume: { session, key, position: 2 } })
  assert.deepEqual(await second.hear('resumed'), { type: 'resumed', position: 2, replayed: 5, received: 1 })
  for (const body of [2, 3, 4, 5, 6]) assert.equal((await second.hear('publish'))['body'], body)
  await publish('message', 7)
  assert.equal((await second.hear('publish'))['body'], 7)
})

test('a connection that takes over replaces the other one, and replays what that one may not have brought', async () => {
  await using server = await serveChannels([room])
  const [first, second] = [server.client(), server.client()]
  const { connected } = await first.join('room:1')
  await server.app.channel('room:1').publish('message', 1)
  await first.hear('publish')
  await second.opened()
  const { session, key } = connected
  second.say({ type: 'connect', resume: { session, key, position: 1 } })
  assert.equal((await second.hear('resumed'))['replayed'], 1)
  assert.equal((await second.hear('publish'))['body'], 1)
  assert.equal((await first.hear('close'))['why'], 'replaced')
  assert.equal((await first.hearClose()).code, 4409)
})

test('a connect that was held up on its way does not take the session back from a later one', async () => {
  await using server = await serveChannels([room])
  const first = server.client()
  const { session, key } = (await first.join('room:1')).connected
  const [second, late] = [await server.client().opened(), await server.client().opened()]
  second.say({ type: 'connect', resume: { session, key, position: 1, attempt: 2 } })
  await second.hear('resumed')
  second.say({ type: 'ack', position: 1 }, { type: 'ping' })
  await second.hear('pong')
  late.say({ type: 'connect', resume: { session, key, position: 0, attempt: 1 } })
  assert.equal((await late.hear('close'))['why'], 'replaced')
  await server.app.channel('room:1').publish('message', 1)
  assert.equal((await second.hear('publish'))['body'], 1)
  assert.equal(second.closed, undefined)
})

test('a connect that somebody between has sent twice takes nothing from the first, and may come back', async () => {
  await using server = await serveChannels([room])
  const first = server.client()
  const { session, key } = (await first.join('room:1')).connected
  const [once, again] = [await server.client().opened(), await server.client().opened()]
  const connect = { type: 'connect', resume: { session, key, position: 0, attempt: 2 } }
  once.say(connect)
  await once.hear('joined')
  once.say({ type: 'ack', position: 1 }, { type: 'ping' })
  await once.hear('pong')
  again.say(connect)
  const { why, reconnect } = await again.hear('close')
  assert.deepEqual([why, reconnect], ['replaced', true])
  await server.app.channel('room:1').publish('message', 1)
  assert.equal((await once.hear('publish'))['body'], 1)
  const third = await server.client().opened()
  third.say({ type: 'connect', resume: { session, key, position: 2, attempt: 3 } })
  await third.hear('resumed')
})

test('a call that comes again takes effect once, and has its first answer', async () => {
  await using server = await serveChannels([room])
  const first = server.client()
  const { connected } = await first.join('room:1')
  const call = { type: 'call', id: 2, channel: 'room:1', event: 'effect' }
  first.say(call)
  const answer = await first.hear('reply')
  first.cut()
  const second = await server.client().opened()
  const { session, key } = connected
  second.say({ type: 'connect', resume: { session, key, position: 1 } }, call)
  assert.equal((await second.hear('resumed'))['replayed'], 1)
  assert.deepEqual(await second.hear('reply'), answer)
  assert.deepEqual(await second.hear('reply'), answer)
})

test('a call that comes again when its answer was acknowledged takes no effect, and hears so', async () => {
  await using server = await serveChannels([room])
  const client = server.client()
  await client.join('room:1')
  const call = { type: 'call', id: 2, channel: 'room:1', event: 'effect' }
  client.say(call)
  await client.hear('reply')
  const before = effects
  client.say({ type: 'ack', position: 2 }, call)
  const { error } = (await client.hear('error')) as { error: { code: string } }
  assert.equal(error.code, 'ERR_FORGOTTEN')
  assert.equal(effects, before)
})

const forged: [
  title: string,
  reason: string,
  change: (resume: { session: string; key: string }) => object,
][] = [
  ['a session nobody knows', 'unknown', (resume) => ({ ...resume, session: 'nobody', position: 0 })],
  ['a wrong key', 'unknown', (resume) => ({ ...resume, key: `${resume.key.slice(1)}A`, position: 0 })],
  ['a position that was never sent', 'position', (resume) => ({ ...resume, position: 99 })],
]

for (const [title, reason, change] of forged) {
  test(`${title} is answered with reset, reason ${reason}, and a new session`, async () => {
    await using server = await serveChannels([room])
    const first = server.client()
    const { connected } = await first.join('room:1')
    const second = await server.client().opened()
    const { session, key } = connected as { session: string; key: string }
    second.say({ type: 'connect', resume: change({ session, key }) })
    const reset = await second.hear('reset')
    assert.equal(reset['reason'], reason)
    assert.notEqual(reset['session'], session)
    second.say({ type: 'join', id: 1, channel: 'room:1' })
    await second.hear('joined')
  })
}

test('what was acknowledged is not kept, and asking for it is answered with reset, reason overflow', async () => {
  await using server = await serveChannels([room])
  const first = server.client()
  const { connected } = await first.join('room:1')
  first.say({ type: 'ack', position: 1 }, { type: 'ping' })
  await first.hear('pong')
  const second = await server.client().opened()
  const { session, key } = connected
  second.say({ type: 'connect', resume: { session, key, position: 0 } })
  assert.equal((await second.hear('reset'))['reason'], 'overflow')
})

test('a session that is closed is over at once', async () => {
  await using server = await serveChannels([room])
  const first = server.client()
  const { connected } = await first.join('room:1')
  first.say({ type: 'close' })
  assert.equal((await first.hearClose()).code, 1000)
  assert.equal(server.app.sessionCount, 0)
  const second = await server.client().opened()
  const { session, key } = connected
  second.say({ type: 'connect', resume: { session, key, position: 1 } })
  assert.equal((await second.hear('reset'))['reason'], 'unknown')
})

test('a new session gets what it missed of a channel, or hears why it cannot', async () => {
  await using server = await serveChannels([room])
  const { publish } = server.app.channel('room:1')
  for (const body of [1, 2, 3, 4]) await publish('message', body)
  const { epoch } = await publish('message', 5)
  const [ada, bob, eve] = [server.client(), server.client(), server.client()]
  const { joined } = await ada.join('room:1', { since: { epoch, offset: 3 } })
  assert.deepEqual([joined['resumed'], joined['at']], [{ replayed: 2 }, { epoch, offset: 5 }])
  for (const body of [4, 5]) assert.equal((await ada.hear('publish'))['body'], body)
  assert.deepEqual((await bob.join('room:1', { since: { epoch, offset: 1 } })).joined['reset'], {
    reason: 'overflow',
  })
  assert.deepEqual((await eve.join('room:1', { since: { epoch: 'x', offset: 5 } })).joined['reset'], {
    reason: 'epoch',
  })
})

test('history answers with what is kept', async () => {
  await using server = await serveChannels([room])
  const ada = server.client()
  await ada.join('room:1')
  const { publish } = server.app.channel('room:1')
  for (const body of [1, 2, 3, 4]) await publish('message', body)
  ada.say({ type: 'history', id: 2, channel: 'room:1', limit: 2 })
  const { body } = await ada.hear('reply')
  const { messages, at } = body as { messages: { offset: number; body: number }[]; at: { offset: number } }
  assert.deepEqual(
    messages.map(({ offset, body }) => [offset, body]),
    [
      [3, 3],
      [4, 4],
    ],
  )
  assert.equal(at.offset, 4)
})

test('the server says goodbye to everybody when it closes', async () => {
  const server = await serveChannels([room])
  const ada = server.client()
  await ada.join('room:1')
  await server[Symbol.asyncDispose]()
  const goodbye = await ada.hear('close')
  assert.deepEqual([goodbye['why'], goodbye['reconnect']], ['goingAway', true])
  assert.equal((await ada.hearClose()).code, 1001)
})
