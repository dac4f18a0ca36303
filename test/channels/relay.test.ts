import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bus } from '../../src/bus/contract.ts'
import { memoryBus } from '../../src/bus/memory-bus.ts'
import { channel } from '../../src/channels/channel.ts'
import { answerMs } from '../../src/channels/relay/away.ts'
import { beatMs, silentMs } from '../../src/channels/relay/node-link.ts'
import { faultyBus } from '../../src/testing/faulty-bus.ts'
import { AwayCarrier, encoder, settled, TestCarrier, VirtualCore } from './virtual-core.ts'

const room = channel('room', {
  events: { say: {}, said: {}, big: {} },
  history: { limit: 1_000, ttlMs: 1_000_000 },
  on: {
    say: async (ctx, body) => (await ctx.publish('said', body)).offset,
    big: (_ctx, size) => 'x'.repeat(size as number),
  },
})

/** A bus that counts its topics, and on which single nodes can fall silent. */
function watched(bus: Bus) {
  const topics = new Set<string>()
  const deaf = new Set<string>()
  const watching: Bus = {
    publish(topic, data, options) {
      topics.add(topic)
      const isLost = [...deaf].some((node) => data.includes(`"${node}"`))
      return isLost ? Promise.resolve({ epoch: '', offset: 0 }) : bus.publish(topic, data, options)
    },
    subscribe(topic, listener) {
      topics.add(topic)
      return bus.subscribe(topic, listener)
    },
    history(topic, request) {
      topics.add(topic)
      return bus.history(topic, request)
    },
    gossip: (topic, data) => bus.gossip(topic, data),
    lease: (name, ttlMs) => bus.lease(name, ttlMs),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  }
  return { bus: watching, topics, silence: (node: string) => void deaf.add(node) }
}

/** Two nodes on one bus, and a session of the first that is in the room. */
async function twoNodes(limits = {}) {
  const { bus, topics, silence } = watched(memoryBus())
  const [home, away] = [new VirtualCore([room], { bus, limits }), new VirtualCore([room], { bus, limits })]
  const { session, carrier, key } = await home.open()
  session.receive({ type: 'join', id: 1, channel: 'room' })
  await settled()
  /** Time passes for both, in small steps. */
  const advance = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      await home.advance(1_000)
      await away.advance(1_000)
    }
  }
  return { home, away, session, carrier, key, topics, silence, advance }
}

test('a session goes on through another node: what was missed, what is new, and what the client says', async () => {
  const { home, away, session, carrier, key } = await twoNodes()
  home.core.room('room').publish('said', 'missed')
  await settled()
  const there = new AwayCarrier()
  const replayed = await there.attach(away, { session: session.id, key, position: 1 })
  assert.equal(replayed, 1)
  assert.equal(carrier.ending?.why, 'replaced')
  assert.equal(there.session?.received, 1)
  there.session?.receive({ type: 'call', id: 2, channel: 'room', event: 'say', body: 'new' })
  await settled()
  assert.deepEqual(
    there.heard.map((event) => [event.type, 'body' in event ? event.body : undefined]),
    [
      ['publish', 'missed'],
      ['publish', 'new'],
      ['reply', 2],
    ],
  )
  assert.deepEqual([there.confirmed, there.session?.received, session.received], [1, 2, 2])
  assert.equal(home.core.sessions.size, 1)
  assert.equal(away.core.sessions.size, 0)
})

test('and comes home again, and away again: each carrier replaces the one before', async () => {
  const { away, session, key } = await twoNodes()
  const there = new AwayCarrier()
  await there.attach(away, { session: session.id, key, position: 1 })
  const back = new TestCarrier(session, 1)
  await settled()
  assert.equal(there.ending?.why, 'replaced')
  const again = new AwayCarrier()
  await again.attach(away, { session: session.id, key, position: 1 })
  assert.equal(back.ending?.why, 'replaced')
  assert.equal(away.core.relays.size, 1)
})

test('a connection that is gone at the other node lets the session wait, and expire', async () => {
  const { home, away, session, key, advance } = await twoNodes({ windowMs: 20_000 })
  const there = new AwayCarrier()
  await there.attach(away, { session: session.id, key, position: 1 })
  await advance(30_000)
  assert.equal(home.core.sessions.size, 1)
  there.session?.detach()
  await advance(22_000)
  assert.equal(home.core.sessions.size, 0)
  assert.equal(away.core.relays.size, 0)
  const reason = await new AwayCarrier().attach(away, { session: session.id, key, position: 1 })
  assert.equal(reason, 'unknown')
})

test('a wrong key, another position, and what the client acknowledged are told apart as at home', async () => {
  const { away, home, session, key } = await twoNodes()
  const attach = (key: string, position: number) =>
    new AwayCarrier().attach(away, { session: session.id, key, position })
  assert.equal(await attach(`${key.slice(1)}A`, 1), 'unknown')
  assert.equal(await attach('', 1), 'unknown')
  assert.equal(await attach('x'.repeat(10_000), 1), 'unknown')
  session.acknowledge(1)
  assert.equal(await attach(key, 0), 'overflow')
  // It cannot go on, and is over.
  assert.equal(home.core.sessions.size, 0)
  const other = await home.open()
  const reason = await new AwayCarrier().attach(away, {
    session: other.session.id,
    key: other.key,
    position: 7,
  })
  assert.equal(reason, 'position')
})

test('names of strange nodes, and what is no name of a session, ask nobody and make no topics', async () => {
  const { away, key, topics } = await twoNodes()
  await new AwayCarrier().attach(away, { session: 'AAAAAAAA.BBBBBBBBBBBB', key, position: 0 })
  const before = topics.size
  for (let index = 0; index < 100; index++) {
    const strange = `node${String(index).padStart(4, '0')}.BBBBBBBBBBBB`
    for (const session of [strange, 'room', `${'x'.repeat(100_000)}.y`, '..', '']) {
      assert.equal(await new AwayCarrier().attach(away, { session, key, position: 0 }), 'unknown')
    }
  }
  assert.equal(topics.size, before)
})

test('the key of a session never goes over the bus', async () => {
  const inner = memoryBus()
  const said: string[] = []
  const bus: Bus = Object.assign(Object.create(inner), {
    publish: (...args: Parameters<Bus['publish']>) => {
      said.push(args[1])
      return inner.publish(...args)
    },
    subscribe: (...args: Parameters<Bus['subscribe']>) => inner.subscribe(...args),
    history: (...args: Parameters<Bus['history']>) => inner.history(...args),
  })
  const [home, away] = [new VirtualCore([room], { bus }), new VirtualCore([room], { bus })]
  const { session, key } = await home.open()
  await new AwayCarrier().attach(away, { session: session.id, key, position: 0 })
  assert.ok(said.some((data) => data.includes('attach')))
  assert.ok(!said.some((data) => data.includes(key)))
})

test('more requests to another node than honest clients make are refused until there are answers', async () => {
  const { away, home, session, advance, silence } = await twoNodes()
  await new AwayCarrier().attach(away, { session: session.id, key: 'wrong', position: 0 })
  silence(home.core.node)
  const attach = () => new AwayCarrier().attach(away, { session: session.id, key: 'wrong', position: 0 })
  const flood = Array.from({ length: 1_500 }, attach)
  await settled()
  assert.equal(away.core.relays.size, 1_000)
  assert.equal(await attach(), 'overload')
  await advance(answerMs + 1_000)
  const answers = await Promise.all(flood)
  assert.equal(answers.filter((answer) => answer === 'unknown').length, 1_000)
  assert.equal(away.core.relays.size, 0)
})

test('a home that does not answer is given up in five seconds, and one that is silent is not asked', async () => {
  const { home, away, session, key, silence, advance } = await twoNodes()
  await new AwayCarrier().attach(away, { session: session.id, key: 'wrong', position: 0 })
  silence(home.core.node)
  let reason: unknown
  const attach = async () => {
    reason = undefined
    reason = await new AwayCarrier().attach(away, { session: session.id, key, position: 1 })
  }
  void attach()
  await advance(answerMs - 1_000)
  assert.equal(reason, undefined)
  await advance(2_000)
  assert.equal(reason, 'unknown')
  await advance(silentMs)
  void attach()
  await settled()
  assert.equal(reason, 'unknown')
})

test('a home that falls silent ends the connections of its sessions within ten seconds', async () => {
  const { home, away, session, key, silence, advance } = await twoNodes()
  const there = new AwayCarrier()
  await there.attach(away, { session: session.id, key, position: 1 })
  await advance(60_000)
  assert.equal(away.core.relays.size, 1)
  silence(home.core.node)
  await advance(silentMs + beatMs)
  assert.deepEqual([there.ending?.why, there.ending?.reconnect], ['goingAway', true])
  assert.equal(away.core.relays.size, 0)
})

test('a node that falls silent leaves the sessions of its clients waiting, and hears so if it is there after all', async () => {
  const { home, away, session, key, silence, advance } = await twoNodes({ windowMs: 60_000 })
  const there = new AwayCarrier()
  await there.attach(away, { session: session.id, key, position: 1 })
  silence(away.core.node)
  await advance(silentMs + beatMs)
  assert.equal(there.ending?.why, 'goingAway')
  await advance(50_000)
  assert.equal(home.core.sessions.size, 1)
  await advance(15_000)
  assert.equal(home.core.sessions.size, 0)
})

test('a node that closes says so: connections there end at once, and its own sessions with it', async () => {
  const { home, away, session, key } = await twoNodes()
  const there = new AwayCarrier()
  await there.attach(away, { session: session.id, key, position: 1 })
  home.core.close('a new version')
  await settled()
  assert.deepEqual([there.ending?.why, there.ending?.message], ['goingAway', 'a new version'])
  assert.equal(await new AwayCarrier().attach(away, { session: session.id, key, position: 1 }), 'unknown')
})

test('a reader that stops at the other node stops its home, which keeps what its limits allow', async () => {
  const { home, away, session, key } = await twoNodes({ maxBytes: 1_000_000 })
  const there = new AwayCarrier()
  const reached = await there.attach(away, { session: session.id, key, position: 1 })
  assert.equal(reached, 0)
  // From now on it reads nothing.
  const remote = there.session
  there.session = undefined
  const size = 50_000
  for (let index = 0; index < 40; index++) await home.core.room('room').publish('said', 'x'.repeat(size))
  await settled()
  const taken = session.position
  assert.ok(taken > 4 && taken < 9, `${taken} units are on their way`)
  there.session = remote
  for (let round = 0; round < 20; round++) {
    there.wake()
    await settled()
  }
  assert.equal(there.heard.length, 40)
})

test('a client that says more than its home takes is not read until the home has taken it', async () => {
  const { away, session, key } = await twoNodes()
  const there = new AwayCarrier()
  await there.attach(away, { session: session.id, key, position: 1 })
  for (let id = 2; id < 12; id++) {
    const body = 'x'.repeat(50_000)
    there.session?.receive({ type: 'send', id, channel: 'room', event: 'say', body })
  }
  assert.equal(there.isPaused, true)
  await settled()
  assert.equal(there.isPaused, false)
  assert.equal(session.received, 11)
})

test('acts that come by themselves are handed in through any node, once', async () => {
  const { home, away, session, carrier, key } = await twoNodes()
  const proof = { session: session.id, key }
  const act = { type: 'call', id: 2, channel: 'room', event: 'say', body: 'hello' } as const
  assert.equal(await away.core.relays.post(encoder, proof, [act]), 2)
  await settled()
  assert.equal(await away.core.relays.post(encoder, proof, [act]), 2)
  assert.equal(await away.core.relays.post(encoder, { ...proof, key: 'wrong' }, [act]), undefined)
  await settled()
  assert.equal((await home.core.room('room').history()).messages.length, 1)
  assert.deepEqual(carrier.types, ['joined', 'publish', 'reply', 'reply'])
})

test('a connection that was overtaken by a later one of its client takes nothing from that one', async () => {
  const { away, session, key } = await twoNodes()
  const late = new AwayCarrier()
  const reason = late.attach(away, { session: session.id, key, position: 0, attempt: 1 })
  // Meanwhile the client has come home, and told what it has.
  assert.equal(session.isLatest(2), true)
  const back = new TestCarrier(session, 1)
  assert.equal(await reason, 'replaced')
  assert.equal(session.position, 1)
  assert.equal(await new AwayCarrier().attach(away, { session: session.id, key, position: 1, attempt: 3 }), 0)
  assert.equal(back.ending?.why, 'replaced')
})

test('an order that is lost on its way is obeyed two seconds later', async () => {
  let loses = false
  const bus = faultyBus(memoryBus(), { random: () => (loses ? 0 : 0.9), dropRate: 0.5 })
  const [one, two] = [
    new VirtualCore([room], { bus, authenticate: () => ({ id: 'ada' }) }),
    new VirtualCore([room], { bus }),
  ]
  const { session } = await one.open()
  bus.deliverAll()
  loses = true
  await two.core.order({ what: 'revoke', user: 'ada', message: undefined })
  loses = false
  bus.deliverAll()
  assert.equal(session.ended, false)
  await one.advance(beatMs + 500)
  assert.equal(session.ended, true)
})
