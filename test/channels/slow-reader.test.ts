import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { channel } from '../../src/channels/channel.ts'
import type { Why } from '../../src/codec/frame.ts'
import { serveChannels } from './client.ts'

/** A text frame as a client sends it, masked with zeros. */
function frame(value: object): Uint8Array {
  const payload = new TextEncoder().encode(JSON.stringify(value))
  assert.ok(payload.length < 126)
  return Uint8Array.of(0x81, 0x80 | payload.length, 0, 0, 0, 0, ...payload)
}

/** A client that joins, and never reads again. */
async function frozenClient(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(
    `GET / HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: polyplex.1\r\n\r\n',
  )
  await once(socket, 'data')
  socket.write(frame({ type: 'connect' }))
  socket.write(frame({ type: 'join', id: 1, channel: 'room' }))
  await once(socket, 'data')
  socket.pause()
  return socket
}

test('a client that never reads ends its own session, and holds nobody up', async () => {
  const left: Why[] = []
  const room = channel('room', { events: { message: {} }, leave: (_ctx, why) => left.push(why) })
  await using server = await serveChannels([room], { limits: { maxBytes: 100_000 } })
  const others = [server.client(), server.client()]
  for (const other of others) await other.join('room')
  const frozen = await frozenClient(server.url)
  while (server.app.sessionCount < 3) await new Promise(setImmediate)
  const body = 'x'.repeat(10_000)
  const handle = server.app.channel('room')
  for (let count = 1; left.length === 0; count++) {
    assert.ok(count < 5_000, 'it was never ended')
    await handle.publish('message', body)
    for (const other of others) assert.equal((await other.hear('publish'))['offset'], count)
  }
  assert.deepEqual(left, ['overload'])
  assert.equal(server.app.sessionCount, 2)
  frozen.destroy()
  assert.deepEqual(server.errors, [])
})
