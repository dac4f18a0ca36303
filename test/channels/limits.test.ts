import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../src/channels/channel.ts'
import { settled, VirtualCore } from './virtual-core.ts'

const room = channel('room:{id}', {
  events: { wait: {}, quick: {} },
  on: { wait: () => new Promise<undefined>(() => {}), quick: () => 'done' },
})

const codeOf = (event: { type: string } | undefined): unknown =>
  event?.type === 'error' ? (event as { error?: { code?: string } }).error?.code : undefined

test('a session is in so many channels, and in another one when it has left one', async () => {
  const world = new VirtualCore([room], { limits: { maxChannels: 2 } })
  const { session, carrier } = await world.open()
  for (const id of [1, 2, 3]) session.receive({ type: 'join', id, channel: `room:${id}` })
  await settled()
  assert.deepEqual(carrier.types.sort(), ['error', 'joined', 'joined'])
  assert.equal(codeOf(carrier.heard.find(({ type }) => type === 'error')), 'ERR_TOO_MANY')
  session.receive({ type: 'leave', id: 4, channel: 'room:1' })
  session.receive({ type: 'join', id: 5, channel: 'room:3' })
  await settled()
  assert.equal(carrier.types.at(-1), 'joined')
})

test('so many calls of a session are under way at a time', async () => {
  const world = new VirtualCore([room], { limits: { maxCalls: 2 } })
  const { session, carrier } = await world.open()
  session.receive({ type: 'join', id: 1, channel: 'room:1' })
  await settled()
  const call = (id: number, event: string) => session.receive({ type: 'call', id, channel: 'room:1', event })
  for (const id of [2, 3, 4]) call(id, 'wait')
  assert.equal(codeOf(carrier.heard.at(-1)), 'ERR_TOO_MANY')
  session.receive({ type: 'cancel', id: 5, of: 2 })
  call(6, 'quick')
  assert.deepEqual(carrier.heard.at(-1), { type: 'reply', to: 6, body: 'done' })
})

test('a session that is too fast is refused, joins too, and may go on in its time', async () => {
  const world = new VirtualCore([room], { limits: { rate: { perSecond: 1, burst: 2 } } })
  const { session, carrier } = await world.open()
  for (const id of [1, 2, 3]) session.receive({ type: 'join', id, channel: `room:${id}` })
  await settled()
  const refused = carrier.heard.find(({ type }) => type === 'error')
  assert.equal(codeOf(refused), 'ERR_RATE')
  await world.advance(1_000)
  session.receive({ type: 'join', id: 4, channel: 'room:3' })
  await settled()
  assert.deepEqual(carrier.types.filter((type) => type === 'joined').length, 3)
})

test('what a session has of a call is let go with it: nobody hears of a handler that ends later', async () => {
  const world = new VirtualCore([room])
  const { session, carrier } = await world.open()
  session.receive({ type: 'join', id: 1, channel: 'room:1' })
  await settled()
  session.receive({ type: 'call', id: 2, channel: 'room:1', event: 'wait' })
  session.end({ why: 'normal' })
  const before = carrier.heard.length
  session.receive({ type: 'call', id: 3, channel: 'room:1', event: 'quick' })
  await world.advance(60_000)
  assert.equal(carrier.heard.length, before)
  assert.equal(world.core.sessions.size, 0)
  await assert.rejects(session.call('room:1', 'quick', 1), { code: 'ERR_SESSION' })
  assert.deepEqual(world.errors, [])
})
