import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SessionStory } from './session-story.ts'

test('a session begins with connect, and what was sent before goes out behind it', () => {
  const story = new SessionStory()
  story.send('early')
  story.session.start()
  assert.equal(story.status, 'connecting')
  story.time.advance(1_000)
  assert.deepEqual(
    story.states.map(({ status }) => status),
    ['connecting', 'open'],
  )
  assert.deepEqual(story.beginnings, [{ kind: 'connected' }])
  assert.deepEqual(
    story.server.heard.map(({ type }) => type),
    ['connect', 'send'],
  )
})

test('after a cut the session goes on: both ends get what they missed, and are told how much', () => {
  const story = SessionStory.open()
  story.publish(1)
  story.time.advance(100)
  story.network.cut()
  story.publish(2)
  story.send('a')
  story.time.advance(5_000)
  assert.equal(story.status, 'open')
  assert.deepEqual(story.beginnings.at(-1), { kind: 'resumed', replayed: 1 })
  assert.deepEqual(story.got, [1, 2])
  assert.deepEqual(story.sent, ['a'])
})

test('while it waits, the state says until when and why', () => {
  const story = SessionStory.open()
  story.network.cut()
  story.time.advance(20)
  const { state } = story.session
  assert.equal(state.status, 'waiting')
  // Full jitter: half of the first step, by the chance of this test.
  if (state.status === 'waiting') assert.equal(state.until, story.time.now() - 10 + 500)
  assert.equal('reason' in state && state.reason?.why, 'lost')
})

test('the steps between attempts double, up to the most', () => {
  const story = new SessionStory({ reconnect: { firstMs: 1_000, maxMs: 6_000 } })
  story.network.refusal = {}
  story.session.start()
  const waits: number[] = []
  for (let round = 0; round < 5; round++) {
    story.time.advance(10)
    const { state } = story.session
    if (state.status === 'waiting') waits.push(state.until - story.time.now())
    story.time.advance(waits.at(-1) ?? 0)
  }
  assert.deepEqual(waits, [500, 1_000, 2_000, 3_000, 3_000])
})

test('a server that nobody answers for is unreachable after openTimeoutMs', () => {
  const story = new SessionStory({ openTimeoutMs: 2_000 })
  story.network.isDeaf = true
  story.session.start()
  story.time.advance(1_999)
  assert.equal(story.status, 'connecting')
  story.time.advance(1)
  assert.deepEqual(story.session.state, {
    status: 'waiting',
    until: story.time.now() + 500,
    reason: { why: 'unreachable' },
  })
})

test('silence is noticed: a ping after everyMs, another connection after graceMs more', () => {
  const story = SessionStory.open()
  story.network.mute()
  story.publish('said into the void')
  story.time.advance(46_000)
  assert.deepEqual(story.states.at(-2)?.status, 'connecting')
  assert.equal(story.status, 'open')
  assert.deepEqual(story.got, ['said into the void'])
})

test('a quiet server that answers pings is left alone, and one that asks gets its answer', () => {
  const story = SessionStory.open()
  story.time.advance(60_000)
  story.server.say({ type: 'ping' })
  story.time.advance(20)
  assert.equal(story.states.length, 2)
  assert.deepEqual(
    story.server.heard.map(({ type }) => type),
    ['connect', 'ping', 'ping', 'pong'],
  )
})

test('a machine that slept asks before it judges', () => {
  const story = SessionStory.open()
  story.time.advance(24_500)
  assert.deepEqual(
    story.server.heard.map(({ type }) => type),
    ['connect', 'ping'],
  )
  story.time.sleep(3_600_000)
  assert.equal(story.status, 'open')
  story.time.advance(5_000)
  assert.equal(story.status, 'open')
  assert.equal(story.states.length, 2)
})

test('it acknowledges after 32 counted frames, and otherwise within a second', () => {
  const story = SessionStory.open()
  const acks = () => story.server.heard.flatMap((frame) => (frame.type === 'ack' ? [frame.position] : []))
  for (let count = 1; count <= 33; count++) story.publish(count)
  story.time.advance(20)
  assert.deepEqual(acks(), [32])
  story.time.advance(980)
  assert.deepEqual(acks(), [32, 33])
})

test('it forgets what the server has acknowledged', () => {
  const story = SessionStory.open()
  for (const body of ['a', 'b', 'c']) story.send(body)
  assert.notEqual(story.session.upstream.bytes, 0)
  story.time.advance(100)
  assert.equal(story.session.upstream.bytes, 0)
})

test('what does not fit in the queue is refused, unless it must fit', () => {
  const story = new SessionStory({ maxQueueBytes: 100 })
  story.session.start()
  assert.equal(story.send('x'.repeat(20)), true)
  assert.equal(story.send('y'.repeat(20)), false)
  assert.equal(story.send('z'.repeat(20), true), true)
  story.time.advance(1_000)
  assert.deepEqual(story.sent, ['x'.repeat(20), 'z'.repeat(20)])
})

test('a server that knows nothing of the session says so, and the client too', () => {
  const story = SessionStory.open()
  story.send('sent and maybe lost')
  story.time.advance(100)
  story.server.forget()
  story.network.cut()
  story.time.advance(20)
  story.send('never sent before')
  story.time.advance(5_000)
  assert.deepEqual(story.beginnings.at(-1), { kind: 'reset', reason: 'unknown', unconfirmed: 1 })
  assert.deepEqual(story.sent, ['sent and maybe lost', 'never sent before'])
  story.publish('counted from one again')
  story.time.advance(2_000)
  assert.deepEqual(story.got, ['counted from one again'])
})

test('a frame that is too large for the server is not sent again, and those around it arrive', () => {
  const story = SessionStory.open()
  story.server.maxLength = 200
  for (const body of ['before', 'x'.repeat(200), 'y'.repeat(200), 'after']) story.send(body)
  story.time.advance(10_000)
  assert.equal(story.status, 'open')
  assert.deepEqual(story.sent, ['before', 'after'])
  assert.deepEqual(
    story.tooLarge.map((text) => JSON.parse(text).body[0]),
    ['x', 'y'],
  )
  assert.deepEqual(story.states.filter(({ status }) => status === 'waiting').length, 2)
})

test('a transport that cannot even begin is as good as unreachable', () => {
  const open = (): never => {
    throw new Error('not from this page')
  }
  const story = new SessionStory({ transports: [{ name: 'forbidden', open }] })
  story.session.start()
  const { state } = story.session
  assert.ok(state.status === 'waiting')
  assert.deepEqual([state.reason.why, state.reason.message], ['unreachable', 'not from this page'])
})

test('the server says when to come back and where to', () => {
  const story = SessionStory.open()
  story.server.say({ type: 'close', why: 'restart', afterMs: 3_000, url: 'ws://other/live' })
  story.time.advance(10)
  const { state } = story.session
  assert.deepEqual('reason' in state && state.reason?.why, 'restart')
  if (state.status === 'waiting') assert.equal(state.until, story.time.now() + 3_500)
  story.time.advance(3_600)
  assert.equal(story.status, 'open')
  assert.deepEqual(story.network.attempts, ['ws://model/', 'ws://other/live'])
})

test('where the server sends it and nobody is, it goes home', () => {
  const story = SessionStory.open()
  story.server.say({ type: 'close', why: 'restart', url: 'ws://other/live' })
  story.time.advance(10)
  story.network.refusal = {}
  story.time.advance(600)
  story.network.refusal = undefined
  story.time.advance(2_000)
  assert.equal(story.status, 'open')
  assert.deepEqual(story.network.attempts, ['ws://model/', 'ws://other/live', 'ws://model/'])
})

test('nobody can send it from a protected connection to an open one', () => {
  const story = SessionStory.open({ url: 'wss://model/' })
  story.server.say({ type: 'close', why: 'restart', url: 'ws://other/' })
  story.time.advance(5_000)
  assert.deepEqual(story.network.attempts, ['wss://model/', 'wss://model/'])
})

for (const why of ['kicked', 'replaced', 'normal', 'protocolError'] as const) {
  test(`it does not come back when the server closes with ${why}`, () => {
    const story = SessionStory.open()
    story.time.advance(10_000)
    story.server.say({ type: 'close', why })
    story.time.advance(100_000)
    assert.equal(story.status, 'closed')
    assert.equal(story.network.attempts.length, 1)
    assert.equal(story.send('too late'), false)
    assert.equal(story.time.waiting, 0)
  })
}

test('a refused token is asked for once more, and the same one again is not sent', () => {
  const story = new SessionStory()
  story.tokens = ['old']
  story.server.instead = { type: 'close', why: 'unauthorized' }
  story.session.start()
  story.time.advance(100_000)
  assert.deepEqual(story.refusals, [false, true])
  assert.equal(story.network.attempts.length, 1)
  assert.equal(story.status, 'refused')
})

test('with another token it comes back at once', () => {
  const story = new SessionStory()
  story.tokens = ['old', 'new']
  story.server.instead = { type: 'close', why: 'unauthorized' }
  story.session.start()
  story.time.advance(100)
  assert.equal(story.status, 'open')
  const tokens = story.server.heard.map((frame) => (frame.type === 'connect' ? frame.token : undefined))
  assert.deepEqual(tokens, ['old', 'new'])
})

test('refused with a status that stays, it rests until it is asked to try again', () => {
  const story = new SessionStory()
  story.network.refusal = { status: 403 }
  story.session.start()
  story.time.advance(100_000)
  assert.deepEqual(story.session.state, {
    status: 'refused',
    reason: { why: 'status', status: 403, message: undefined },
  })
  story.network.refusal = undefined
  story.session.reconnect()
  story.time.advance(100)
  assert.equal(story.status, 'open')
})

test('a busy server is asked again when it says', () => {
  const story = new SessionStory()
  story.network.refusal = { status: 503, retryAfterMs: 7_000 }
  story.session.start()
  story.time.advance(10)
  const { state } = story.session
  assert.ok(state.status === 'waiting')
  assert.equal(state.until, story.time.now() + 7_500)
})

test('back online it tries at once', () => {
  const story = SessionStory.open()
  story.session.setOnline(false)
  story.network.cut()
  story.network.refusal = {}
  story.time.advance(5_000)
  assert.equal(story.status, 'offline')
  story.network.refusal = undefined
  story.session.setOnline(true)
  story.time.advance(100)
  assert.equal(story.status, 'open')
})

test('after a change of networks a dead connection is noticed within seconds', () => {
  const story = SessionStory.open()
  story.network.mute()
  story.session.setOnline(true)
  story.time.advance(6_000)
  assert.equal(story.status, 'open')
  assert.equal(story.network.attempts.length, 2)
})

test('a page that is put away has no connection, and resumes when it is shown', () => {
  const story = SessionStory.open()
  story.session.setHidden(true)
  assert.equal(story.status, 'waiting')
  story.publish('while away')
  story.time.advance(60_000)
  assert.equal(story.network.attempts.length, 1)
  story.session.setHidden(false)
  story.time.advance(100)
  assert.equal(story.status, 'open')
  assert.deepEqual(story.got, ['while away'])
})

test('closed, it tells the server, and nothing is left', () => {
  const story = SessionStory.open()
  story.session.close()
  story.time.advance(10)
  assert.equal(story.server.heard.at(-1)?.type, 'close')
  assert.deepEqual(story.session.state, { status: 'closed', reason: { why: 'closed' } })
  story.session.close()
  story.session.reconnect()
  assert.equal(story.time.waiting, 0)
})

test('without reconnect a lost connection is the end', () => {
  const story = SessionStory.open({ reconnect: false })
  story.network.cut()
  story.time.advance(20)
  assert.equal(story.session.state.status, 'closed')
})

test('a frame that cannot be read is told, counted, and changes nothing else', () => {
  const story = SessionStory.open()
  story.server.link?.send('{"type":"from the future"}')
  story.time.advance(20)
  assert.deepEqual(story.faults, ['ERR_FRAME'])
  assert.equal(story.status, 'open')
})

const action = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ what: fc.constant('send' as const), count: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ what: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('cut' as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('mute' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('delay' as const), ms: fc.integer({ min: 0, max: 400 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('chance' as const),
      chance: fc.double({ min: 0, max: 0.99, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('hidden' as const), hidden: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('online' as const), online: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('refuse' as const), refuse: fc.boolean() }) },
)

test('property: over any cuts, silences and delays both ends get everything once and in order', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const story = SessionStory.open()
      const [up, down]: [number[], number[]] = [[], []]
      for (const act of actions) {
        if (act.what === 'wait') story.time.advance(act.ms)
        else if (act.what === 'cut') story.network.cut()
        else if (act.what === 'mute') story.network.mute()
        else if (act.what === 'delay') story.network.delayMs = act.ms
        else if (act.what === 'chance') story.time.chance = act.chance
        else if (act.what === 'hidden') story.session.setHidden(act.hidden)
        else if (act.what === 'online') story.session.setOnline(act.online)
        else if (act.what === 'refuse') story.network.refusal = act.refuse ? {} : undefined
        else {
          for (let count = 0; count < act.count; count++) {
            if (act.what === 'send') story.send(up.push(up.length) - 1)
            else story.publish(down.push(down.length) - 1)
          }
        }
      }
      story.network.refusal = undefined
      story.session.setHidden(false)
      story.session.setOnline(true)
      story.time.advance(200_000)
      assert.equal(story.status, 'open')
      assert.deepEqual(story.sent, up)
      assert.deepEqual(story.got, down)
      assert.deepEqual(
        story.beginnings.filter(({ kind }) => kind === 'reset'),
        [],
      )
      assert.deepEqual(story.faults, [])
    }),
    { numRuns: 300, seed: 70 },
  )
})
