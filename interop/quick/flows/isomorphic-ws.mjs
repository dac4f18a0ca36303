// The package is ws under another name on Node, used the way a program for pages would.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import IsomorphicWebSocket from 'isomorphic-ws'
import WebSocket, { WebSocketServer } from 'ws'
import { closed } from '../../support/sockets.mjs'

export async function flow() {
  assert.equal(IsomorphicWebSocket, WebSocket)
  const sockets = new IsomorphicWebSocket.Server({ port: 0, host: '127.0.0.1' })
  assert.ok(sockets instanceof WebSocketServer)
  await once(sockets, 'listening')
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  const { port } = sockets.address()

  const socket = new IsomorphicWebSocket(`ws://127.0.0.1:${port}`)
  socket.binaryType = 'arraybuffer'
  await told(socket, 'onopen')
  assert.equal(socket.readyState, IsomorphicWebSocket.OPEN)
  const text = told(socket, 'onmessage')
  socket.send('hello')
  assert.equal((await text).data, 'hello')
  const bytes = told(socket, 'onmessage')
  socket.send(new Uint8Array([1, 2, 3]))
  assert.deepEqual(new Uint8Array((await bytes).data), new Uint8Array([1, 2, 3]))
  socket.close(3000, 'enough')
  const { code, reason, wasClean } = await told(socket, 'onclose')
  assert.deepEqual({ code, reason, wasClean }, { code: 3000, reason: 'enough', wasClean: true })
  await closed(sockets)

  const nobody = new IsomorphicWebSocket(`ws://127.0.0.1:${port}`)
  const [failure, end] = await Promise.all([told(nobody, 'onerror'), told(nobody, 'onclose')])
  assert.equal(failure.error.code, 'ECONNREFUSED')
  assert.equal(end.code, 1006)
}

function told(socket, name) {
  return new Promise((resolve) => {
    socket[name] = resolve
  })
}
