import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SessionStory } from './session-story.ts'

const transportOf = ({ session: { state } }: SessionStory): string =>
  state.status === 'open' ? state.transport : state.status

test('a transport that cannot open is replaced by the next at once', () => {
  const story = SessionStory.detoured()
  assert.equal(transportOf(story), 'detour')
  assert.deepEqual(
    story.states.map(({ status }) => status),
    ['connecting', 'connecting', 'open'],
  )
})

test('a transport that opens and is silent is replaced too', () => {
  const story = new SessionStory({ openTimeoutMs: 3_000 }, 'both')
  story.network.isDeaf = true
  story.session.start()
  story.time.advance(3_100)
  assert.equal(transportOf(story), 'detour')
})

for (const status of [200, 404, 426, 503]) {
  test(`one that is answered with HTTP status ${status} is replaced too: a proxy may have said it`, () => {
    const story = new SessionStory({}, 'both')
    story.network.refusal = { status }
    story.session.start()
    story.time.advance(100)
    assert.equal(transportOf(story), 'detour')
  })
}

test('one that is only slow is taken up when it opens, without another attempt', () => {
  const story = new SessionStory({}, 'both')
  story.network.delayMs = 2_000
  story.session.start()
  story.time.advance(3_100)
  assert.equal(transportOf(story), 'detour')
  story.time.advance(6_000)
  assert.equal(transportOf(story), 'model')
  assert.equal(story.network.attempts.length, 1)
})

test('while it is open over another transport than the best, the state says what is in the way', () => {
  const story = new SessionStory({}, 'both')
  story.network.refusal = { status: 503 }
  story.session.start()
  story.time.advance(100)
  const { state } = story.session
  assert.deepEqual(state.status === 'open' && [state.reason?.why, state.reason?.status], ['blocked', 503])
})

test('where all fail it says what is known best, and not what was tried last', () => {
  const story = new SessionStory({}, 'both')
  story.network.refusal = { status: 502 }
  story.detour.refusal = {}
  story.session.start()
  story.time.advance(20)
  const { state } = story.session
  assert.deepEqual(state.status === 'waiting' && [state.reason.why, state.reason.status], ['status', 502])
})

test('a transport that dies young three times in a row is left, though it opens every time', () => {
  const story = new SessionStory({}, 'both')
  story.session.start()
  for (let deaths = 0; deaths < 3; deaths++) {
    story.time.advance(4_000)
    assert.equal(transportOf(story), 'model')
    story.publish('a sign of life')
    story.time.advance(500)
    story.network.cut()
    story.time.advance(20)
  }
  story.time.advance(10_000)
  assert.equal(transportOf(story), 'detour')
})

test('where all fail it waits, then begins with the first again', () => {
  const story = new SessionStory({}, 'both')
  story.network.refusal = {}
  story.detour.refusal = { status: 503, retryAfterMs: 2_000 }
  story.session.start()
  story.time.advance(20)
  assert.equal(story.status, 'waiting')
  story.network.refusal = undefined
  story.time.advance(2_600)
  assert.equal(transportOf(story), 'model')
})

test('a connection that breaks comes back over the transport that worked', () => {
  const story = SessionStory.detoured()
  story.detour.cut()
  story.time.advance(1_000)
  assert.equal(transportOf(story), 'detour')
  assert.equal(story.network.attempts.length, 1)
})

test('a better transport is taken up in place when it works, and nobody has to hear of it', () => {
  const story = SessionStory.detoured()
  story.network.refusal = undefined
  story.time.advance(31_000)
  assert.equal(transportOf(story), 'model')
  assert.deepEqual(story.beginnings, [{ kind: 'connected' }])
  assert.deepEqual(
    story.states.slice(2).map(({ status }) => status),
    ['open', 'open'],
  )
  story.time.advance(600_000)
  assert.equal(story.network.attempts.length, 2)
})

test('a better one that does not work is tried ever less often, and disturbs nothing', () => {
  const story = SessionStory.detoured()
  story.time.advance(200_000)
  assert.equal(transportOf(story), 'detour')
  assert.equal(story.states.length, 3)
  // At the start, after 30, 90 and 210 seconds.
  assert.equal(story.network.attempts.length, 3)
  story.network.isDeaf = true
  story.network.refusal = undefined
  story.time.advance(400_000)
  assert.equal(transportOf(story), 'detour')
  assert.ok(story.network.attempts.length > 3)
})

test('a better one that is silent once it is open is left again', () => {
  const story = SessionStory.detoured()
  story.network.refusal = undefined
  while (story.network.attempts.length === 1) story.time.advance(5)
  story.publish('on the way')
  story.time.advance(15)
  story.network.mute()
  story.send('into the void')
  story.time.advance(20_000)
  assert.equal(transportOf(story), 'detour')
  assert.deepEqual([story.sent, story.got], [['into the void'], ['on the way']])
})

test('while it is away nothing is tried beside', () => {
  const story = SessionStory.detoured()
  story.network.refusal = undefined
  story.network.delayMs = 5_000
  story.time.advance(31_000)
  story.session.close()
  story.time.advance(60_000)
  assert.equal(story.time.waiting, 0)
  assert.equal(story.status, 'closed')
})

const action = fc.oneof(
  fc.record({ what: fc.constant('talk' as const), count: fc.integer({ min: 1, max: 10 }) }),
  fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 40_000 }) }),
  fc.record({ what: fc.constant('block' as const), blocked: fc.boolean() }),
  fc.record({ what: fc.constant('cut' as const) }),
  fc.record({ what: fc.constant('delay' as const), ms: fc.integer({ min: 0, max: 400 }) }),
)

test('property: moving between transports loses, doubles and reorders nothing', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const story = SessionStory.detoured()
      const said: number[] = []
      for (const act of actions) {
        if (act.what === 'wait') story.time.advance(act.ms)
        else if (act.what === 'block') story.network.refusal = act.blocked ? {} : undefined
        else if (act.what === 'delay') story.detour.delayMs = act.ms
        else if (act.what === 'cut') {
          story.network.cut()
          story.detour.cut()
        } else {
          for (let count = 0; count < act.count; count++) {
            const body = said.push(said.length) - 1
            story.send(body)
            story.publish(body)
          }
        }
      }
      story.network.refusal = undefined
      story.time.advance(1_500_000)
      assert.equal(transportOf(story), 'model')
      assert.deepEqual([story.sent, story.got], [said, said])
      assert.deepEqual(
        story.beginnings.filter(({ kind }) => kind === 'reset'),
        [],
      )
    }),
  )
})
