import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket as PlatformWebSocket } from 'undici'
import { channel } from '../../../src/channels/channel.ts'
import type { StandardSchema } from '../../../src/channels/standard-schema.ts'
import { connect as connectInBrowser } from '../../../src/client/realtime/connect.browser.ts'
import { connect } from '../../../src/client/realtime/connect.ts'
import { CallError } from '../../../src/errors.ts'
import { faultyProxy } from '../../../src/testing/faulty-proxy.ts'
import { seeded } from '../../../src/testing/seeded.ts'
import { serveChannels } from '../../channels/client.ts'

const text: StandardSchema<string> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof value === 'string' ? { value } : { issues: [{ message: 'must be a text', path: ['here'] }] },
  },
}

const room = channel('room:{id}', {
  events: {
    message: {},
    upper: { input: text, output: text },
    asked: {},
    count: {},
    sum: {},
    refuse: {},
  },
  history: { limit: 1_000, ttlMs: 60_000 },
  presence: true,
  join: (ctx, { id }) => `${id} for ${ctx.principal.id ?? 'somebody'}`,
  on: {
    message: async (ctx, body) => ctx.publish('message', body),
    upper: (_ctx, body) => body.toUpperCase(),
    asked: async (ctx, question) => `client said ${await ctx.call('asked', question)}`,
    async *count(_ctx, to) {
      for (let item = 1; item <= (to as number); item++) yield item
    },
    async sum(ctx) {
      let sum = 0
      for await (const item of ctx.items ?? []) sum += item as number
      return sum
    },
    refuse() {
      throw new CallError('ERR_APPLICATION', { message: 'Not today', reason: 'sunday' })
    },
  },
})

async function* numbers(count: number): AsyncGenerator<number> {
  for (let number = 1; number <= count; number++) yield number
}

/** Resolves when `listener` was called so often. */
function times(count: number): {
  readonly calls: unknown[]
  push(value: unknown): void
  all: Promise<unknown[]>
} {
  const calls: unknown[] = []
  let resolve: (calls: unknown[]) => void
  const all = new Promise<unknown[]>((resolving) => {
    resolve = resolving
  })
  return {
    calls,
    all,
    push(value) {
      calls.push(value)
      if (calls.length === count) resolve(calls)
    },
  }
}

test('a real server: joining, events, calls, streams, presence, history, in both directions', async () => {
  await using server = await serveChannels([room])
  await using connection = connect<typeof room>(server.url)
  const lobby = connection.channel('room:lobby')
  const heard = times(3)
  lobby.on('message', (body, { offset }) => heard.push([body, offset]))
  lobby.answer('asked', (question) => `yes to ${question}`)
  assert.match(String(await lobby.join()), /^lobby/)
  lobby.send('message', 'one')
  assert.equal(await lobby.call('upper', 'loud'), 'LOUD')
  assert.deepEqual(((await lobby.call('message', 'two')) as { offset: number }).offset, 2)
  await server.app.channel('room:lobby').publish('message', 'three')
  assert.deepEqual(await heard.all, [
    ['one', 1],
    ['two', 2],
    ['three', 3],
  ])
  assert.equal(await lobby.call('asked', 'this'), 'client said yes to this')
  const items: unknown[] = []
  for await (const item of lobby.stream('count', 100)) items.push(item)
  assert.equal(items.length, 100)
  assert.equal(await lobby.call('sum', undefined, { items: numbers(100) }), 5_050)
  const { messages } = await lobby.history({ limit: 2 })
  assert.deepEqual(
    messages.map(({ body }) => body),
    ['two', 'three'],
  )
  assert.equal(lobby.presence.size, 1)
  await assert.rejects(lobby.call('refuse'), { code: 'ERR_APPLICATION', reason: 'sunday' })
  await assert.rejects(lobby.call('upper', 7 as never), { code: 'ERR_INPUT', path: ['here'] })
  await lobby.leave()
  assert.equal(lobby.presence.size, 0)
  await assert.rejects(lobby.call('upper', 'gone'), { code: 'ERR_JOIN_FIRST' })
})

test('a real server: a token that is refused, another one that is not', async () => {
  const authenticate = ({ token }: { token?: string | undefined }) => {
    if (token !== 'good') throw new CallError('ERR_UNAUTHORIZED', { message: 'Who are you?' })
    return { id: 'ada' }
  }
  await using server = await serveChannels([room], { authenticate })
  await using connection = connect<typeof room>(server.url, { auth: 'bad' })
  await assert.rejects(connection.ready(), { code: 'ERR_CLOSED' })
  const { value } = connection.state
  assert.deepEqual([value.status, 'reason' in value && value.reason?.why], ['refused', 'unauthorized'])
  await connection.authenticate('good')
  assert.equal(await connection.channel('room:1').join(), '1 for ada')
})

test('a real server: a revoked user is out at once, and stays out', async () => {
  await using server = await serveChannels([room], { authenticate: () => ({ id: 'ada' }) })
  await using connection = connect<typeof room>(server.url, { auth: 'a' })
  await connection.channel('room:1').join()
  const refused = new Promise<void>((resolve) => {
    connection.state.subscribe(({ status }) => {
      if (status === 'refused') resolve()
    })
  })
  await server.app.user('ada').revoke()
  await refused
})

test('the entry for browsers does the same with the platform’s own WebSocket', async () => {
  await using server = await serveChannels([room])
  const before = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket')
  Object.defineProperty(globalThis, 'WebSocket', { value: PlatformWebSocket, configurable: true })
  try {
    await using connection = connectInBrowser<typeof room>(server.url.replace('ws:', 'http:'))
    const lobby = connection.channel('room:lobby')
    await lobby.join()
    assert.equal(await lobby.call('upper', 'loud'), 'LOUD')
    assert.deepEqual(connection.state.value, { status: 'open', transport: 'websocket' })
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, 'WebSocket')
    else Object.defineProperty(globalThis, 'WebSocket', before)
  }
})

test('a real server: a message over its limit fails, and what comes behind it arrives', async () => {
  await using server = await serveChannels([room])
  await using connection = connect<typeof room>(server.url, { reconnect: { firstMs: 10, maxMs: 20 } })
  const lobby = connection.channel('room:lobby')
  await lobby.join()
  const refusal = assert.rejects(lobby.call('upper', 'x'.repeat(2_000_000)), {
    code: 'ERR_MESSAGE_TOO_LARGE',
  })
  assert.equal(await lobby.call('upper', 'behind'), 'BEHIND')
  await refusal
})

test('a server that is not ready: the state says so, and the client comes when it is', async () => {
  await using server = await serveChannels([room])
  await using proxy = await faultyProxy(server.url, { random: seeded(1) })
  proxy.inflict('refuse')
  await using connection = connect<typeof room>(proxy.url, { reconnect: { firstMs: 20, maxMs: 40 } })
  const joined = connection.channel('room:1').join()
  const reason = await new Promise<unknown>((resolve) => {
    connection.state.subscribe((state) => {
      if (state.status === 'waiting') resolve([state.reason.why, state.reason.status])
    })
  })
  assert.deepEqual(reason, ['status', 503])
  proxy.calm()
  await joined
})

test('a real server behind a link that is cut again and again: nothing lost, doubled or reordered', async () => {
  await using server = await serveChannels([room], {
    limits: { rate: { perSecond: 100_000, burst: 100_000 } },
  })
  await using proxy = await faultyProxy(server.url, { random: seeded(1) })
  await using connection = connect<typeof room>(proxy.url, { reconnect: { firstMs: 10, maxMs: 20 } })
  const resets: unknown[] = []
  let resumes = 0
  connection.when('reset', (reset) => resets.push(reset))
  connection.when('resumed', () => {
    resumes += 1
    if (resumes < 20) setImmediate(() => proxy.inflict('cut'))
  })
  const lobby = connection.channel('room:lobby')
  const count = 400
  const heard = times(2 * count)
  lobby.on('message', (body) => heard.push(body))
  lobby.when('reset', (reset) => resets.push(reset))
  await lobby.join()
  proxy.inflict('cut')
  const answers: Promise<unknown>[] = []
  for (let number = 0; number < count; number++) {
    lobby.send('message', `sent ${number}`)
    answers.push(lobby.call('upper', `call ${number}`))
    await server.app.channel('room:lobby').publish('message', `published ${number}`)
    if (number % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const all = (await heard.all) as string[]
  const expected = (word: string) => Array.from({ length: count }, (_, number) => `${word} ${number}`)
  assert.deepEqual(
    all.filter((body) => body.startsWith('sent')),
    expected('sent'),
  )
  assert.deepEqual(
    all.filter((body) => body.startsWith('published')),
    expected('published'),
  )
  assert.deepEqual(await Promise.all(answers), expected('CALL'))
  assert.deepEqual(resets, [])
  assert.ok(resumes > 1)
})
