import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryBus } from '../../src/bus/memory-bus.ts'
import { channel } from '../../src/channels/channel.ts'
import { encoder, settled, TestCarrier, VirtualCore } from './virtual-core.ts'

const aborted: string[] = []

const room = channel('room:{id}', {
  events: { message: {}, slow: {}, ask: {}, answer: {} },
  presence: true,
  on: {
    message: (ctx, body) => ctx.publish('message', body).then(() => undefined),
    slow: (ctx) =>
      new Promise<undefined>(() => {
        ctx.signal?.addEventListener('abort', () => aborted.push(ctx.session))
      }),
    ask: (ctx, body) => ctx.call('answer', body, { deadlineMs: 5_000 }),
  },
})

const join = { type: 'join', id: 1, channel: 'room:1' } as const

test('a session without a carrier is over when its window is, and was not before', async () => {
  const world = new VirtualCore([room])
  const { session, carrier, key } = await world.open()
  session.receive(join)
  await settled()
  session.detach(carrier)
  await world.advance(29_000)
  assert.equal(world.core.find(encoder, session.id, key), session)
  await world.advance(3_000)
  assert.equal(world.core.find(encoder, session.id, key), undefined)
  assert.equal(session.ended, true)
  assert.deepEqual(world.core.room('room:1').present(), [])
})

test('a session that has a carrier stays, and one that comes back in time goes on', async () => {
  const world = new VirtualCore([room])
  const { session, carrier } = await world.open()
  session.receive(join)
  await world.advance(300_000)
  session.detach(carrier)
  await world.advance(20_000)
  const { position } = session
  const next = new TestCarrier(session, position)
  await world.advance(300_000)
  assert.equal(session.ended, false)
  await world.core.room('room:1').publish('message', 1)
  assert.equal(next.types.at(-1), 'publish')
})

test('a call is answered with ERR_DEADLINE when its time is over, and its handler is aborted', async () => {
  const world = new VirtualCore([room])
  const { session, carrier } = await world.open()
  session.receive(join)
  session.receive({ type: 'call', id: 2, channel: 'room:1', event: 'slow', deadlineMs: 4_000 })
  await world.advance(3_000)
  assert.ok(!carrier.types.includes('error'))
  await world.advance(3_000)
  const error = carrier.heard.find(({ type }) => type === 'error')
  assert.equal(error?.type === 'error' && error.error.code, 'ERR_DEADLINE')
  assert.deepEqual(aborted, [session.id])
  // What comes again has the same answer.
  const before = carrier.heard.length
  session.receive({ type: 'call', id: 2, channel: 'room:1', event: 'slow', deadlineMs: 4_000 })
  assert.equal(carrier.heard[before], error)
})

test('a client that does not answer is told that it need not any more', async () => {
  const world = new VirtualCore([room])
  const { session, carrier } = await world.open()
  session.receive(join)
  session.receive({ type: 'call', id: 2, channel: 'room:1', event: 'ask', body: '?' })
  await world.advance(7_000)
  assert.deepEqual(
    carrier.types.filter((type) => type !== 'presence-diff'),
    ['joined', 'presence', 'call', 'cancel', 'error'],
  )
  const error = carrier.heard.at(-1)
  assert.equal(error?.type === 'error' && error.error.code, 'ERR_DEADLINE')
})

test('a session ends with its token, unless there is another one in time', async () => {
  const world = new VirtualCore([], {
    authenticate: ({ token }) => ({ id: 'ada', expiresAt: Number(token) }),
  })
  const [short, renewed] = [await world.open({ token: '10000' }), await world.open({ token: '10000' })]
  await world.advance(8_000)
  renewed.session.receive({ type: 'authenticate', id: 1, token: '60000' })
  await world.advance(4_000)
  const endings = () => [short, renewed].map(({ carrier }) => carrier.ending?.why)
  assert.deepEqual(endings(), ['unauthorized', undefined])
  await world.advance(50_000)
  assert.deepEqual(endings(), ['unauthorized', 'unauthorized'])
})

test('a node that dies takes its members with it, within half a minute', async () => {
  const bus = memoryBus()
  const [one, two] = [new VirtualCore([room], { bus }), new VirtualCore([room], { bus })]
  for (const node of [one, two]) (await node.open()).session.receive(join)
  await settled()
  assert.equal(one.core.room('room:1').present().length, 2)
  // Only the first one's clock goes on: the second is gone, and says nothing any more.
  await one.advance(29_000)
  assert.equal(one.core.room('room:1').present().length, 2)
  await one.advance(15_000)
  assert.equal(one.core.room('room:1').present().length, 1)
})

test('an idle session waits for nothing, and a channel nobody is in is forgotten', async () => {
  const world = new VirtualCore([room])
  const { session, carrier } = await world.open()
  session.receive(join)
  await world.advance(1_000)
  session.acknowledge(session.position)
  await world.advance(70_000)
  assert.equal(session.wheelTick, -1)
  const before = world.core.room('room:1')
  session.receive({ type: 'leave', id: 2, channel: 'room:1' })
  await world.advance(10_000)
  assert.equal(carrier.types.at(-1), 'left')
  assert.notEqual(world.core.room('room:1'), before)
})
