// Both ends are the package's: its server takes our server class, its client our client, and a broadcast to many
// goes out as frames that were encoded once (`Sender.frame`, `ws._sender.sendFrame`).
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Server } from 'socket.io'
import { io } from 'socket.io-client'
import { httpServer, Inbox } from '../../support/sockets.mjs'

export async function flow() {
  await talk({})
  await talk({ perMessageDeflate: { threshold: 512 } }) // no frames in advance then
}

async function talk(serverOptions) {
  const { server, address } = await httpServer()
  const sockets = new Server(server, serverOptions)
  sockets.use((socket, next) => next(socket.handshake.auth.token === 'no' ? new Error('not you') : undefined))
  sockets.on('connection', (socket) => {
    socket.join('room')
    socket.on('double', (number, answer) => answer(number * 2))
    socket.on('bytes', (bytes, answer) => answer(Buffer.from(bytes).reverse()))
    socket.on('say', (text) => sockets.to('room').emit('said', text))
    socket.on('drop me', () => socket.conn.close())
  })
  const options = { forceNew: true, reconnectionDelay: 1, randomizationFactor: 0 }
  const join = (transports) => io(`http://${address}`, { ...options, transports })

  const first = join(['websocket'])
  const second = join(['polling', 'websocket']) // begins with requests and moves over
  await Promise.all([once(first, 'connect'), once(second, 'connect')])
  if (second.io.engine.transport.name !== 'websocket') await once(second.io.engine, 'upgrade')
  assert.equal(first.io.engine.transport.name, 'websocket')

  assert.equal(await first.emitWithAck('double', 21), 42)
  assert.deepEqual(await second.emitWithAck('bytes', Buffer.from([1, 2, 3])), Buffer.from([3, 2, 1]))
  const heard = [new Inbox(first, 'said'), new Inbox(second, 'said')]
  for (const text of ['hello', 'long '.repeat(1000), 'grüß dich 👋']) {
    first.emit('say', text)
    for (const inbox of heard) assert.equal(await inbox.next(), text)
  }

  const idBefore = first.id
  const again = once(first, 'connect')
  first.emit('drop me')
  await again
  assert.notEqual(first.id, idBefore)
  assert.equal(await first.emitWithAck('double', 4), 8)

  const stranger = io(`http://${address}`, { ...options, transports: ['websocket'], auth: { token: 'no' } })
  const [refusal] = await once(stranger, 'connect_error')
  assert.equal(refusal.message, 'not you')
  stranger.close()

  const goodbye = once(second, 'disconnect')
  sockets.in(second.id).disconnectSockets(true)
  assert.deepEqual((await goodbye)[0], 'io server disconnect')
  first.close()
  await sockets.close()
}
