import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import type {
  ICloseEvent,
  IMessageEvent,
  request,
  w3cwebsocket,
} from '../../../src/compat/websocket/index.ts'
import { host, type Library, original, ours, pairs } from './pairs.ts'

/** Its events, in order. */
function record(socket: w3cwebsocket): { events: unknown[]; closed: Promise<void> } {
  const events: unknown[] = []
  const closed = new Promise<void>((resolve) => {
    socket.onopen = () => events.push('open')
    socket.onerror = () => events.push('error')
    socket.onmessage = ({ data }: IMessageEvent) =>
      events.push(typeof data === 'string' ? data : [...new Uint8Array(data)])
    socket.onclose = ({ code, reason, wasClean }: ICloseEvent) => {
      events.push([code, reason, wasClean])
      resolve()
    }
  })
  return { events, closed }
}

function open(library: Library, url: string, protocols?: string[]): w3cwebsocket {
  return new library.w3cwebsocket(url, protocols)
}

for (const pair of pairs) {
  describe(pair.name, () => {
    test('open, message and close come as events, and readyState follows', async () => {
      const { server, url } = await host(pair.server)
      server.on('request', (asked: request) => {
        const connection = asked.accept('echo', asked.origin)
        connection.on('message', (message) => {
          if (message.type === 'binary') connection.sendBytes(message.binaryData)
          else if (message.utf8Data === 'close') connection.close(4001, 'as you wish')
          else connection.sendUTF(message.utf8Data)
        })
      })
      const socket = open(pair.client, url, ['echo'])
      assert.equal(socket.readyState, socket.CONNECTING)
      assert.throws(() => socket.send('early'), /while not connected/)
      const { events, closed } = record(socket)
      socket.addEventListener('open', () => {
        socket.send('text')
        socket.send(Uint8Array.of(1, 2).subarray(1))
        socket.send(Uint8Array.of(3).buffer)
        socket.send('close')
      })
      await closed
      assert.deepEqual(events, ['open', 'text', [2], [3], [4001, 'as you wish', false]])
      assert.equal(socket.readyState, pair.client.w3cwebsocket.CLOSED)
      assert.equal(socket.protocol, 'echo')
      assert.equal(socket.url, url)
      assert.throws(() => socket.send('late'), /while not connected/)
      socket.close()
    })

    test('close sends code and reason', async () => {
      const { server, url } = await host(pair.server)
      server.on('request', (asked: request) => asked.accept(null, asked.origin))
      const connected = once(server, 'connect')
      const socket = open(pair.client, url)
      const { closed } = record(socket)
      const [connection] = await connected
      const left = once(connection, 'close')
      socket.addEventListener('open', () => {
        socket.close(4000, 'bye')
        assert.equal(socket.readyState, socket.CLOSING)
      })
      assert.deepEqual(await left, [4000, 'bye'])
      await closed
    })

    test('what does not open is an error and a close with 1006', async () => {
      const { url } = await host(pair.server)
      const { events, closed } = record(open(pair.client, url))
      await closed
      assert.deepEqual(events, ['error', [1006, 'connection failed', false]])
    })
  })
}

test('only array buffers can be had as binary type', () => {
  for (const library of [ours, original]) {
    const socket = open(library, 'ws://127.0.0.1:1/')
    assert.equal(socket.binaryType, 'arraybuffer')
    assert.throws(() => {
      ;(socket as { binaryType: string }).binaryType = 'blob'
    }, SyntaxError)
  }
})

test('an empty text is a message too', async () => {
  const { server, url } = await host(ours, { autoAcceptConnections: true })
  const socket = open(ours, url)
  const { events, closed } = record(socket)
  const [connection] = await once(server, 'connect')
  connection.sendUTF('')
  connection.close()
  await closed
  assert.deepEqual(events, ['open', '', [1000, 'Normal connection closure', true]])
})

test('closed while it connects, it fails, and never opens', async () => {
  const { server, url } = await host(ours)
  const socket = open(ours, url)
  const { events, closed } = record(socket)
  const asked = once(server, 'request')
  await asked
  socket.close(4000)
  await closed
  assert.deepEqual(events, ['error', [1006, 'connection failed', false]])
})
