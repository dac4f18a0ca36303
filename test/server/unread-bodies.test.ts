import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, IncomingMessage } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { realtime } from '../../src/channels/realtime.ts'
import { native } from '../../src/dialects/native/index.ts'
import { IncomingBody } from '../../src/runtime/node/incoming-body.ts'
import { attach } from '../../src/server/index.ts'
import { readText } from '../../src/server/request-body.ts'
import { answerTo, openSession } from '../wire/http2-peer.ts'
import { Inbox } from '../wire/inbox.ts'
import { testEach } from '../wire/listeners.ts'
import { RawPeer } from '../wire/raw-peer.ts'
import { served } from '../wire/served.ts'

const tooMuch = 'x'.repeat(300_000)

const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/** What handlers do with a body that they do not want. */
const refusals: Readonly<Record<string, (request: Request) => unknown>> = {
  '/unread': () => {},
  '/later': () => new Promise((resolve) => setImmediate(resolve)),
  '/limited': (request) => readText(request, 1_000),
  '/cancelled': (request) => request.body?.cancel(),
  '/forgotten': (request) => request.body?.getReader().read(),
}

async function refuse(request: Request): Promise<Response> {
  await refusals[new URL(request.url).pathname]?.(request)
  return new Response('No', { status: 413, headers: { 'Content-Length': '2' } })
}

testEach('a connection goes on behind a body that its handler did not read', async (options) => {
  await using server = await served({ ...options, fetch: refuse })
  const peer = await RawPeer.connect(server)
  for (const path of Object.keys(refusals)) {
    for (const body of [tooMuch, '', tooMuch]) {
      const { status, body: text } = await peer.ask(post(path, body))
      assert.deepEqual([path, status, text], [path, 413, 'No'])
    }
  }
})

test('so does one of a server that somebody else runs, behind too much for a dialect', async () => {
  const http = createServer((_request, response) => response.end('a page')).listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  const attached = attach(http, {
    app: realtime({ channels: [] }),
    dialects: [native({ maxBodyBytes: 1_000 })],
  })
  const peer = await RawPeer.connect({ url: `ws://127.0.0.1:${port}/` })
  for (let count = 0; count < 3; count++) {
    assert.equal((await peer.ask(post('/?polyplex.1=send', tooMuch))).status, 413)
  }
  RawPeer.destroyAll()
  http.close()
  await attached.close()
})

test('RFC 9113 §8.1 over HTTP/2 the peer is asked to stop, after the whole answer', async () => {
  const answer = 'y'.repeat(200_000)
  await using server = await served({
    http2: true,
    async fetch({ body }) {
      await body?.getReader().read()
      return new Response(answer)
    },
  })
  const session = await openSession(server)
  for (let count = 0; count < 3; count++) {
    const stream = session.request({ ':method': 'POST', ':path': '/' })
    stream.write(tooMuch)
    assert.equal((await answerTo(stream))[':status'], 200)
    let length = 0
    stream.on('data', (chunk: Buffer) => (length += chunk.length))
    await Promise.all([once(stream, 'aborted'), once(stream, 'end')])
    assert.deepEqual([length, stream.rstCode], [answer.length, 0])
    stream.destroy()
  }
  session.destroy()
})

testEach('whoever still reads a body that was answered hears that it is over', async (options) => {
  const late = new Inbox<() => Promise<unknown>>()
  await using server = await served({
    ...options,
    async fetch({ body }) {
      const reader = body?.getReader()
      await reader?.read()
      late.push(async () => {
        while ((await reader?.read())?.done === false);
      })
      return new Response('No')
    },
  })
  const peer = await RawPeer.connect(server)
  await peer.ask(post('/', tooMuch))
  const readOn = await late.next()
  await assert.rejects(() => readOn(), TypeError)
})

testEach('a body that breaks off breaks off for its reader', async (options) => {
  const readings = new Inbox<{ reading: Promise<unknown> }>()
  await using server = await served({
    ...options,
    async fetch(request) {
      const reading = request.text()
      readings.push({ reading })
      return new Response(await reading)
    },
  })
  const peer = await RawPeer.connect(server)
  peer.send(post('/', tooMuch).slice(0, 100_000))
  const { reading } = await readings.next()
  RawPeer.destroyAll()
  await assert.rejects(reading)
})

test('a body that never ends ends its connection, a while after the answer', () => {
  const socket = new Socket()
  const body = new IncomingBody(new IncomingMessage(socket))
  body.answered()
  assert.notEqual(body.wheelTick, -1)
  body.expire()
  assert.equal(socket.destroyed, true)
})
