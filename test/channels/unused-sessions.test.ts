import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../src/channels/channel.ts'
import { realtime } from '../../src/channels/realtime.ts'
import { native } from '../../src/dialects/native/index.ts'
import { plain } from '../../src/dialects/plain/index.ts'
import { serve } from '../../src/server/serve.ts'
import { HandClient } from './client.ts'
import { settled, VirtualCore } from './virtual-core.ts'

const room = channel('room', { join: () => new Promise((resolve) => setImmediate(resolve)) })

test('a session of somebody unknown that is in no channel is kept for ten seconds, all others for the window', async () => {
  const world = new VirtualCore([room], {
    limits: { windowMs: 30_000, unjoinedWindowMs: 10_000 },
    authenticate: ({ token }) => (token === undefined ? undefined : { id: token }),
  })
  const [unused, joining, left, known] = [
    await world.open(),
    await world.open(),
    await world.open(),
    await world.open({ token: 'ada' }),
  ]
  for (const { session } of [joining, left]) session.receive({ type: 'join', id: 1, channel: 'room' })
  await settled()
  left.session.receive({ type: 'leave', id: 2, channel: 'room' })
  await settled()
  for (const { session, carrier } of [unused, joining, left, known]) session.detach(carrier)
  await world.advance(9_000)
  assert.equal(world.core.sessions.size, 4)
  await world.advance(3_000)
  assert.deepEqual(
    [unused, joining, left, known].map(({ session }) => session.ended),
    [true, false, true, false],
  )
  await world.advance(20_000)
  assert.equal(world.core.sessions.size, 0)
})

test('with a connection a session may wait in no channel for as long as it likes', async () => {
  const world = new VirtualCore([room], { limits: { unjoinedWindowMs: 1_000 } })
  const { session } = await world.open()
  await world.advance(100_000)
  assert.equal(session.ended, false)
})

test('a crowd that opens sessions, or joins and leaves, is bounded: no room is said, and when to come again', async () => {
  const world = new VirtualCore([room], { limits: { maxSessions: 100, unjoinedWindowMs: 10_000 } })
  let refused = 0
  for (let index = 0; index < 1_000; index++) {
    try {
      const { session, carrier } = await world.open()
      session.detach(carrier)
    } catch (error) {
      assert.deepEqual(
        [(error as { code: string }).code, (error as { retryAfterMs: number }).retryAfterMs],
        ['ERR_TOO_MANY', 5_000],
      )
      refused += 1
    }
  }
  assert.deepEqual([world.core.sessions.size, refused], [100, 900])
  await world.advance(12_000)
  assert.equal(world.core.sessions.size, 0)
  await world.open()
})

test('no more sessions than maxSessions come of many that open at a time', async () => {
  const world = new VirtualCore([room], {
    limits: { maxSessions: 10 },
    authenticate: () => new Promise((resolve) => setImmediate(resolve)),
  })
  const opened = await Promise.allSettled(Array.from({ length: 50 }, () => world.open()))
  assert.equal(opened.filter(({ status }) => status === 'fulfilled').length, 10)
})

test('a client for whom there is no room is sent away, in each dialect its way', async () => {
  const app = realtime({ channels: [room], limits: { maxSessions: 1 } })
  await using server = await serve({ app, dialects: [native(), plain()] })
  const first = new HandClient(server.url)
  await first.join('room')
  const second = await new HandClient(server.url).opened()
  second.say({ type: 'connect' })
  const close = await second.hear('close')
  assert.deepEqual(
    [close['why'], close['code'], close['reconnect'], close['afterMs']],
    ['overload', 'ERR_TOO_MANY', true, 5_000],
  )
  assert.equal((await second.hearClose()).code, 1013)
  const response = await fetch(`http://localhost:${server.port}/channels/room?cursor=`)
  assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '5'])
  // Whoever has a session goes on.
  first.say({ type: 'leave', id: 2, channel: 'room' })
  await first.hear('left')
})
