import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { serve } from '../../src/server/index.ts'
import { WsClient } from '../cli/ws-client.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test('bytes that wait for a slow reader stay as they are, whatever the garbage collector does meanwhile', async (t) => {
  const server = await serve({ port: 0, backpressure: { highWaterMarkBytes: Number.POSITIVE_INFINITY } })
  t.after(() => server.close())
  const client = await WsClient.open(t, server.url)
  const [socket] = server.sockets
  assert.ok(socket)
  client.socket.pause()
  let sent = 0
  while (socket.bufferedAmount === 0) {
    socket.send(new Uint8Array(1_000_000).fill(++sent))
    await new Promise((resolve) => setImmediate(resolve))
  }
  // Memory that was given free by mistake would now be taken by others, or by nobody.
  const other = await WsClient.open(t, server.url)
  const otherSocket = [...server.sockets].find((one) => one !== socket)
  for (let round = 0; round < 8; round++) {
    otherSocket?.send(new Uint8Array(1_000_000).fill(0xff))
    await other.next()
    collectGarbage()
  }
  client.socket.resume()
  for (let number = 1; number <= sent; number++) {
    const message = await client.next()
    assert.ok(Buffer.alloc(1_000_000, number).equals(message as Buffer), `message ${number} is not as it was`)
  }
  await client.close()
})
