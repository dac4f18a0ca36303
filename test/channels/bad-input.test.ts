import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryBus } from '../../src/bus/memory-bus.ts'
import { channel } from '../../src/channels/channel.ts'
import { realtime } from '../../src/channels/realtime.ts'
import { native } from '../../src/dialects/native/index.ts'
import { serve } from '../../src/server/serve.ts'
import { HandClient, serveChannels } from './client.ts'

type Frame = Record<string, unknown>

let left: string[] = []

const anything = channel('{name}', {
  events: { message: {}, effect: {}, fail: {} },
  join(ctx) {
    if (ctx.channel === 'broken') throw new Error('a mistake in join')
  },
  leave(ctx, why) {
    left.push(`${ctx.channel} ${why}`)
    if (ctx.channel === 'careless') throw new Error('a mistake in leave')
  },
  on: {
    message: (ctx, body) => ctx.publish('message', body),
    effect: (ctx) => {
      ctx.data['effects'] = ((ctx.data['effects'] as number | undefined) ?? 0) + 1
      return ctx.data['effects']
    },
    async fail() {
      await null
      throw new TypeError('a mistake in a handler, with a secret')
    },
  },
})

test('names of our own topics are no names of channels, whatever the pattern', async () => {
  await using server = await serveChannels([anything])
  const client = await server.client().opened()
  client.say({ type: 'connect' })
  await client.hear('connected')
  for (const [index, name] of ['\u0000orders', '\u0000nodes', '\u0000node x', 'a\u0000b'].entries()) {
    client.say({ type: 'join', id: index + 1, channel: name })
    assert.equal(((await client.hear('error'))['error'] as Frame)['code'], 'ERR_CHANNEL')
  }
  assert.throws(() => server.app.channel('\u0000orders'), { code: 'ERR_CHANNEL' })
})

test('handlers that throw: the caller hears ERR_HANDLER and neither message nor stack, onError all of it, nobody else anything', async () => {
  left = []
  await using server = await serveChannels([anything])
  const [ada, bob] = [server.client(), server.client()]
  const texts: string[] = []
  await ada.join('careless')
  await bob.join('careless')
  ada.say({ type: 'call', id: 2, channel: 'careless', event: 'fail' })
  texts.push(JSON.stringify(await ada.hear('error')))
  ada.say({ type: 'send', id: 3, channel: 'careless', event: 'fail' })
  texts.push(JSON.stringify(await ada.hear('error')))
  ada.say({ type: 'join', id: 4, channel: 'broken' })
  texts.push(JSON.stringify(await ada.hear('error')))
  ada.say({ type: 'leave', id: 5, channel: 'careless' })
  await ada.hear('left')
  for (const text of texts) {
    assert.match(text, /"code":"ERR_HANDLER"/)
    assert.doesNotMatch(text, /mistake|secret|stack|at |\.ts/)
  }
  const causes = server.errors.map((error) => ((error.cause ?? error) as Error).message)
  assert.deepEqual(causes, [
    'a mistake in a handler, with a secret',
    'a mistake in a handler, with a secret',
    'a mistake in join',
    'a mistake in leave',
  ])
  for (const error of server.errors)
    assert.match(String(((error.cause ?? error) as Error).stack), /bad-input/)
  // Bob has heard nothing, and his session goes on.
  bob.say({ type: 'call', id: 2, channel: 'careless', event: 'effect' })
  assert.equal((await bob.hear('reply'))['body'], 1)
  assert.deepEqual(bob.heard, [])
})

test('a number that comes again takes effect once and has its first answer, whatever was asked', async () => {
  await using server = await serveChannels([anything])
  const client = server.client()
  const { joined } = await client.join('room')
  const call = { type: 'call', id: 2, channel: 'room', event: 'effect' }
  const leave = { type: 'leave', id: 3, channel: 'room' }
  client.say(call)
  const reply = await client.hear('reply')
  client.say({ type: 'join', id: 1, channel: 'room' })
  assert.deepEqual(await client.hear('joined'), joined)
  // Another frame under a number that was used says nothing.
  client.say({ ...call, event: 'fail' })
  assert.deepEqual(await client.hear('reply'), reply)
  client.say(leave)
  const leaving = await client.hear('left')
  client.say(leave)
  assert.deepEqual(await client.hear('left'), leaving)
})

test('a frame that is too big ends the connection; the session goes on behind the last frame before it', async () => {
  const app = realtime({ channels: [anything] })
  await using server = await serve({ app, dialects: [native()], limits: { maxMessageBytes: 1_000 } })
  const [first, other] = [new HandClient(server.url), new HandClient(server.url)]
  await other.join('room')
  const { connected } = await first.join('room')
  const call = { type: 'call', channel: 'room', event: 'effect' }
  first.say({ ...call, id: 2 }, { ...call, id: 3, body: 'x'.repeat(2_000) }, { ...call, id: 4 })
  assert.equal((await first.hearClose()).code, 1009)
  const second = await new HandClient(server.url).opened()
  const { session, key } = connected
  second.say({ type: 'connect', resume: { session, key, position: 1 } })
  // The first frame behind `received` is the one that was too big.
  assert.equal((await second.hear('resumed'))['received'], 2)
  assert.equal((await second.hear('reply'))['body'], 1)
  second.say({ ...call, id: 4 })
  assert.equal((await second.hear('reply'))['body'], 2)
  other.say({ ...call, id: 2 })
  assert.equal((await other.hear('reply'))['body'], 1)
})

test('who is revoked is out of all channels within a second, on all nodes, wherever the connections are', async () => {
  left = []
  const bus = memoryBus()
  const start = async () => {
    const authenticate = ({ token }: { token?: string | undefined }) =>
      token === undefined ? undefined : { id: token }
    const app = realtime({ channels: [anything], bus, authenticate })
    return { app, server: await serve({ app, dialects: [native()] }) }
  }
  const [one, two] = [await start(), await start()]
  const joined = async (url: string, token: string) => {
    const client = await new HandClient(url).opened()
    client.say({ type: 'connect', token })
    const { session, key } = await client.hear('connected')
    client.say({ type: 'join', id: 1, channel: 'room' })
    await client.hear('joined')
    return { client, resume: { session, key, position: 1 } }
  }
  const phone = await joined(one.server.url, 'ada')
  const laptop = await joined(two.server.url, 'ada')
  const bob = await joined(two.server.url, 'bob')
  // The phone comes back to the other node than the one its session lives on.
  const back = await new HandClient(two.server.url).opened()
  back.say({ type: 'connect', resume: phone.resume })
  await back.hear('resumed')
  const before = performance.now()
  await two.server.user('ada').revoke('Gone')
  const closes = await Promise.all([back.hear('close'), laptop.client.hear('close')])
  assert.ok(performance.now() - before < 1_000)
  for (const close of closes) assert.deepEqual([close['why'], close['message']], ['unauthorized', 'Gone'])
  assert.deepEqual(left, ['room unauthorized', 'room unauthorized'])
  await two.server.channel('room').publish('message', 'for those who are left')
  await bob.client.hear('publish')
  for (const { client } of [phone, laptop]) assert.ok(!client.heard.some(({ type }) => type === 'publish'))
  assert.ok(!back.heard.some(({ type }) => type === 'publish'))
  const again = await new HandClient(one.server.url).opened()
  again.say({ type: 'connect', resume: phone.resume })
  assert.equal((await again.hear('reset'))['reason'], 'unknown')
  for (const { server } of [one, two]) await server.close()
})
