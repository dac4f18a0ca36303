// A page inside jsdom opens sockets: its script knows WebSocket as a browser's does.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { JSDOM } from 'jsdom'
import { WebSocketServer } from 'ws'
import { closed, httpServer } from '../../support/sockets.mjs'

export async function flow() {
  const { server, address } = await httpServer()
  const sockets = new WebSocketServer({
    server,
    handleProtocols: (protocols) => protocols.has('chat') && 'chat',
  })
  const requests = []
  sockets.on('headers', (headers) => headers.push('Set-Cookie: seen=yes'))
  sockets.on('connection', (socket, request) => {
    requests.push(request.headers)
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  const page = new JSDOM('<p>page</p>', { url: `http://${address}/page`, runScripts: 'outside-only' })
  const { window } = page

  const socket = new window.WebSocket(`ws://${address}/`, ['chat'])
  assert.equal(socket.readyState, window.WebSocket.CONNECTING)
  await told(socket, 'open')
  assert.deepEqual([socket.protocol, socket.extensions], ['chat', ''])
  assert.equal(requests[0].origin, `http://${address}`)
  assert.match(requests[0]['user-agent'], /jsdom/)
  assert.equal(window.document.cookie, 'seen=yes')

  socket.send('grüß dich 👋')
  assert.equal(socket.bufferedAmount, 16)
  assert.equal((await told(socket, 'message')).data, 'grüß dich 👋')
  socket.binaryType = 'arraybuffer'
  socket.send(new Uint8Array([1, 2, 3]))
  const { data } = await told(socket, 'message')
  assert.deepEqual([...new Uint8Array(data)], [1, 2, 3])
  assert.equal(socket.bufferedAmount, 0)
  socket.binaryType = 'blob'
  socket.send(new window.Blob(['a blob']))
  assert.equal((await told(socket, 'message')).data.size, 6)
  socket.close(3000, 'enough')
  const { code, reason, wasClean } = await told(socket, 'close')
  assert.deepEqual({ code, reason, wasClean }, { code: 3000, reason: 'enough', wasClean: true })

  const open = new window.WebSocket(`ws://${address}/`)
  await told(open, 'open')
  assert.equal(requests[1].cookie, 'seen=yes')
  const [connection] = sockets.clients
  const left = once(connection, 'close')
  window.close() // a page that goes away takes its sockets along
  assert.equal((await left)[0], 1001)

  const other = new JSDOM('', { url: `http://${address}/` }).window
  await closed(sockets)
  await closed(server)
  const nobody = new other.WebSocket(`ws://${address}/`)
  const [, end] = await Promise.all([told(nobody, 'error'), told(nobody, 'close')])
  assert.deepEqual([end.code, end.wasClean], [1006, false])
  other.close()
}

function told(target, event) {
  return new Promise((resolve) => target.addEventListener(event, resolve, { once: true }))
}
