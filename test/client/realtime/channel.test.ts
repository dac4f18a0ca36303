import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CallError } from '../../../src/errors.ts'
import { ConnectionStory, codeOf } from './connection-story.ts'

test('a channel is joined with its params, and welcomes', async () => {
  const story = new ConnectionStory()
  const room = story.connection.channel('room', { as: 'reader' })
  const states: string[] = []
  room.state.subscribe(({ status }) => states.push(status))
  const joined = room.join()
  const again = room.join()
  await story.pass(100)
  assert.deepEqual([await joined, await again, await room.join()], ['welcome', 'welcome', 'welcome'])
  assert.equal(story.server.effects.filter(({ type }) => type === 'join').length, 1)
  assert.deepEqual(story.last('join')?.params, { as: 'reader' })
  assert.deepEqual(states, ['joining', 'joined'])
  assert.deepEqual(room.position, { epoch: 'e', offset: 10 })
})

test('a refused join says why, and can be tried again', async () => {
  const story = new ConnectionStory()
  const room = story.connection.channel('room')
  const error = { code: 'ERR_APPLICATION', message: 'Full', reason: 'room-full' } as const
  story.script = (frame) => [{ type: 'error', to: frame.id, error }]
  const joined = room.join()
  const refusal = assert.rejects(joined, { code: 'ERR_APPLICATION', reason: 'room-full' })
  await story.pass(100)
  await refusal
  assert.equal(room.state.value.status, 'left')
  story.script = () => undefined
  const again = room.join()
  await story.pass(100)
  assert.equal(await again, 'welcome')
})

test('messages come with their offset, each once', async () => {
  const [story, room] = await ConnectionStory.joined()
  const got: unknown[] = []
  room.on('message', (body, { offset }) => got.push([body, offset]))
  for (const offset of [9, 10, 11, 11, 12]) story.publish(offset)
  await story.pass(100)
  assert.deepEqual(got, [
    [11, 11],
    [12, 12],
  ])
})

test('what was sent to this client alone has no offset', async () => {
  const [story, room] = await ConnectionStory.joined()
  const got: unknown[] = []
  room.on('hint', (...args) => got.push(args))
  story.server.say({ type: 'send', channel: 'room', event: 'hint', body: 'try' })
  await story.pass(100)
  assert.deepEqual(got, [['try', {}]])
})

test('a gap on a live connection is filled from history, and nothing overtakes', async () => {
  const [story, room] = await ConnectionStory.joined()
  const got: unknown[] = []
  room.on('message', (body) => got.push(body))
  // The server tells two at a time.
  story.script = (frame) => {
    if (frame.type !== 'history') return undefined
    const first = (frame.since?.offset ?? 0) + 1
    const messages = [first, first + 1].map((offset) => ({ offset, event: 'message', body: offset, time: 0 }))
    return [{ type: 'reply', to: frame.id, body: { at: { epoch: 'e', offset: 16 }, messages } }]
  }
  for (const offset of [11, 15, 16]) story.publish(offset)
  await story.pass(200)
  assert.deepEqual(got, [11, 12, 13, 14, 15, 16])
  assert.deepEqual(story.types, ['join', 'history', 'history'])
})

test('a gap that nobody can fill is told, before what follows it', async () => {
  const [story, room] = await ConnectionStory.joined()
  const got: unknown[] = []
  room.on('message', (body) => got.push(body))
  room.when('reset', ({ reason }) => got.push(reason))
  story.script = (frame) =>
    frame.type === 'history'
      ? [{ type: 'error', to: frame.id, error: { code: 'ERR_NO_HISTORY', message: 'None is kept' } }]
      : undefined
  for (const offset of [11, 13, 14]) story.publish(offset)
  await story.pass(200)
  assert.deepEqual(got, [11, 'gap', 13, 14])
})

test('a server that sees a gap itself says so', async () => {
  const [story, room] = await ConnectionStory.joined()
  const got: unknown[] = []
  room.on('message', (body) => got.push(body))
  room.when('reset', ({ reason }) => got.push(reason))
  story.server.say({ type: 'channel-reset', channel: 'room', reason: 'gap', at: { epoch: 'e', offset: 20 } })
  story.publish(21)
  await story.pass(100)
  assert.deepEqual(got, ['gap', 21])
})

test('presence is a map that is kept up to date', async () => {
  const [story, room] = await ConnectionStory.joined()
  const changes: unknown[] = []
  room.presence.subscribe(({ joins, leaves }) => changes.push([[...joins.keys()], [...leaves.keys()]]))
  story.server.say({ type: 'presence', channel: 'room', state: { ada: [{ ref: 'p1', meta: 'phone' }] } })
  story.server.say({
    type: 'presence-diff',
    channel: 'room',
    leaves: { ada: ['p1'] },
    joins: { bob: [{ ref: 'p2' }], ada: [{ ref: 'p1', meta: 'desk' }] },
  })
  await story.pass(100)
  assert.deepEqual(
    [...room.presence],
    [
      ['bob', [{ ref: 'p2' }]],
      ['ada', [{ ref: 'p1', meta: 'desk' }]],
    ],
  )
  story.server.say({ type: 'presence', channel: 'room', state: { bob: [{ ref: 'p2' }] } })
  story.server.say({ type: 'presence', channel: 'room', state: { bob: [{ ref: 'p2' }] } })
  await story.pass(100)
  assert.deepEqual([...room.presence.keys()], ['bob'])
  assert.deepEqual(changes, [
    [['ada'], []],
    [['bob', 'ada'], ['ada']],
    [[], ['ada']],
  ])
})

test('left, a channel delivers nothing, and knows nobody', async () => {
  const [story, room] = await ConnectionStory.joined()
  const got: unknown[] = []
  room.on('message', (body) => got.push(body))
  story.server.say({ type: 'presence', channel: 'room', state: { ada: [{ ref: 'p1' }] } })
  await story.pass(100)
  const left = room.leave()
  story.publish(11)
  await story.pass(100)
  await left
  await room.leave()
  assert.deepEqual([room.state.value.status, got, room.presence.size], ['left', [], 0])
  await story.breakAndReturn()
  assert.deepEqual(story.types, ['join', 'leave'])
})

test('a channel that is left while away is left, also where the session is lost meanwhile', async () => {
  const [story, room] = await ConnectionStory.joined()
  story.network.cut()
  await story.pass(20)
  const left = room.leave()
  assert.equal(room.state.value.status, 'leaving')
  story.server.forget()
  await story.pass(2_000)
  await left
  assert.equal(room.state.value.status, 'left')
  assert.deepEqual(story.types, ['join'])
})

test('a channel that is left before its join was sent costs nothing', async () => {
  const story = new ConnectionStory()
  const room = story.connection.channel('room')
  const joined = codeOf(room.join())
  await room.leave()
  await story.pass(100)
  assert.equal(await joined, 'ERR_CANCELLED')
  assert.deepEqual(story.types, [])
})

test('removed by the server, the channel says why, and does not come back by itself', async () => {
  const [story, room] = await ConnectionStory.joined()
  story.server.say({ type: 'left', channel: 'room', why: 'kicked', message: 'Be nice' })
  await story.pass(100)
  assert.deepEqual(room.state.value, { status: 'left', why: 'kicked', message: 'Be nice' })
  story.server.forget()
  await story.breakAndReturn()
  assert.deepEqual(story.types, ['join'])
})

test('removed by the server before it was joined, whoever joins is told', async () => {
  const story = new ConnectionStory()
  const room = story.connection.channel('room')
  story.script = () => []
  const joined = codeOf(room.join())
  await story.pass(100)
  story.server.say({ type: 'left', channel: 'room', why: 'kicked' })
  await story.pass(100)
  assert.equal(await joined, 'ERR_CANCELLED')
  assert.deepEqual(room.state.value, { status: 'left', why: 'kicked', message: undefined })
})

test('after a resume nothing is joined again, and nothing was missed', async () => {
  const [story, room] = await ConnectionStory.joined()
  const got: unknown[] = []
  room.on('message', (body) => got.push(body))
  story.connection.when('resumed', ({ replayed }) => got.push(`resumed ${replayed}`))
  story.network.cut()
  story.publish(11)
  await story.pass(2_000)
  assert.deepEqual(got, ['resumed 1', 11])
  assert.deepEqual(story.types, ['join'])
})

test('after a reset the channel joins again where it was, before everything that waits', async () => {
  const [story, room] = await ConnectionStory.joined()
  const got: unknown[] = []
  story.connection.when('reset', ({ reason, unconfirmed }) => got.push([reason, unconfirmed]))
  room.on('message', (body) => got.push(body))
  room.when('resumed', ({ replayed }) => got.push(`resumed ${replayed}`))
  story.publish(11)
  await story.pass(100)
  story.server.forget()
  story.network.cut()
  await story.pass(20)
  room.send('message', 'from away')
  story.script = (frame) =>
    frame.type === 'join'
      ? [
          {
            type: 'joined',
            to: frame.id,
            channel: 'room',
            at: { epoch: 'e', offset: 13 },
            resumed: { replayed: 2 },
          },
          ...[12, 13, 14].map(
            (offset) =>
              ({ type: 'publish', channel: 'room', event: 'message', body: offset, offset }) as const,
          ),
        ]
      : undefined
  await story.pass(2_000)
  assert.deepEqual(story.last('join')?.since, { epoch: 'e', offset: 11 })
  assert.deepEqual(story.types, ['join', 'join', 'send'])
  assert.deepEqual(got, [11, ['unknown', 0], 'resumed 2', 12, 13, 14])
  assert.equal(room.state.value.status, 'joined')
})

test('a channel that could not catch up says so', async () => {
  const [story, room] = await ConnectionStory.joined()
  const got: unknown[] = []
  room.when('reset', ({ reason }) => got.push(reason))
  room.on('message', (body) => got.push(body))
  story.server.forget()
  const at = { epoch: 'another', offset: 3 }
  story.script = (frame) =>
    frame.type === 'join'
      ? [{ type: 'joined', to: frame.id, channel: 'room', at, reset: { reason: 'epoch' } }]
      : undefined
  await story.breakAndReturn()
  story.publish(4)
  await story.pass(100)
  assert.deepEqual(got, ['epoch', 4])
  assert.deepEqual(room.position, { epoch: 'another', offset: 4 })
})

test('a gap that was being filled when the session was lost is filled by joining again', async () => {
  const [story, room] = await ConnectionStory.joined()
  const got: unknown[] = []
  room.on('message', (body) => got.push(body))
  room.when('reset', ({ reason }) => got.push(reason))
  story.publish(13)
  await story.pass(100)
  story.server.forget()
  story.at = { epoch: 'e', offset: 10 }
  await story.breakAndReturn()
  assert.deepEqual(story.last('join')?.since, { epoch: 'e', offset: 10 })
  for (const offset of [11, 12, 13]) story.publish(offset)
  await story.pass(100)
  assert.deepEqual(got, [11, 12, 13])
})

test('a join that was under way when the session was lost resolves in the next one', async () => {
  const story = new ConnectionStory()
  story.script = () => []
  const joined = story.connection.channel('room').join()
  await story.pass(100)
  story.server.forget()
  story.script = () => undefined
  await story.breakAndReturn()
  assert.equal(await joined, 'welcome')
})

test('an error about an event that was sent is told to its channel', async () => {
  const [story, room] = await ConnectionStory.joined()
  const told: unknown[] = []
  room.when('error', (error) => told.push((error as CallError).code))
  const error = {
    code: 'ERR_INPUT',
    message: 'No',
    channel: 'room',
    event: 'message',
    path: ['text'],
  } as const
  story.server.say({ type: 'error', error })
  await story.pass(100)
  assert.deepEqual(told, ['ERR_INPUT'])
  assert.deepEqual(story.reported, [])
})

test('an error that nobody listens to is reported', async () => {
  const story = new ConnectionStory()
  await story.pass(100)
  story.server.say({ type: 'error', error: { code: 'ERR_INPUT', message: 'No' } })
  await story.pass(100)
  assert.deepEqual(
    story.reported.map((error) => (error as CallError).code),
    ['ERR_INPUT'],
  )
})

test('a listener that throws is reported, and the others still hear', async () => {
  const [story, room] = await ConnectionStory.joined()
  const got: unknown[] = []
  const error = new Error('of the listener')
  room.on('message', () => {
    throw error
  })
  room.on('message', () => Promise.reject(error))
  const stop = room.on('message', (body) => got.push(body))
  story.publish(11)
  await story.pass(100)
  stop()
  story.publish(12)
  await story.pass(100)
  assert.deepEqual(got, [11])
  assert.deepEqual(story.reported, [error, error, error, error])
})
