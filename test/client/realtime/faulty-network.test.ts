import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../../src/channels/channel.ts'
import { realtime } from '../../../src/channels/realtime.ts'
import { connect } from '../../../src/client/realtime/connect.ts'
import type { Connection } from '../../../src/client/realtime/connection.ts'
import type { Why } from '../../../src/codec/frame.ts'
import { native } from '../../../src/dialects/native/index.ts'
import { serve } from '../../../src/server/serve.ts'
import { type FaultyProxy, faultyProxy } from '../../../src/testing/faulty-proxy.ts'
import { seeded } from '../../../src/testing/seeded.ts'

const heartbeat = { everyMs: 150, graceMs: 150 }

interface World extends AsyncDisposable {
  readonly proxy: FaultyProxy
  readonly connection: Connection
  /** Effects of calls, by their body. */
  readonly effects: Map<unknown, number>
  /** Resolves with why the member left. */
  readonly left: Promise<Why>
  /** Called in a handler, between effect and answer. */
  between: () => void
}

async function worldOf(windowMs = 60_000): Promise<World> {
  const effects = new Map<unknown, number>()
  let leave: (why: Why) => void = () => {}
  const left = new Promise<Why>((resolve) => {
    leave = resolve
  })
  const room = channel('room', {
    events: { add: {}, post: {}, posted: {} },
    history: { limit: 1_000, ttlMs: 60_000 },
    leave: (_ctx, why) => leave(why),
    on: {
      add(_ctx, body) {
        effects.set(body, (effects.get(body) ?? 0) + 1)
        world.between()
        return `${body} added`
      },
      async post(ctx, body) {
        await ctx.publish('posted', body)
        world.between()
      },
    },
  })
  const app = realtime({ channels: [room], limits: { windowMs } })
  const server = await serve({ app, dialects: [native({ heartbeat })] })
  const proxy = await faultyProxy(server.url, { random: seeded(1) })
  const connection = connect(proxy.url, { reconnect: { firstMs: 5, maxMs: 10 }, openTimeoutMs: 500 })
  const world: World = {
    proxy,
    connection,
    effects,
    left,
    between() {},
    async [Symbol.asyncDispose]() {
      connection.close()
      await proxy[Symbol.asyncDispose]()
      await server.close()
    },
  }
  await connection.channel('room').join()
  return world
}

/** Resolves when the connection was lost, with why and after how long. */
function loss(connection: Connection): Promise<{ why: string; afterMs: number }> {
  const begun = performance.now()
  return new Promise((resolve) => {
    connection.state.subscribe((state) => {
      if (state.status === 'waiting') resolve({ why: state.reason.why, afterMs: performance.now() - begun })
    })
  })
}

test('a client notices a server that is silent after everyMs and graceMs, over a link that is dead downwards', async () => {
  await using world = await worldOf()
  const lost = loss(world.connection)
  world.proxy.inflict('muteDown')
  const { why, afterMs } = await lost
  assert.equal(why, 'silent')
  // What was heard last was heard before the link died.
  assert.ok(afterMs < 10_000 && afterMs >= heartbeat.graceMs - 10)
  world.proxy.calm()
  await world.connection.ready()
})

test('a server notices a client that is silent, over a link that is dead upwards, and ends its session after the window', async () => {
  await using world = await worldOf(1)
  world.proxy.inflict('ignore')
  world.proxy.inflict('muteUp')
  assert.equal(await world.left, 'timeout')
})

test('a client whose WebSocket is blocked reaches the server by the next transport', async () => {
  await using world = await worldOf()
  world.proxy.inflict('block')
  world.proxy.inflict('cut')
  const { state } = world.connection
  const transport = await new Promise<string>((resolve) => {
    state.subscribe((now) => {
      if (now.status === 'open' && now.transport !== 'websocket') resolve(now.transport)
    })
  })
  assert.equal(transport, 'stream')
  assert.equal(await world.connection.channel('room').call('add', 1), '1 added')
})

test('a publish or a call whose answer is cut off behind its effect takes effect once, and is answered', async () => {
  await using world = await worldOf()
  let cuts = 0
  world.between = () => {
    if (cuts % 3 === 0) {
      // Nothing gets through any more; then both ends learn of it.
      world.proxy.inflict('muteDown')
      world.proxy.inflict('cut')
    }
    cuts += 1
  }
  const room = world.connection.channel('room')
  const heard: unknown[] = []
  room.on('posted', (body) => heard.push(body))
  for (let number = 1; number <= 30; number++) {
    await room.call('post', number)
    assert.equal(await room.call('add', number), `${number} added`)
  }
  assert.deepEqual(
    heard,
    Array.from({ length: 30 }, (_, index) => index + 1),
  )
  assert.deepEqual([...world.effects.values()], Array(30).fill(1))
  assert.ok(cuts >= 60)
})
