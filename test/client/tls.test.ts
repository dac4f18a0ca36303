import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { WebSocket } from '../../src/index.ts'
import { certificate } from '../wire/certificate.ts'
import { ByteServer } from './byte-server.ts'
import { failureOf, next, storyOf } from './story.ts'

test('wss: with a certificate the program trusts', async () => {
  await using server = await ByteServer.listen({ secure: true })
  const socket = new WebSocket(server.url, [], { tls: { ca: certificate.cert } })
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  const message = next(socket, 'message')
  peer.send(Buffer.of(0x81, 2, 0x68, 0x69))
  assert.equal((await message).data, 'hi')
  assert.equal((await message).origin, `wss://localhost:${server.port}`)
  socket.send('x'.repeat(200_000))
  assert.equal((await peer.frame()).payload.length, 200_000)
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
})

test('wss: names the host to the server (SNI), but not an address', async () => {
  await using server = await ByteServer.listen({ secure: true })
  for (const [host, expected] of [
    ['localhost', 'localhost'],
    [server.host, false],
  ] as const) {
    const socket = new WebSocket(`wss://${host}:${server.port}/`, [], { tls: { ca: certificate.cert } })
    const peer = await server.request()
    assert.equal((peer.stream as unknown as { servername: unknown }).servername, expected)
    socket.close()
    await failureOf(socket)
  }
})

test('wss: a certificate nobody trusts fails the connection, with the reason', async () => {
  await using server = await ByteServer.listen({ secure: true })
  const socket = new WebSocket(server.url)
  const { error } = await failureOf(socket)
  assert.equal(error.code, 'ERR_NETWORK')
  assert.match(error.cause.code, /SELF_SIGNED|UNABLE_TO_VERIFY/)
})

test('wss: a certificate for another name fails the connection', async () => {
  await using server = await ByteServer.listen({ secure: true })
  const socket = new WebSocket(server.url, [], { tls: { ca: certificate.cert, servername: 'example.com' } })
  assert.equal((await failureOf(socket)).error.cause.code, 'ERR_TLS_CERT_ALTNAME_INVALID')
})

test('wss: tls.rejectUnauthorized false trusts everybody', async () => {
  await using server = await ByteServer.listen({ secure: true })
  const socket = new WebSocket(server.url, [], { tls: { rejectUnauthorized: false } })
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
})

test('wss: to a server without TLS fails the connection', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url.replace('ws:', 'wss:'))
  const story = storyOf(socket)
  const peer = await server.connection()
  peer.send('HTTP/1.1 400 Bad Request\r\n\r\n')
  assert.deepEqual(await story, ['error ERR_NETWORK', 'close 1006 unclean'])
})

test('wss: a connection that ends during the TLS handshake fails', async () => {
  const server = createServer((socket) => socket.once('data', () => socket.destroy()))
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as { port: number }
  const { error } = await failureOf(new WebSocket(`wss://localhost:${port}/`))
  assert.equal(error.code, 'ERR_NETWORK')
  await new Promise((resolve) => server.close(resolve))
})

test('wss: a connection that is lost when it is open fails with 1006', async () => {
  await using server = await ByteServer.listen({ secure: true })
  const socket = new WebSocket(server.url, [], { tls: { ca: certificate.cert } })
  const story = storyOf(socket)
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  peer.stream.destroy()
  assert.deepEqual(await story, ['open', 'error ERR_CONNECTION_LOST', 'close 1006 unclean'])
})
