import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../../src/channels/channel.ts'
import { realtime } from '../../../src/channels/realtime.ts'
import { WebSocket } from '../../../src/client/websocket.ts'
import { native } from '../../../src/dialects/native/index.ts'
import { plain } from '../../../src/dialects/plain/index.ts'
import { CallError } from '../../../src/errors.ts'
import { serve } from '../../../src/server/serve.ts'
import { HandClient } from '../../channels/client.ts'

const room = channel('room:{id}', {
  events: { message: {}, other: {}, count: {} },
  history: { limit: 10, ttlMs: 60_000 },
  join(_ctx, { id }) {
    if (id === 'full') throw new CallError('ERR_APPLICATION', { message: 'Full', reason: 'full' })
    return 'welcome'
  },
  on: {
    message: async (ctx, body) => ({ offset: (await ctx.publish('message', body)).offset }),
    other: (ctx, body) => ctx.publish('other', body).then(() => undefined),
    async *count() {
      for (let item = 0; item < 50; item++) yield item
    },
  },
})

async function serveRooms(authenticate?: () => undefined) {
  const errors: Error[] = []
  const app = realtime({
    channels: [room],
    onError: (error) => errors.push(error),
    ...(authenticate && { authenticate }),
  })
  const server = await serve({ app, dialects: [native(), plain({ pollMs: 300 })] })
  const at = (path: string): string => `http://localhost:${server.port}/channels/${path}`
  return { app, at, errors, ws: server.url, [Symbol.asyncDispose]: () => server.close() }
}

/** A plain WebSocket, and what it hears. */
function plainSocket(url: string) {
  const socket = new WebSocket(url)
  const texts: string[] = []
  let told: () => void = () => {}
  let closed: { code: number; reason: string } | undefined
  socket.addEventListener('message', ({ data }) => {
    texts.push(data as string)
    told()
  })
  socket.addEventListener('close', ({ code, reason }) => {
    closed = { code, reason }
    told()
  })
  const anything = (): Promise<void> =>
    new Promise((resolve) => {
      told = resolve
    })
  return {
    opened: () => new Promise((resolve) => socket.addEventListener('open', resolve)),
    say: (text: string | Uint8Array<ArrayBuffer>) => socket.send(text),
    async hear(): Promise<string> {
      while (texts.length === 0) await anything()
      return texts.shift() as string
    },
    async close(): Promise<{ code: number; reason: string }> {
      while (closed === undefined) await anything()
      return closed
    },
  }
}

/** Reads an event stream, event by event. */
async function* events(response: Response): AsyncGenerator<string, undefined> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(chunk, { stream: true })
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      yield rest.slice(0, end)
      rest = rest.slice(end + 2)
    }
  }
}

async function nextOf(stream: AsyncGenerator<string>): Promise<string> {
  const { value, done } = await stream.next()
  assert.equal(done, false)
  return value as string
}

test('a plain WebSocket, a client with a protocol, curl and an event stream meet in one channel', async () => {
  await using server = await serveRooms()
  const bare = plainSocket(server.at('room:1').replace('http', 'ws'))
  await bare.opened()
  const spoken = new HandClient(server.ws)
  await spoken.join('room:1')
  const stream = events(await fetch(server.at('room:1')))
  assert.match(await nextOf(stream), /^id: .+:0\nevent: joined\ndata: \{"welcome":"welcome"\}$/)
  bare.say('hello')
  assert.equal(await bare.hear(), 'hello')
  assert.equal((await spoken.hear('publish'))['body'], 'hello')
  assert.match(await nextOf(stream), /^id: .+:1\ndata: hello$/)
  const posted = await fetch(server.at('room:1'), { method: 'POST', body: '{"text":"two\\nlines"}' })
  assert.deepEqual([posted.status, await posted.json()], [200, { offset: 2 }])
  assert.equal(await bare.hear(), '{"text":"two\\nlines"}')
  assert.deepEqual((await spoken.hear('publish'))['body'], { text: 'two\nlines' })
  assert.match(await nextOf(stream), /^id: .+:2\ndata: \{"text":"two\\nlines"\}$/)
  await server.app.channel('room:1').publish('other', 7)
  assert.equal(await bare.hear(), '{"event":"other","body":7}')
  assert.match(await nextOf(stream), /^id: .+:3\nevent: other\ndata: 7$/)
  await stream.return(undefined)
  assert.deepEqual(server.errors, [])
})

test('what a plain WebSocket says before it is let in is not lost', async () => {
  await using server = await serveRooms()
  const bare = plainSocket(server.at('room:2').replace('http', 'ws'))
  await bare.opened()
  for (const text of ['1', '2', '[3]']) bare.say(text)
  for (const text of ['1', '2', '[3]']) assert.equal(await bare.hear(), text)
})

test('an event stream goes on behind the last event that was seen', async () => {
  await using server = await serveRooms()
  const { publish } = server.app.channel('room:1')
  for (const body of ['1', '2', '3']) await publish('message', body)
  const first = events(await fetch(server.at('room:1')))
  const [, cursor] = /^id: (.+):3\n/.exec(await nextOf(first)) ?? []
  await first.return(undefined)
  const headers = { 'Last-Event-ID': `${cursor}:1` }
  const second = events(await fetch(server.at('room:1'), { headers }))
  assert.match(await nextOf(second), /"resumed":\{"replayed":2\}/)
  assert.match(await nextOf(second), /:2\ndata: 2$/)
  assert.match(await nextOf(second), /:3\ndata: 3$/)
  const lost = events(await fetch(server.at('room:1'), { headers: { 'Last-Event-ID': 'another:1' } }))
  assert.match(await nextOf(lost), /"reset":\{"reason":"epoch"\}/)
  await second.return(undefined)
  await lost.return(undefined)
})

test('polls miss nothing, and wait when there is nothing', async () => {
  await using server = await serveRooms()
  const poll = async (cursor: string) =>
    (await (await fetch(server.at(`room:1?cursor=${cursor}`))).json()) as {
      cursor: string
      messages: { body: unknown; offset: number }[]
      reset?: object
    }
  const { publish } = server.app.channel('room:1')
  let { cursor } = await poll('')
  const heard: unknown[] = []
  const next = async (): Promise<void> => {
    const answer = await poll(cursor)
    cursor = answer.cursor
    heard.push(...answer.messages.map(({ body }) => body))
  }
  const waiting = next()
  await publish('message', 1)
  await waiting
  await publish('message', 2)
  await publish('message', 3)
  await next()
  assert.deepEqual(heard, [1, 2, 3])
  const before = cursor
  await next()
  assert.deepEqual([heard.length, cursor], [3, before])
  assert.deepEqual((await poll('another:3')).reset, { reason: 'epoch' })
})

test('a request is answered with what the handler answers, be it nothing, a list or a refusal', async () => {
  await using server = await serveRooms()
  const post = (path: string, body = '') => fetch(server.at(path), { method: 'POST', body })
  assert.equal((await post('room:1?event=other', '1')).status, 204)
  const list = (await (await post('room:1?event=count')).json()) as number[]
  assert.equal(list.length, 50)
  const refused: [status: number, path: string][] = [
    [403, 'room:full'],
    [404, 'lobby'],
    [404, 'room:1?event=unheard'],
  ]
  for (const [status, path] of refused) assert.equal((await post(path)).status, status, path)
  assert.equal((await fetch(server.at('lobby'))).status, 404)
  assert.equal((await fetch(server.at('room:full?cursor='))).status, 403)
  assert.equal((await fetch(server.at('room:1'), { method: 'PUT' })).status, 405)
  assert.equal((await post('room:1', 'x'.repeat(1_048_577))).status, 413)
  assert.equal(server.app.sessionCount, 0)
})

test('a plain WebSocket that is not let in is closed with a code that says so', async () => {
  await using server = await serveRooms()
  const at = (path: string) => plainSocket(server.at(path).replace('http', 'ws'))
  assert.deepEqual(await at('room:full').close(), { code: 4403, reason: 'full' })
  assert.deepEqual(await at('lobby').close(), { code: 4404, reason: 'ERR_CHANNEL' })
})

test('bytes are binary messages of a plain WebSocket, and marked in JSON for all others', async () => {
  await using server = await serveRooms()
  const bytes = new WebSocket(`${server.at('room:1').replace('http', 'ws')}`)
  bytes.binaryType = 'arraybuffer'
  const opened = new Promise((resolve) => bytes.addEventListener('open', resolve))
  const hand = new HandClient(server.ws)
  await hand.join('room:1')
  const heard = new Promise<unknown>((resolve) =>
    bytes.addEventListener('message', ({ data }) => resolve(data)),
  )
  await opened
  bytes.send(Uint8Array.of(1, 2, 3))
  assert.deepEqual(new Uint8Array((await heard) as ArrayBuffer), Uint8Array.of(1, 2, 3))
  assert.deepEqual((await hand.hear('publish'))['body'], { $bytes: 'AQID' })
  const { messages } = await server.app.channel('room:1').history()
  assert.deepEqual(messages[0]?.body, Uint8Array.of(1, 2, 3))
  bytes.close()
})

test('who is not known is refused everywhere', async () => {
  await using server = await serveRooms(() => {
    throw new CallError('ERR_UNAUTHORIZED', { message: 'Who are you?' })
  })
  assert.equal((await fetch(server.at('room:1'))).status, 401)
  assert.equal((await fetch(server.at('room:1?cursor='))).status, 401)
  assert.equal((await fetch(server.at('room:1'), { method: 'POST', body: '' })).status, 401)
  assert.equal((await plainSocket(server.at('room:1').replace('http', 'ws')).close()).code, 4401)
})

test('a page of another origin may not', async () => {
  await using server = await serveRooms()
  const headers = { Origin: 'https://elsewhere.example' }
  assert.equal((await fetch(server.at('room:1'), { method: 'POST', body: '', headers })).status, 403)
})
