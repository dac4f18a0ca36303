import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../src/channels/channel.ts'
import type { ChannelContext } from '../../src/channels/context.ts'
import { realtime } from '../../src/channels/realtime.ts'
import { connect } from '../../src/client/realtime/connect.ts'
import { WebSocket } from '../../src/client/websocket.ts'
import { plain } from '../../src/dialects/plain/index.ts'
import { CallError } from '../../src/errors.ts'
import { serve } from '../../src/server/serve.ts'
import { serveChannels } from './client.ts'
import { settled, TestCarrier, VirtualCore } from './virtual-core.ts'

/** What the lobby's `go` was answered with. */
const moves: Promise<void>[] = []
const left: string[] = []
/** Lets those into `room:slow` who wait there. */
let letIn: () => void = () => {}

const lobby = channel('lobby', {
  events: { go: {}, said: {} },
  history: { limit: 100, ttlMs: 60_000 },
  presence: true,
  on: {
    go(ctx, to) {
      const moved = ctx.move(to as string, { as: 'guest' })
      moved.catch(() => {})
      moves.push(moved)
    },
    said: (ctx, body) => ctx.publish('said', body).then(() => undefined),
  },
  leave: (ctx, why) => void left.push(`${ctx.channel} ${why}`),
})

const room = channel('room:{id}', {
  events: { said: {} },
  history: { limit: 100, ttlMs: 60_000 },
  presence: true,
  join(ctx: ChannelContext, params) {
    if (params.id === 'full') throw new CallError('ERR_APPLICATION', { message: 'Full', reason: 'full' })
    if (params.id === 'broken') throw new Error('a mistake')
    ctx.presence.set({ id: params.id })
    const welcome = { ...params }
    if (params.id !== 'slow') return welcome
    return new Promise<unknown>((resolve) => {
      letIn = () => resolve(welcome)
    })
  },
  on: { said: (ctx, body) => ctx.publish('said', body).then(() => undefined) },
})

/** Somebody in the lobby. */
async function inLobby() {
  moves.length = 0
  left.length = 0
  const world = new VirtualCore([lobby, room], {
    limits: { maxChannels: 1 },
    authenticate: ({ token }) => (token === undefined ? undefined : { id: token }),
  })
  const { session, carrier, key } = await world.open({ token: 'ada' })
  session.receive({ type: 'join', id: 1, channel: 'lobby' })
  await settled()
  const go = (to: string, id = 2) =>
    session.receive({ type: 'send', id, channel: 'lobby', event: 'go', body: to })
  const types = () =>
    carrier.heard.map((event) => ('channel' in event ? `${event.type} ${event.channel}` : event.type))
  return { world, session, carrier, key, go, types }
}

test('a member is moved: one frame, nothing of the old channel behind it, everything of the new one', async () => {
  const { world, session, carrier, go, types } = await inLobby()
  await world.advance(1_000)
  carrier.heard.length = 0
  go('room:1')
  await moves[0]
  await world.core.room('lobby').publish('said', 'old')
  await world.core.room('room:1').publish('said', 'new')
  session.receive({ type: 'send', id: 3, channel: 'room:1', event: 'said', body: 'mine' })
  await settled()
  assert.deepEqual(types(), ['moved room:1', 'presence room:1', 'publish room:1', 'publish room:1'])
  const [moved] = carrier.heard
  assert.ok(moved?.type === 'moved')
  assert.deepEqual(
    [moved.from, moved.welcome, moved.params, moved.at.offset],
    ['lobby', { id: '1', as: 'guest' }, { as: 'guest' }, 0],
  )
  assert.deepEqual(left, ['lobby normal'])
  await world.advance(1_000)
  assert.deepEqual(world.core.room('lobby').present(), [])
  assert.deepEqual(
    world.core
      .room('room:1')
      .present()
      .map(({ key, meta }) => [key, meta]),
    [['ada', { id: '1' }]],
  )
})

test('the frame is one like any other: a client that was away hears it when it comes back', async () => {
  const { session, carrier, go } = await inLobby()
  session.detach(carrier)
  go('room:1')
  await moves[0]
  const back = new TestCarrier(session, 1)
  assert.ok(back.types.includes('moved'))
  const again = new TestCarrier(session, 1)
  assert.deepEqual(again.types, back.types)
})

const refused: [to: string, code: string][] = [
  ['room:full', 'ERR_APPLICATION'],
  ['room:broken', 'ERR_HANDLER'],
  ['lobby', 'ERR_CHANNEL'],
  ['nowhere', 'ERR_CHANNEL'],
]

for (const [to, code] of refused) {
  test(`a move to ${to} is refused with ${code}, and the member stays`, async () => {
    const { world, session, go, carrier } = await inLobby()
    go(to)
    await assert.rejects(moves[0] as Promise<void>, { code })
    await world.core.room('lobby').publish('said', 'still here')
    assert.equal(carrier.types.at(-1), 'publish')
    assert.ok(!carrier.types.includes('moved'))
    assert.deepEqual(left, [])
    // It may go elsewhere, once more.
    go('room:2', 3)
    await moves[1]
    assert.equal(session.membership('room:2')?.joined, true)
  })
}

const meanwhile: [what: string, act: (session: Awaited<ReturnType<typeof inLobby>>['session']) => void][] = [
  ['leaves', (session) => session.receive({ type: 'leave', id: 3, channel: 'lobby' })],
  ['is removed', (session) => session.membership('lobby')?.end('kicked')],
  ['ends', (session) => session.end({ why: 'normal' })],
]

for (const [what, act] of meanwhile) {
  test(`a member that ${what} while the new channel thinks is in neither`, async () => {
    const { world, session, go, carrier } = await inLobby()
    go('room:slow')
    await settled()
    act(session)
    letIn()
    await assert.rejects(moves[0] as Promise<void>, { code: 'ERR_JOIN_FIRST' })
    assert.deepEqual([session.membership('lobby'), session.membership('room:slow')], [undefined, undefined])
    assert.ok(!carrier.types.includes('moved'))
    await world.advance(1_000)
    assert.deepEqual(world.core.room('room:slow').present(), [])
  })
}

test('a member that is being moved stays where it is until then, and is moved once', async () => {
  const { world, go, carrier } = await inLobby()
  go('room:slow')
  go('room:slow', 3)
  await assert.rejects(moves[1] as Promise<void>, { code: 'ERR_CHANNEL' })
  go('room:1', 4)
  await moves[2]
  letIn()
  await assert.rejects(moves[0] as Promise<void>, { code: 'ERR_JOIN_FIRST' })
  await world.core.room('room:1').publish('said', 'here')
  assert.deepEqual(
    carrier.types.filter((type) => type === 'moved' || type === 'publish'),
    ['moved', 'publish'],
  )
})

test('a user is moved on all devices that are there; a refusal goes to onError', async () => {
  const { world, session } = await inLobby()
  const app = world.core
  await app.order({ what: 'move', user: 'ada', from: 'lobby', to: 'room:full', params: undefined })
  await settled()
  assert.equal((world.errors[0] as CallError).reason, 'full')
  await app.order({ what: 'move', user: 'ada', from: 'elsewhere', to: 'room:1', params: undefined })
  await app.order({ what: 'move', user: 'ada', from: 'lobby', to: 'room:1', params: undefined })
  await settled()
  assert.equal(session.membership('room:1')?.joined, true)
  assert.equal(world.errors.length, 1)
})

test('the client of a moved member is in the new channel, and joins that one again after a reset', async () => {
  await using server = await serveChannels([lobby, room], { authenticate: () => ({ id: 'ada' }) })
  await using connection = connect(server.url, { reconnect: { firstMs: 1, maxMs: 20 } })
  const heard: unknown[] = []
  const old = connection.channel('lobby')
  await old.join()
  old.on('said', (body) => heard.push(['lobby', body]))
  const moved = new Promise<{ to: string; welcome: unknown }>((resolve) => {
    old.when('moved', (facts) => {
      connection.channel(facts.to).on('said', (body) => heard.push([facts.to, body]))
      resolve(facts)
    })
  })
  await server.app.user('ada').move('lobby', 'room:1', { as: 'guest' })
  assert.deepEqual(await moved, { to: 'room:1', welcome: { id: '1', as: 'guest' } })
  assert.deepEqual(old.state.value, { status: 'left', why: 'normal', to: 'room:1' })
  const there = connection.channel('room:1')
  assert.deepEqual(there.state.value, { status: 'joined', welcome: { id: '1', as: 'guest' } })
  await server.app.channel('room:1').publish('said', 1)
  await server.app.channel('lobby').publish('said', 'nobody')
  // The session is lost, as with a server that begins anew.
  const again = new Promise<void>((resolve) => {
    connection.when('reset', () => {
      const stop = there.state.subscribe(({ status }) => {
        if (status !== 'joined') return
        stop()
        resolve()
      })
    })
  })
  for (const session of [...server.app.core.sessions.values()])
    session.end({ why: 'restart', reconnect: true })
  await again
  // What it said there it says again.
  assert.deepEqual(there.state.value, { status: 'joined', welcome: { id: '1', as: 'guest' } })
  assert.equal(old.state.value.status, 'left')
  await server.app.channel('room:1').publish('said', 2)
  await there.history()
  assert.deepEqual(heard, [
    ['room:1', 1],
    ['room:1', 2],
  ])
})

test('a plain WebSocket that is moved goes on with the new channel', async () => {
  const app = realtime({ channels: [lobby, room], authenticate: () => ({ id: 'ada' }) })
  await using server = await serve({ app, dialects: [plain({ event: 'said' })] })
  const socket = new WebSocket(`${server.url}channels/lobby`)
  const texts: string[] = []
  let told: () => void = () => {}
  socket.addEventListener('message', ({ data }) => {
    texts.push(data as string)
    told()
  })
  const until = async (count: number): Promise<void> => {
    while (texts.length < count) {
      await new Promise<void>((resolve) => {
        told = resolve
      })
    }
  }
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  socket.send('in the lobby')
  await until(1)
  await app.user('ada').move('lobby', 'room:1')
  await until(2)
  socket.send('in the room')
  await until(3)
  assert.deepEqual(texts, [
    'in the lobby',
    '{"moved":{"channel":"room:1","welcome":{"id":"1"}}}',
    'in the room',
  ])
  assert.equal((await app.channel('room:1').history()).messages.length, 1)
  socket.close()
})
