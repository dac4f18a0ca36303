import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryBus } from '../../src/bus/memory-bus.ts'
import { channel } from '../../src/channels/channel.ts'
import { CallError } from '../../src/errors.ts'
import { serveChannels } from './client.ts'

const left: string[] = []

const room = channel('room:{id}', {
  events: { message: {}, mood: {}, kick: {} },
  presence: true,
  join(ctx, { id }) {
    if (id === 'full') throw new CallError('ERR_APPLICATION', { message: 'The room is full', reason: 'full' })
    if (id === 'broken') throw new Error('broken')
    ctx.presence.set({ mood: 'fine' })
  },
  on: {
    mood: (ctx, mood) => ctx.presence.set({ mood }),
    kick: (ctx) => ctx.kick('Be nice'),
  },
  leave: (ctx, why) => left.push(`${ctx.channel} ${why}`),
})

const names = { authenticate: ({ token }: { token?: string | undefined }) => ({ id: token ?? 'nobody' }) }

test('who joins hears who is here, and everybody hears who comes, changes and goes', async () => {
  await using server = await serveChannels([room], names)
  const ada = server.client()
  await ada.join('room:1')
  const { state } = await ada.hear('presence')
  const [[entry]] = Object.values(state as Record<string, { ref: string; meta: unknown }[]>) as [
    [{ ref: string; meta: unknown }],
  ]
  assert.deepEqual(entry.meta, { mood: 'fine' })
  await ada.hear('presence-diff')
  const bob = await server.client().opened()
  bob.say({ type: 'connect', token: 'bob' }, { type: 'join', id: 1, channel: 'room:1' })
  const seen = (await bob.hear('presence'))['state'] as object
  assert.deepEqual(Object.keys(seen).sort(), ['bob', 'nobody'])
  const came = await ada.hear('presence-diff')
  assert.deepEqual(Object.keys(came['joins'] as object), ['bob'])
  bob.say({ type: 'send', id: 2, channel: 'room:1', event: 'mood', body: 'great' })
  const changed = await ada.hear('presence-diff')
  const { ref } = ((changed['joins'] as Record<string, { ref: string }[]>)['bob'] as [{ ref: string }])[0]
  assert.deepEqual(changed['leaves'], { bob: [ref] })
  bob.say({ type: 'close' })
  const went = await ada.hear('presence-diff')
  assert.deepEqual([went['joins'], went['leaves']], [{}, { bob: [ref] }])
  assert.deepEqual(
    server.app
      .channel('room:1')
      .presence()
      .map(({ key }) => key),
    ['nobody'],
  )
})

test('two nodes know who is on the other one', async () => {
  const bus = memoryBus()
  await using one = await serveChannels([room], { ...names, bus })
  await using two = await serveChannels([room], { ...names, bus })
  const [ada, bob] = [await one.client().opened(), await two.client().opened()]
  ada.say({ type: 'connect', token: 'ada' }, { type: 'join', id: 1, channel: 'room:1' })
  await ada.hear('presence-diff')
  bob.say({ type: 'connect', token: 'bob' }, { type: 'join', id: 1, channel: 'room:1' })
  assert.deepEqual(Object.keys((await bob.hear('presence'))['state'] as object).sort(), ['ada', 'bob'])
  assert.deepEqual(Object.keys((await ada.hear('presence-diff'))['joins'] as object), ['bob'])
  await two.app.channel('room:1').publish('message', 'to both')
  for (const member of [ada, bob]) assert.equal((await member.hear('publish'))['body'], 'to both')
})

test('an application refuses a join with its own word; a handler that throws with none', async () => {
  await using server = await serveChannels([room])
  const ada = await server.client().opened()
  ada.say(
    { type: 'connect' },
    { type: 'join', id: 1, channel: 'room:full' },
    { type: 'join', id: 2, channel: 'room:broken' },
  )
  assert.deepEqual(await ada.hear('error'), {
    type: 'error',
    to: 1,
    error: { code: 'ERR_APPLICATION', message: 'The room is full', reason: 'full' },
  })
  const { error } = await ada.hear('error')
  assert.equal((error as { code: string }).code, 'ERR_HANDLER')
  assert.equal(((server.errors[0] as Error).cause as Error).message, 'broken')
})

test('who is kicked hears why, is in the channel no more, and may come back', async () => {
  await using server = await serveChannels([room])
  const ada = server.client()
  await ada.join('room:2')
  ada.say({ type: 'send', id: 2, channel: 'room:2', event: 'kick' })
  assert.deepEqual(await ada.hear('left'), {
    type: 'left',
    channel: 'room:2',
    why: 'kicked',
    message: 'Be nice',
  })
  assert.ok(left.includes('room:2 kicked'))
  ada.say({ type: 'join', id: 3, channel: 'room:2' })
  assert.equal((await ada.hear('joined'))['to'], 3)
})

test('who is not let in hears so; a session of whom access was taken from ends', async () => {
  const authenticate = ({ token }: { token?: string | undefined }) => {
    if (token === undefined) throw new Error('no token')
    return { id: token }
  }
  await using server = await serveChannels([room], { authenticate })
  const [ada, eve] = [await server.client().opened(), await server.client().opened()]
  eve.say({ type: 'connect' })
  const refused = await eve.hear('close')
  assert.deepEqual([refused['why'], refused['code']], ['unauthorized', 'ERR_UNAUTHORIZED'])
  assert.equal((await eve.hearClose()).code, 4401)
  ada.say({ type: 'connect', token: 'ada' })
  await ada.hear('connected')
  ada.say(
    { type: 'authenticate', id: 1, token: 'somebody else' },
    { type: 'authenticate', id: 2, token: 'ada' },
  )
  assert.equal(((await ada.hear('error'))['error'] as { code: string }).code, 'ERR_UNAUTHORIZED')
  assert.equal((await ada.hear('reply'))['to'], 2)
  await server.app.user('ada').revoke()
  assert.equal((await ada.hear('close'))['why'], 'unauthorized')
})

test('a session that waits for too much ends, and others notice nothing', async () => {
  await using server = await serveChannels([room], { limits: { maxBytes: 2_000 } })
  const [ada, bob] = [server.client(), server.client()]
  await ada.join('room:3')
  await bob.join('room:3')
  ada.cut()
  await ada.hearClose()
  for (let count = 0; count < 30; count++)
    await server.app.channel('room:3').publish('message', 'x'.repeat(100))
  await bob.hear('publish')
  assert.ok(left.includes('room:3 overload'))
})

test('a user is reached on all devices and nodes: sent to, removed from a channel, cut off', async () => {
  const bus = memoryBus()
  await using one = await serveChannels([room], { ...names, bus })
  await using two = await serveChannels([room], { ...names, bus })
  const devices = [one.client(), one.client(), two.client()]
  for (const device of devices) {
    await device.opened()
    device.say({ type: 'connect', token: 'ada' }, { type: 'join', id: 1, channel: 'room:4' })
    await device.hear('joined')
  }
  const bob = await two.client().opened()
  bob.say({ type: 'connect', token: 'bob' }, { type: 'join', id: 1, channel: 'room:4' })
  await bob.hear('joined')
  const ada = one.app.user('ada')
  await ada.send('hint', 'look')
  for (const device of devices) {
    assert.deepEqual(await device.hear('send'), { type: 'send', event: 'hint', body: 'look' })
  }
  await ada.kick('room:4', 'Enough')
  for (const device of devices) assert.equal((await device.hear('left'))['message'], 'Enough')
  await ada.revoke('Gone')
  for (const device of devices) assert.equal((await device.hearClose()).code, 4401)
  await one.app.channel('room:4').publish('message', 'still here')
  assert.equal((await bob.hear('publish'))['body'], 'still here')
})
