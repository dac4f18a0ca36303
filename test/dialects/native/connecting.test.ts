import assert from 'node:assert/strict'
import { test } from 'node:test'
import { realtime } from '../../../src/channels/realtime.ts'
import { native } from '../../../src/dialects/native/index.ts'
import { serve } from '../../../src/server/serve.ts'
import { HandClient } from '../../channels/client.ts'

async function serveNative(
  options: Parameters<typeof native>[0] = {},
  authenticate: () => Promise<undefined> = async () => undefined,
) {
  const app = realtime({ channels: [], authenticate })
  const server = await serve({ app, dialects: [native(options)] })
  return { app, url: server.url, [Symbol.asyncDispose]: () => server.close() }
}

test('a connection that does not say connect is closed after connectTimeoutMs', async () => {
  await using server = await serveNative({ connectTimeoutMs: 50 })
  const silent = await new HandClient(server.url).opened()
  assert.equal((await silent.hear('close'))['why'], 'timeout')
  assert.equal((await silent.hearClose()).code, 4408)
})

test('an authenticate that takes too long is no reason to wait for ever', async () => {
  let decide: (principal: undefined) => void = () => {}
  const decided = new Promise<undefined>((resolve) => {
    decide = resolve
  })
  await using server = await serveNative({ connectTimeoutMs: 50 }, () => decided)
  const client = await new HandClient(server.url).opened()
  client.say({ type: 'connect' })
  assert.equal((await client.hearClose()).code, 4408)
  decide(undefined)
  await new Promise(setImmediate)
  assert.equal(server.app.sessionCount, 0)
})

test('what is said before the session is known waits for it', async () => {
  let decide: (principal: undefined) => void = () => {}
  const decided = new Promise<undefined>((resolve) => {
    decide = resolve
  })
  await using server = await serveNative({}, () => decided)
  const client = await new HandClient(server.url).opened()
  client.say(
    { type: 'connect' },
    { type: 'join', id: 1, channel: 'room' },
    { type: 'join', id: 2, channel: 'room' },
  )
  decide(undefined)
  await client.hear('connected')
  for (const to of [1, 2]) assert.equal((await client.hear('error'))['to'], to)
})

const refused: [title: string, code: string, frame: object | string][] = [
  ['another version', 'ERR_VERSION', { type: 'connect', version: 2 }],
  ['another first frame', 'ERR_FRAME', { type: 'join', id: 1, channel: 'room' }],
  ['no frame', 'ERR_FRAME', 'hello'],
  ['half a resume', 'ERR_FRAME', { type: 'connect', resume: { session: 'a' } }],
]

for (const [title, code, frame] of refused) {
  test(`${title} is refused with ${code}, and the connection closed for good`, async () => {
    await using server = await serveNative()
    const client = await new HandClient(server.url).opened()
    client.say(frame as Record<string, unknown>)
    const close = await client.hear('close')
    assert.deepEqual([close['code'], close['reconnect']], [code, false])
    assert.equal((await client.hearClose()).code, 4400)
  })
}

test('a ping is answered, before and after connecting', async () => {
  await using server = await serveNative()
  const client = await new HandClient(server.url).opened()
  client.say({ type: 'ping' })
  await client.hear('pong')
  client.say({ type: 'connect' }, { type: 'ping' })
  await client.hear('connected')
  await client.hear('pong')
})

test('frames are acknowledged, after 32 of them or a second', async () => {
  await using server = await serveNative()
  const client = await new HandClient(server.url).opened()
  client.say({ type: 'connect' })
  const frame = (id: number) => ({ type: 'leave', id, channel: 'room' })
  client.say(...Array.from({ length: 33 }, (_, index) => frame(index + 1)))
  assert.deepEqual(await client.hear('ack'), { type: 'ack', position: 32 })
  assert.deepEqual(await client.hear('ack'), { type: 'ack', position: 33 })
})

test('the greeting tells how soon silence is noticed: what the option says, and else the defaults', async () => {
  await using usual = await serveNative()
  await using quick = await serveNative({ heartbeat: { everyMs: 2_000 } })
  for (const [server, heartbeat] of [
    [usual, { everyMs: 25_000, graceMs: 20_000 }],
    [quick, { everyMs: 2_000, graceMs: 20_000 }],
  ] as const) {
    const client = await new HandClient(server.url).opened()
    client.say({ type: 'connect', version: 1 })
    assert.deepEqual((await client.hear('connected'))['heartbeat'], heartbeat)
    client.cut()
  }
  for (const heartbeat of [{ everyMs: 0 }, { graceMs: -1 }, { often: 1 }]) {
    assert.throws(() => native({ heartbeat } as Parameters<typeof native>[0]), { code: /^ERR_OPTION_/ })
  }
})
