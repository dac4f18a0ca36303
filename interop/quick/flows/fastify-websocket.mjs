// Routes of an application, one refused by a hook, one reached without any network, and a server that closes.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import websocket from '@fastify/websocket'
import fastify from 'fastify'
import WebSocket from 'ws'
import { Inbox } from '../../support/sockets.mjs'

export async function flow() {
  const app = fastify({ forceCloseConnections: true })
  await app.register(websocket, { options: { maxPayload: 1000, perMessageDeflate: true } })
  app.get('/echo', { websocket: true }, (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  app.get('/members', { websocket: true, preValidation: refuse }, (socket) => socket.close())
  app.get('/stream', { websocket: true }, (socket) => {
    const stream = WebSocket.createWebSocketStream(socket, { encoding: 'utf8' })
    stream.on('data', (text) => stream.write(text.toUpperCase()))
  })
  const address = (await app.listen({ port: 0, host: '127.0.0.1' })).replace('http:', 'ws:')

  const socket = new WebSocket(`${address}/echo`)
  const inbox = new Inbox(socket)
  await once(socket, 'open')
  for (const text of ['hello', 'x'.repeat(1000)]) {
    socket.send(text)
    assert.equal(await inbox.next(), text)
  }
  socket.send('x'.repeat(1001))
  assert.equal((await once(socket, 'close'))[0], 1009)

  const loud = new WebSocket(`${address}/stream`)
  const heard = new Inbox(loud)
  await once(loud, 'open')
  loud.send('louder')
  assert.equal(await heard.next(), 'LOUDER')

  const stranger = new WebSocket(`${address}/members`)
  const [refusal] = await once(stranger, 'error')
  assert.equal(refusal.message, 'Unexpected server response: 401')

  const injected = await app.injectWS('/echo')
  const answers = new Inbox(injected)
  injected.send('without a network')
  assert.equal(await answers.next(), 'without a network')
  injected.terminate()

  assert.equal(app.websocketServer.clients.has(loud), false)
  const goodbye = once(loud, 'close')
  await app.close()
  await goodbye
}

async function refuse(_request, reply) {
  await reply.code(401).send()
}
