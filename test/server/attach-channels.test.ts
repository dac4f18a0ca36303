import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import express from 'express'
import fastify from 'fastify'
import { channel } from '../../src/channels/channel.ts'
import { realtime } from '../../src/channels/realtime.ts'
import { connect } from '../../src/client/realtime/connect.ts'
import { native } from '../../src/dialects/native/index.ts'
import { plain } from '../../src/dialects/plain/index.ts'
import { attach, serve } from '../../src/server/index.ts'
import { openSession } from '../wire/http2-peer.ts'

const room = channel('room:{id}', {
  events: { message: {} },
  history: { limit: 10, ttlMs: 60_000 },
  on: { message: async (ctx, body) => (await ctx.publish('message', body)).offset },
})

const newApp = () => realtime({ channels: [room], authenticate: () => ({ id: 'ada' }) })

/** Clients of each kind reach the channels of a server that also has a page. */
async function reaches(port: number): Promise<void> {
  const address = `127.0.0.1:${port}`
  await using connection = connect(`ws://${address}/anywhere`)
  const lobby = connection.channel('room:1')
  await lobby.join()
  assert.equal(await lobby.call('message', 'over a WebSocket'), 1)
  const said = await fetch(`http://${address}/channels/room:1`, { method: 'POST', body: 'by curl' })
  assert.equal(await said.json(), 2)
  const polled = await fetch(`http://${address}/?polyplex.1=poll`, {
    method: 'POST',
    body: '{"type":"connect"}',
  })
  assert.equal((JSON.parse(await polled.text()) as { type: string }).type, 'connected')
  assert.equal(await (await fetch(`http://${address}/page`)).text(), 'a page')
  const posted = await fetch(`http://${address}/page`, { method: 'POST', body: 'x'.repeat(100_000) })
  assert.equal(await posted.text(), '100000')
}

async function portOf(server: HttpServer): Promise<number> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  return (server.address() as AddressInfo).port
}

async function stop(server: HttpServer): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

test('attach serves channels on a server of node:http, beside its pages and its upgrades', async () => {
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') return void response.end('a page')
    let bytes = 0
    for await (const chunk of request) bytes += (chunk as Uint8Array).length
    response.end(String(bytes))
  })
  const attached = attach(server, { app: newApp(), dialects: [native(), plain()] })
  const port = await portOf(server)
  await reaches(port)
  const { offset } = await attached.channel('room:1').publish('message', 'from a route')
  assert.equal(offset, 3)
  await attached.user('ada').send('hint', 'hello')
  assert.throws(() => attached.channel('nowhere'), { code: 'ERR_CHANNEL' })
  await attached.close()
  // From now on it is the server's own again.
  assert.ok(!Object.hasOwn(server, 'emit'))
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/channels/room:1?cursor=`)).text(), 'a page')
  await stop(server)
})

test('attach serves channels beside an application of Express, also for routes that come later', async () => {
  const pages = express()
  const server = createServer(pages)
  await using _attached = attach(server, { app: newApp(), dialects: [native(), plain()] })
  pages.get('/page', (_request, response) => void response.send('a page'))
  pages.post('/page', express.text({ type: '*/*', limit: '1mb' }), (request, response) => {
    response.send(String((request.body as string).length))
  })
  await reaches(await portOf(server))
  await stop(server)
})

test('attach serves channels beside an application of Fastify', async () => {
  const pages = fastify()
  pages.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  pages.get('/page', () => 'a page')
  pages.post('/page', async ({ body }) => String((body as string).length))
  await using _attached = attach(pages.server, { app: newApp(), dialects: [native(), plain()] })
  await pages.listen({ port: 0, host: '127.0.0.1' })
  await reaches((pages.server.address() as AddressInfo).port)
  await stop(pages.server)
})

for (const listens of ['request', 'stream'] as const) {
  test(`attach serves channels over HTTP/2 beside a listener for '${listens}'`, async () => {
    const server = createHttp2Server()
    if (listens === 'request') server.on('request', (_request, response) => response.end('a page'))
    else server.on('stream', (stream) => stream.end('a page'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const attached = attach(server, { app: newApp(), dialects: [plain()] })
    const session = await openSession({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/` })
    const ask = async (method: string, path: string, body = ''): Promise<string> => {
      const stream = session.request({ ':method': method, ':path': path }, { endStream: body === '' })
      if (body !== '') stream.end(body)
      let text = ''
      for await (const chunk of stream.setEncoding('utf8')) text += chunk
      return text.trim()
    }
    assert.equal(await ask('POST', '/channels/room:1', 'hello'), '1')
    assert.deepEqual(JSON.parse(await ask('GET', '/channels/room:1?cursor=')).messages, [])
    assert.equal(await ask('GET', '/page'), 'a page')
    await attached.close()
    assert.equal(await ask('GET', '/channels/room:1?cursor='), 'a page')
    session.destroy()
    server.close()
  })
}

test('one application on several servers: they share its channels', async () => {
  const app = newApp()
  const server = createServer()
  const attached = attach(server, { app, dialects: [native()] })
  const served = await serve({ app, dialects: [native()] })
  await using connection = connect(served.url)
  const lobby = connection.channel('room:1')
  const heard = new Promise((resolve) => lobby.on('message', resolve))
  await lobby.join()
  await attached.channel('room:1').publish('message', 'across')
  assert.equal(await heard, 'across')
  await served.close()
  await attached.close()
})

test('a server without channels says so when it is asked for one', async () => {
  await using server = await serve({ message() {} })
  assert.throws(() => server.channel('room:1'), { code: 'ERR_OPTION_INVALID' })
  assert.throws(() => server.user('ada'), { code: 'ERR_OPTION_INVALID' })
  assert.throws(() => attach(createServer(), { dialects: [native()] }), { code: 'ERR_OPTION_INVALID' })
})

test('the server of serve publishes to its channels, and reaches its users', async () => {
  await using server = await serve({ app: newApp(), dialects: [native()] })
  await using connection = connect(server.url)
  const lobby = connection.channel('room:1')
  const heard = new Promise((resolve) => lobby.on('message', resolve))
  const hint = new Promise((resolve) => connection.on('hint', resolve))
  await lobby.join()
  await server.channel('room:1').publish('message', 'from a cron job')
  await server.user('ada').send('hint', 'look')
  assert.deepEqual([await heard, await hint], ['from a cron job', 'look'])
})
