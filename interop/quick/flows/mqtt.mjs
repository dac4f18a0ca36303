// The client of mqtt and the broker of aedes, which reads and writes through createWebSocketStream.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Aedes } from 'aedes'
import mqtt from 'mqtt'
import { createWebSocketStream, WebSocketServer } from 'ws'
import { closed, httpServer, Inbox } from '../../support/sockets.mjs'

export async function flow() {
  const broker = await Aedes.createBroker({
    authenticate: (_client, _name, password, done) => done(null, String(password) !== 'wrong'),
  })
  const { server, address } = await httpServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, request) => {
    assert.equal(socket.protocol, 'mqtt')
    broker.handle(createWebSocketStream(socket), request)
  })
  const url = `ws://${address}`
  const reader = mqtt.connect(url, { clientId: 'reader', reconnectPeriod: 1 })
  const will = { topic: 'room/gone', payload: 'writer is gone', qos: 1, retain: false }
  const writer = mqtt.connect(url, { clientId: 'writer', reconnectPeriod: 1, will })
  await Promise.all([once(reader, 'connect'), once(writer, 'connect')])

  const inbox = new Inbox(reader, 'message', (topic, payload) => [topic, payload])
  await reader.subscribeAsync('room/#', { qos: 2 })
  for (const qos of [0, 1, 2]) {
    await writer.publishAsync('room/text', `quality ${qos}`, { qos })
    assert.deepEqual(await inbox.next(), ['room/text', Buffer.from(`quality ${qos}`)])
  }
  const large = Buffer.alloc(1_000_000, 'polyplex ')
  await writer.publishAsync('room/large', large, { qos: 1 })
  assert.deepEqual(await inbox.next(), ['room/large', large])

  const [lost, again] = [once(writer, 'close'), once(writer, 'connect')]
  broker.clients['writer'].conn.destroy()
  await lost
  assert.deepEqual(await inbox.next(), ['room/gone', Buffer.from('writer is gone')])
  await again
  await writer.publishAsync('room/text', 'back again', { qos: 1 })
  assert.deepEqual(await inbox.next(), ['room/text', Buffer.from('back again')])

  const stranger = mqtt.connect(url, { username: 'eve', password: 'wrong', reconnectPeriod: 0 })
  const [refusal] = await once(stranger, 'error')
  assert.equal(refusal.code, 5)
  await stranger.endAsync()

  await Promise.all([reader.endAsync(), writer.endAsync()])
  await new Promise((resolve) => broker.close(resolve))
  await closed(sockets)
  await closed(server)
}
