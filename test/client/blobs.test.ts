import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from '../../src/index.ts'
import { ByteServer } from './byte-server.ts'
import { failureOf, next } from './story.ts'

test('what is sent after a Blob is not sent before it', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  const changed = Uint8Array.from(Buffer.from('third'))
  socket.send('first')
  socket.send(new Blob(['second'.repeat(10_000)]))
  socket.send(changed)
  socket.send(new Blob(['fourth']))
  socket.send('fifth')
  changed.fill(0)
  const closed = next(socket, 'close')
  socket.close(4000, 'after all of it')
  const heard: string[] = []
  for (let index = 0; index < 5; index++) heard.push((await peer.text()).slice(0, 6))
  assert.deepEqual(heard, ['first', 'second', 'third', 'fourth', 'fifth'])
  assert.deepEqual(await peer.finish(), { code: 4000, reason: 'after all of it' })
  assert.equal((await closed).wasClean, true)
})

test('a Blob counts in bufferedAmount from the moment it is sent', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  socket.send(new Blob(['12345']))
  socket.send('678')
  assert.equal(socket.bufferedAmount, 8)
  await peer.frame()
  await peer.frame()
  assert.equal(socket.bufferedAmount, 0)
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
})

test('what is sent after close() is not sent, though the close frame still waits for a Blob', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  const closed = next(socket, 'close')
  socket.send(new Blob(['blob']))
  socket.close()
  socket.close(1000, 'only the first counts')
  socket.send('late')
  assert.equal(await peer.text(), 'blob')
  assert.deepEqual(await peer.finish(), { code: 1005, reason: '' })
  await closed
  assert.equal(socket.bufferedAmount, 4)
})

test('a Blob that cannot be read fails the connection and says so', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  class Broken extends Blob {
    override arrayBuffer(): Promise<ArrayBuffer> {
      return Promise.reject(new Error('the disk is gone'))
    }
  }
  const failure = failureOf(socket)
  socket.send('before')
  socket.send(new Broken(['x']))
  socket.send('after')
  assert.equal(await peer.text(), 'before')
  assert.equal((await peer.closeFrame()).code, 1011)
  peer.stream.end()
  const { error } = await failure
  assert.equal(error.code, 'ERR_STATE')
  assert.equal(error.side, 'local')
  assert.equal(error.cause.message, 'the disk is gone')
})

test('a connection that ends while a Blob is read does not mind', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  let read: (bytes: ArrayBuffer) => void = () => {}
  class Slow extends Blob {
    override arrayBuffer(): Promise<ArrayBuffer> {
      return new Promise((resolve) => {
        read = resolve
      })
    }
  }
  const failure = failureOf(socket)
  socket.send(new Slow(['1234']))
  peer.reset()
  assert.equal((await failure).error.code, 'ERR_CONNECTION_LOST')
  read(new ArrayBuffer(4))
  assert.equal(socket.bufferedAmount, 4)
})
