// Routes of an application that speak WebSocket, beside routes that do not.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import express from 'express'
import expressWs from 'express-ws'
import WebSocket from 'ws'
import { closed, Inbox } from '../../support/sockets.mjs'

export async function flow() {
  const { app, getWss } = expressWs(express(), undefined, { leaveRouterUntouched: true })
  app.get('/', (_request, response) => response.send('a page'))
  app.ws('/echo/:name', (socket, request) => {
    socket.on('message', (data, isBinary) => {
      if (isBinary) socket.send(data)
      else socket.send(`${request.params.name}: ${data}`)
    })
  })
  app.ws('/shut', (socket) => socket.close(4000, 'come tomorrow'))
  app.ws('/everybody', (socket) => {
    socket.on('message', (data) => {
      for (const client of getWss().clients) client.send(String(data))
    })
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `127.0.0.1:${server.address().port}`
  assert.equal(await (await fetch(`http://${address}/`)).text(), 'a page')

  const socket = new WebSocket(`ws://${address}/echo/Ada`)
  const inbox = new Inbox(socket, 'message', (data, isBinary) => (isBinary ? data : String(data)))
  await once(socket, 'open')
  socket.send('hello')
  assert.equal(await inbox.next(), 'Ada: hello')
  socket.send(Buffer.from([0, 255]))
  assert.deepEqual(await inbox.next(), Buffer.from([0, 255]))

  const loud = new WebSocket(`ws://${address}/everybody`)
  const heard = new Inbox(loud)
  await once(loud, 'open')
  assert.equal(getWss().clients.size, 2)
  loud.send('to all')
  assert.equal(await inbox.next(), 'to all')
  assert.equal(await heard.next(), 'to all')

  const shut = new WebSocket(`ws://${address}/shut`)
  const [code, reason] = await once(shut, 'close')
  assert.deepEqual([code, String(reason)], [4000, 'come tomorrow'])
  const nowhere = new WebSocket(`ws://${address}/nowhere`)
  await once(nowhere, 'close')

  for (const client of [socket, loud]) {
    client.close(1000)
    assert.equal((await once(client, 'close'))[0], 1000)
  }
  server.closeAllConnections()
  await closed(server)
}
