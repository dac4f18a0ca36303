import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryBus } from '../../src/bus/memory-bus.ts'
import { channel } from '../../src/channels/channel.ts'
import { type Realtime, type RealtimeOptions, realtime } from '../../src/channels/realtime.ts'
import { connect } from '../../src/client/realtime/connect.ts'
import { native } from '../../src/dialects/native/index.ts'
import { serve } from '../../src/server/serve.ts'
import { HandClient } from './client.ts'
import { TcpSwitch } from './tcp-switch.ts'

type Frame = Record<string, unknown>

const room = channel('room:{id}', {
  events: { message: {}, upload: {} },
  history: { limit: 10_000, ttlMs: 60_000 },
  presence: true,
  on: {
    message: async (ctx, body) => {
      ctx.data['said'] = ((ctx.data['said'] as number | undefined) ?? 0) + 1
      await ctx.publish('message', body)
      return ctx.data['said']
    },
    async upload(ctx) {
      const items: unknown[] = []
      for await (const item of ctx.items ?? []) items.push(item)
      return items
    },
  },
})

/** Two servers on one bus, in one process. */
async function twoServers(options: Omit<RealtimeOptions, 'channels' | 'bus'> = {}) {
  const bus = memoryBus()
  const errors: Error[] = []
  const start = async () => {
    const app: Realtime = realtime({
      channels: [room],
      bus,
      onError: (error) => errors.push(error),
      ...options,
    })
    return { app, server: await serve({ app, dialects: [native({ pollMs: 50 })] }) }
  }
  const nodes = [await start(), await start()] as const
  return {
    nodes,
    errors,
    async [Symbol.asyncDispose]() {
      for (const { server } of nodes) await server.close()
    },
  }
}

test('clients whose every connection goes to the other server lose nothing, double nothing, and keep their order', async () => {
  await using servers = await twoServers()
  await using between = await TcpSwitch.listen(servers.nodes.map(({ server }) => server.port))
  const [clients, messages] = [6, 150]
  const resets: unknown[] = []
  let resumed = 0
  let deliveries = 0
  const heard = Array.from({ length: clients }, () => [] as unknown[])
  let everything: () => void
  const done = new Promise<void>((resolve) => {
    everything = resolve
  })
  const connections = heard.map((bodies) => {
    const connection = connect(between.url, { reconnect: { firstMs: 1, maxMs: 20 } })
    connection.when('reset', (facts) => void resets.push(facts))
    connection.when('resumed', () => {
      resumed += 1
    })
    const lobby = connection.channel('room:1')
    lobby.when('reset', (facts) => void resets.push(facts))
    lobby.on('message', (body) => {
      bodies.push(body)
      deliveries += 1
      // Now and then the network fails, in the middle of whatever is going on.
      if (deliveries % 700 === 0) between.cut()
      if (deliveries === clients * clients * messages) everything()
    })
    return { connection, lobby }
  })
  await using _clients = {
    async [Symbol.asyncDispose]() {
      for (const { connection } of connections) connection.close()
    },
  }
  await Promise.all(connections.map(({ lobby }) => lobby.join()))
  const answers = await Promise.all(
    connections.map(async ({ lobby }, client) => {
      const answers: unknown[] = []
      for (let first = 0; first < messages; first += 10) {
        const calls = Array.from({ length: 10 }, (_, index) => lobby.call('message', [client, first + index]))
        answers.push(...(await Promise.all(calls)))
      }
      return answers
    }),
  )
  await done
  const expected = JSON.stringify(heard[0])
  for (const bodies of heard) assert.equal(JSON.stringify(bodies), expected)
  for (let client = 0; client < clients; client++) {
    const own = (heard[0] as [number, number][]).filter(([sender]) => sender === client)
    assert.deepEqual(
      own.map(([, index]) => index),
      Array.from({ length: messages }, (_, index) => index),
    )
    assert.equal(Math.max(...(answers[client] as number[])), messages, 'a call took effect twice')
  }
  assert.deepEqual(resets, [])
  assert.ok(resumed >= clients, `${resumed} times resumed`)
  assert.equal(
    servers.nodes.reduce((sum, { app }) => sum + app.sessionCount, 0),
    clients,
  )
  assert.deepEqual(servers.errors, [])
})

test('a stream of items goes on over the other server, in both directions', async () => {
  await using servers = await twoServers()
  await using between = await TcpSwitch.listen(servers.nodes.map(({ server }) => server.port))
  await using connection = connect(between.url, { reconnect: { firstMs: 1, maxMs: 20 } })
  const lobby = connection.channel('room:1')
  await lobby.join()
  async function* pieces() {
    for (let index = 0; index < 500; index++) {
      if (index % 100 === 50) between.cut()
      yield index
    }
  }
  const items = await lobby.call('upload', undefined, { items: pieces() })
  assert.deepEqual(
    items,
    Array.from({ length: 500 }, (_, index) => index),
  )
  assert.ok(between.accepted >= 3)
})

test('a server that goes away sends its clients to the other one, where they hear reset and join again', async () => {
  await using servers = await twoServers()
  const [first, second] = servers.nodes
  await using between = await TcpSwitch.listen([first.server.port, second.server.port, second.server.port])
  await using connection = connect(between.url, { reconnect: { firstMs: 1, maxMs: 20 } })
  const lobby = connection.channel('room:1')
  const heard: unknown[] = []
  let told: () => void = () => {}
  lobby.on('message', (body) => {
    heard.push(body)
    told()
  })
  await lobby.join()
  const reset = new Promise<{ reason: string }>((resolve) => connection.when('reset', resolve))
  await first.server.close()
  assert.equal((await reset).reason, 'unknown')
  const arrived = new Promise<void>((resolve) => {
    told = resolve
  })
  await lobby.call('message', 'after')
  await arrived
  assert.deepEqual(heard, ['after'])
})

test('over HTTP each request may arrive at another server', async () => {
  await using servers = await twoServers()
  let requests = 0
  const ask = async (wish: string, ...frames: object[]): Promise<Frame[]> => {
    const { server } = servers.nodes[requests % 2] as (typeof servers.nodes)[0]
    requests += 1
    const response = await fetch(`http://localhost:${server.port}/?polyplex.1=${wish}`, {
      method: 'POST',
      body: frames.map((frame) => `${JSON.stringify(frame)}\n`).join(''),
    })
    const text = await response.text()
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  }
  const [connected] = await ask('poll', { type: 'connect' })
  const { session, key } = connected as Frame
  const carry = { type: 'carry', session, key }
  const heard: Frame[] = []
  const send = async (id: number, frame: object): Promise<void> => {
    assert.deepEqual(await ask('send', carry, { id, channel: 'room:1', ...frame }), [
      { type: 'ack', position: id },
    ])
  }
  const poll = async (): Promise<void> => {
    const [resumed, ...frames] = await ask('poll', {
      type: 'connect',
      resume: { session, key, position: heard.length },
    })
    assert.equal(resumed?.['type'], 'resumed')
    heard.push(...frames)
  }
  await send(1, { type: 'join' })
  for (let id = 2; id < 12; id++) {
    await send(id, { type: 'call', event: 'message', body: id })
    await poll()
    await poll()
  }
  while (heard.filter(({ type }) => type === 'reply').length < 10) await poll()
  const bodies = (wanted: string) => heard.filter(({ type }) => type === wanted).map(({ body }) => body)
  assert.deepEqual(bodies('publish'), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  assert.deepEqual(bodies('reply'), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  // A key that is wrong is wrong everywhere.
  for (let index = 0; index < 2; index++) {
    const [closed] = await ask('send', { ...carry, key: 'wrong' }, { type: 'close' })
    assert.equal(closed?.['code'], 'ERR_SESSION')
  }
})

test('what a client cannot be read, and its goodbye, reach its session at the other server', async () => {
  await using servers = await twoServers()
  const [first, second] = servers.nodes
  const here = new HandClient(first.server.url)
  const { connected } = await here.join('room:1')
  const { session, key } = connected
  const there = await new HandClient(second.server.url).opened()
  there.say({ type: 'connect', resume: { session, key, position: 2 } }, '{"type":"dance","id":2}')
  const error = await there.hear('error')
  assert.equal((error['error'] as Frame)['code'], 'ERR_FRAME')
  assert.equal((await here.hear('close'))['why'], 'replaced')
  there.say({ type: 'call', id: 3, channel: 'room:1', event: 'message', body: 1 })
  assert.equal((await there.hear('reply'))['to'], 3)
  assert.equal((await there.hear('ack'))['position'], 3)
  there.say({ type: 'close' })
  assert.equal((await there.hearClose()).code, 1000)
  assert.equal(first.app.sessionCount, 0)
})
