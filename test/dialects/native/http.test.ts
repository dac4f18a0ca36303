import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../../src/channels/channel.ts'
import { realtime } from '../../../src/channels/realtime.ts'
import { native } from '../../../src/dialects/native/index.ts'
import { serve } from '../../../src/server/serve.ts'
import { HandClient } from '../../channels/client.ts'

type Frame = Record<string, unknown>

const room = channel('room:{id}', {
  events: { message: {} },
  on: { message: (ctx, body) => ctx.publish('message', body) },
})

async function serveRooms(options: Parameters<typeof native>[0] = {}) {
  const app = realtime({ channels: [room] })
  const server = await serve({ app, dialects: [native(options)] })
  const ask = (wish: string, ...frames: object[]) =>
    fetch(`http://localhost:${server.port}/anywhere?polyplex.1=${wish}`, {
      method: 'POST',
      body: frames.map((frame) => `${JSON.stringify(frame)}\n`).join(''),
    })
  const lines = async (response: Promise<Response>): Promise<Frame[]> =>
    (await (await response).text())
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  return { app, ask, lines, url: server.url, [Symbol.asyncDispose]: () => server.close() }
}

/** Reads frames of a stream, one by one. */
async function* framesOf(response: Response, prefix = ''): AsyncGenerator<Frame, undefined> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() as string
    for (const line of lines) if (line !== '') yield JSON.parse(line.slice(prefix.length))
  }
}

async function next(frames: AsyncGenerator<Frame>): Promise<Frame> {
  return (await frames.next()).value as Frame
}

for (const [wish, prefix] of [
  ['stream', ''],
  ['events', 'data: '],
] as const) {
  test(`frames come down in one long answer (${wish}), and go up in requests of their own`, async () => {
    await using server = await serveRooms()
    const down = framesOf(await server.ask(wish, { type: 'connect' }), prefix)
    const { session, key } = await next(down)
    const carry = { type: 'carry', session, key }
    const join = { type: 'join', id: 1, channel: 'room:1' }
    const call = { type: 'call', id: 2, channel: 'room:1', event: 'message', body: 'hello' }
    assert.deepEqual(await server.lines(server.ask('send', carry, join, call)), [
      { type: 'ack', position: 2 },
    ])
    for (const type of ['joined', 'publish', 'reply']) assert.equal((await next(down))['type'], type)
    // A request whose answer was lost comes again, and changes nothing but that the answer is heard again.
    assert.deepEqual(await server.lines(server.ask('send', carry, call)), [{ type: 'ack', position: 2 }])
    assert.equal((await next(down))['type'], 'reply')
    await down.return(undefined)
  })
}

test('polls bring what waits, or wait for it; each acknowledges by its position', async () => {
  await using server = await serveRooms({ pollMs: 50 })
  const [connected] = await server.lines(server.ask('poll', { type: 'connect' }))
  const { session, key } = connected as Frame
  await server.lines(
    server.ask('send', { type: 'carry', session, key }, { type: 'join', id: 1, channel: 'room:1' }),
  )
  let position = 0
  const poll = async (): Promise<Frame[]> => {
    const [resumed, ...frames] = await server.lines(
      server.ask('poll', { type: 'connect', resume: { session, key, position } }),
    )
    assert.equal(resumed?.['type'], 'resumed')
    position += frames.length
    return frames
  }
  assert.deepEqual(
    (await poll()).map(({ type }) => type),
    ['joined'],
  )
  const waiting = poll()
  await server.app.channel('room:1').publish('message', 1)
  const bodies = (await waiting).map(({ body }) => body)
  for (const body of [2, 3]) await server.app.channel('room:1').publish('message', body)
  bodies.push(...(await poll()).map(({ body }) => body))
  assert.deepEqual(bodies, [1, 2, 3])
  assert.deepEqual(await poll(), [])
})

test('a session moves from polls to a WebSocket and back to a stream, and nothing is lost or doubled', async () => {
  await using server = await serveRooms({ pollMs: 50 })
  const { publish } = server.app.channel('room:1')
  const [connected] = await server.lines(server.ask('poll', { type: 'connect' }))
  const { session, key } = connected as Frame
  const resume = (position: number) => ({ type: 'connect', resume: { session, key, position } })
  await server.lines(
    server.ask('send', { type: 'carry', session, key }, { type: 'join', id: 1, channel: 'room:1' }),
  )
  await publish('message', 1)
  const held = server.lines(server.ask('poll', resume(0)))
  assert.deepEqual(
    (await held).map(({ type }) => type),
    ['resumed', 'joined', 'publish'],
  )
  const socket = await new HandClient(server.url).opened()
  await publish('message', 2)
  socket.say(resume(2))
  assert.equal((await socket.hear('publish'))['body'], 2)
  const down = framesOf(await server.ask('stream', resume(3)))
  assert.deepEqual(await next(down), { type: 'resumed', position: 3, replayed: 0, received: 1 })
  assert.equal((await socket.hear('close'))['why'], 'replaced')
  await publish('message', 3)
  assert.equal((await next(down))['body'], 3)
  await down.return(undefined)
})

test('frames for a session nobody knows, or without one, are refused', async () => {
  await using server = await serveRooms()
  const unknown = await server.ask('send', { type: 'carry', session: 'nobody', key: 'none' })
  assert.deepEqual([unknown.status, ((await unknown.json()) as Frame)['code']], [410, 'ERR_SESSION'])
  const lacking = await server.ask('send', { type: 'join', id: 1, channel: 'room:1' })
  assert.deepEqual([lacking.status, ((await lacking.json()) as Frame)['code']], [400, 'ERR_FRAME'])
  const [refused] = await server.lines(server.ask('poll', { type: 'dance' }))
  assert.deepEqual([refused?.['type'], refused?.['code']], ['close', 'ERR_FRAME'])
})

test('a page of another origin may not, unless it is listed', async () => {
  const origins = ['https://friend.example']
  await using server = await serveRooms({ origins })
  const url = `${server.url.replace('ws', 'http')}?polyplex.1=poll`
  const from = (Origin: string) =>
    fetch(url, { method: 'POST', body: '{"type":"connect"}', headers: { Origin } })
  assert.equal((await from('https://elsewhere.example')).status, 403)
  const friend = await from('https://friend.example')
  assert.deepEqual(
    [friend.status, friend.headers.get('access-control-allow-origin')],
    [200, 'https://friend.example'],
  )
})
