import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server, createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { test } from 'node:test'
import express from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import { WebSocketServer } from 'ws'
import { attach } from '../../src/server/index.ts'
import { certificate } from '../wire/certificate.ts'
import { close, text } from '../wire/frames.ts'
import { handshake, RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'

/** Listens on a free port; leaving the block ends it and everybody there. */
async function listening(server: HttpServer | NetServer, scheme = 'ws') {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `${scheme}://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      RawPeer.destroyAll()
      if ('closeAllConnections' in server) server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
}

const page = 'GET /page HTTP/1.1\r\nHost: h\r\n\r\n'
const answer = (request: IncomingMessage, response: ServerResponse): void =>
  void response.end(`page ${request.url}`)
const echo = {
  message: (socket: { send(data: string | Uint8Array): unknown }, data: string | Uint8Array) =>
    void socket.send(data),
}

/** A page, a WebSocket, and both after one another on one connection. */
async function serves(target: { url: string }, expectedPage = 'page /page'): Promise<void> {
  const pages = await RawPeer.connect(target)
  assert.equal((await pages.ask(page)).body, expectedPage)
  pages.send(handshake('/socket'), text('first'))
  assert.equal((await pages.head()).status, 101)
  assert.equal(await pages.text(), 'first')
  pages.send(close(1000, 'done'))
  assert.equal((await pages.finish()).code, 1000)
}

test('attach serves WebSockets on a server of node:http, beside its pages', async () => {
  const server = createServer(answer)
  const attached = attach(server, echo)
  await using target = await listening(server)
  await serves(target)
  await attached.close()
})

test('attach serves WebSockets on a server of node:https', async () => {
  const recorder = new Recorder()
  const server = createHttpsServer(certificate, answer)
  const attached = attach(server, { ...recorder.handlers, ...echo })
  await using target = await listening(server, 'wss')
  await serves(target)
  const socket = await recorder.opened.next()
  assert.deepEqual([socket.request.secure, socket.request.remoteAddress], [true, '127.0.0.1'])
  await attached.close()
})

for (const [what, create, scheme] of [
  [
    'createSecureServer with allowHTTP1',
    () => createSecureServer({ ...certificate, allowHTTP1: true }),
    'wss',
  ],
  ['createServer', () => createHttp2Server(), 'ws'],
] as const) {
  for (const listens of ['request', 'stream'] as const) {
    test(`attach serves WebSockets over HTTP/2 on a server of node:http2 (${what}, '${listens}')`, async () => {
      const server = create()
      if (listens === 'request')
        server.on('request', (request, response) => response.end(`page ${request.url}`))
      else {
        server.on('stream', (stream, headers) => {
          if (headers[':method'] === 'CONNECT') return
          stream.respond()
          stream.end(`page ${headers[':path']}`)
        })
      }
      const attached = attach(server, { ...echo, paths: { '/socket': echo } })
      await using target = await listening(server as unknown as NetServer, scheme)
      if (scheme === 'wss' && listens === 'request') await serves(target)
      const session = connectHttp2(target.url.replace('ws', 'http'), { ca: certificate.cert })
      await once(session, 'remoteSettings')
      assert.equal(session.remoteSettings.enableConnectProtocol, true)
      const stream = session.request(
        { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/socket', 'sec-websocket-version': '13' },
        { endStream: false },
      )
      const [headers] = await once(stream, 'response')
      assert.equal(headers[':status'], 200)
      const peer = new RawPeer(stream)
      peer.send(text('over HTTP/2'))
      assert.equal(await peer.text(), 'over HTTP/2')
      const ordinary = session.request({ ':path': '/page' })
      assert.equal((await once(ordinary.setEncoding('utf8'), 'data'))[0], 'page /page')
      const closed = attached.close()
      assert.equal((await peer.closeFrame()).code, 1001)
      peer.send(close(1001))
      stream.end()
      await closed
      session.close()
    })
  }
}

test('attach serves WebSockets on the server of Express', async () => {
  const app = express()
  app.get('/page', (request, response) => void response.send(`page ${request.url}`))
  const server = createServer(app)
  const attached = attach(server, echo)
  await using target = await listening(server)
  await serves(target)
  await attached.close()
})

test('attach serves WebSockets on the server of Fastify', async () => {
  const app = fastify()
  app.get('/page', (request) => `page ${request.url}`)
  const attached = attach(app.server, echo)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  await serves({ url: `ws://127.0.0.1:${port}/` })
  await attached.close()
  RawPeer.destroyAll()
  await app.close()
})

test('attach serves WebSockets on the server of Koa', async () => {
  const app = new Koa()
  app.use((context) => {
    context.body = `page ${context.url}`
  })
  const server = createServer(app.callback())
  const attached = attach(server, echo)
  await using target = await listening(server)
  await serves(target)
  await attached.close()
})

test('other upgrades are left to whoever listens to them', async () => {
  const server = createServer(answer)
  const attached = attach(server, { paths: { '/ours/*': echo } })
  const theirs = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (request.url !== '/theirs') return
    theirs.handleUpgrade(request, socket, head, (socket) => void socket.send('theirs'))
  })
  await using target = await listening(server)
  const theirPeer = await RawPeer.open(target, '/theirs')
  assert.equal(await theirPeer.text(), 'theirs')
  const ourPeer = await RawPeer.open(target, '/ours/x')
  ourPeer.send(text('ours'))
  assert.equal(await ourPeer.text(), 'ours')
  assert.equal(attached.sockets.size, 1)
  for (const socket of attached.sockets) socket.terminate()
  for (const socket of theirs.clients) socket.terminate()
  await attached.close()
})

test('two attachments share a server by their paths', async () => {
  const server = createServer()
  const one = attach(server, { paths: { '/one': { open: (socket) => void socket.send('one') } } })
  const two = attach(server, { paths: { '/two': { open: (socket) => void socket.send('two') } } })
  await using target = await listening(server)
  for (const name of ['one', 'two']) assert.equal(await (await RawPeer.open(target, `/${name}`)).text(), name)
  for (const socket of [...one.sockets, ...two.sockets]) socket.terminate()
  await Promise.all([one.close(), two.close()])
})

test('where nobody else listens, an upgrade to no path of ours is answered with 404', async () => {
  const server = createServer(answer)
  const attached = attach(server, { paths: { '/ours': echo } })
  await using target = await listening(server)
  const peer = await RawPeer.connect(target)
  assert.equal((await peer.ask(handshake('/other'))).status, 404)
  await attached.close()
})

test('an upgrade to something else than WebSocket is ignored, as without attach', async () => {
  const fields = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'
  for (const [scheme, server] of [
    ['ws', createServer(answer)],
    ['wss', createHttpsServer(certificate, answer)],
  ] as const) {
    const attached = attach(server, echo)
    await using target = await listening(server, scheme)
    const peer = await RawPeer.connect(target)
    assert.equal((await peer.ask(`GET /a HTTP/1.1\r\nHost: h\r\n${fields}\r\n`)).body, 'page /a')
    assert.equal((await peer.ask(page)).body, 'page /page')
    await attached.close()
  }
})

test('a wrong handshake is answered on a server of somebody else too', async () => {
  const recorder = new Recorder()
  const server = createServer(answer)
  const attached = attach(server, recorder.handlers)
  await using target = await listening(server)
  for (const [changes, status] of [
    [{ 'Sec-WebSocket-Version': '8' }, 426],
    [{ 'Sec-WebSocket-Key': 'short' }, 400],
    [{ Origin: 'https://evil.example' }, 403],
  ] as const) {
    const peer = await RawPeer.connect(target)
    const refused = await peer.ask(handshake('/', changes))
    assert.equal(refused.status, status)
    assert.ok(refused.body.length > 0)
    assert.equal((await recorder.until('error')).name, 'HandshakeError')
  }
  await attached.close()
})

test('close lets go of the server, closes the sockets, and the server goes on', async () => {
  const server = createServer(answer)
  const attached = attach(server, echo)
  await using target = await listening(server)
  const peers = await Promise.all([RawPeer.open(target), RawPeer.open(target)])
  const closing = [attached.close({ code: 1012, reason: 'moved' }), attached.close()]
  assert.equal(server.listenerCount('upgrade'), 0)
  for (const peer of peers) assert.deepEqual(await peer.finish(), { code: 1012, reason: 'moved' })
  await Promise.all([...closing, attached.closed])
  const later = await RawPeer.connect(target)
  assert.equal((await later.ask(page)).body, 'page /page')
  // Without our listener the wish to upgrade is ignored again.
  assert.equal((await later.ask(handshake('/page'))).body, 'page /page')
})

test('await using lets go of the server', async () => {
  const server = createServer(answer)
  {
    await using attached = attach(server, echo)
    assert.equal(attached.sockets.size, 0)
    assert.equal(server.listenerCount('upgrade'), 1)
  }
  assert.equal(server.listenerCount('upgrade'), 0)
})

test('publish and topics work as with serve', async () => {
  const server = createServer(answer)
  const recorder = new Recorder()
  const attached = attach(server, recorder.handlers)
  await using target = await listening(server)
  const peer = await RawPeer.open(target)
  const socket = await recorder.opened.next()
  socket.subscribe('room')
  assert.equal(attached.publish('room', 'hello'), 1)
  assert.equal(await peer.text(), 'hello')
  socket.terminate()
  await attached.close()
})

test('the timeouts of the server end with the upgrade', async () => {
  const recorder = new Recorder()
  const server = createServer(answer)
  server.timeout = 500
  server.headersTimeout = 500
  server.requestTimeout = 500
  const attached = attach(server, { ...recorder.handlers, ...echo, heartbeat: false })
  await using target = await listening(server)
  const peer = await RawPeer.open(target)
  // Who came later and says nothing is cut by them.
  const idle = await RawPeer.connect(target)
  await Promise.race([idle.ended, idle.gone])
  peer.send(text('still here'))
  assert.equal(await peer.text(), 'still here')
  for (const socket of attached.sockets) socket.terminate()
  await attached.close()
})
