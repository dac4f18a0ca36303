import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from '../../src/index.ts'
import { frame, PING, PONG } from '../wire/frames.ts'
import { ByteServer, type Peer } from './byte-server.ts'
import { failureOf, next } from './story.ts'

const pong = (payload: Uint8Array): Buffer => frame(PONG, payload, { mask: false })

async function open(server: ByteServer): Promise<{ socket: WebSocket; peer: Peer }> {
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  return { socket, peer }
}

async function finish({ socket, peer }: { socket: WebSocket; peer: Peer }): Promise<void> {
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
}

test('ping resolves with the round-trip time when its pong comes', async () => {
  await using server = await ByteServer.listen()
  const opened = await open(server)
  const before = performance.now()
  const ping = opened.socket.ping()
  const { opcode, payload } = await opened.peer.frame()
  assert.equal(opcode, PING)
  opened.peer.send(pong(payload))
  const ms = await ping
  assert.ok(ms > 0 && ms <= performance.now() - before)
  await finish(opened)
})

for (const [data, expected] of [
  ['hällo', 'hällo'],
  ['', ''],
  [Uint8Array.of(1, 2, 3), '\u0001\u0002\u0003'],
  [new ArrayBuffer(125), '\u0000'.repeat(125)],
] as const) {
  test(`ping carries the program's own ${JSON.stringify(expected.slice(0, 8))}`, async () => {
    await using server = await ByteServer.listen()
    const opened = await open(server)
    const ping = opened.socket.ping(data)
    const { payload } = await opened.peer.frame()
    assert.equal(payload.toString(), expected)
    opened.peer.send(pong(payload))
    await ping
    await finish(opened)
  })
}

test('§5.5.3 a pong may answer only the newest ping: it answers those before too', async () => {
  await using server = await ByteServer.listen()
  const opened = await open(server)
  const pings = [opened.socket.ping(), opened.socket.ping(), opened.socket.ping()]
  const payloads: Buffer[] = []
  for (const _ of pings) payloads.push((await opened.peer.frame()).payload)
  assert.equal(new Set(payloads.map((payload) => payload.toString('hex'))).size, 3)
  opened.peer.send(pong(payloads[1] as Buffer))
  await Promise.all([pings[0], pings[1]])
  opened.peer.send(pong(payloads[2] as Buffer))
  await pings[2]
  await finish(opened)
})

test('§5.5.3 a pong nobody asked for is no answer', async () => {
  await using server = await ByteServer.listen()
  const opened = await open(server)
  let answered = false
  const ping = opened.socket.ping('mine').then(() => {
    answered = true
  })
  const { payload } = await opened.peer.frame()
  const message = next(opened.socket, 'message')
  opened.peer.send(pong(Buffer.from('other')), frame(1, 'after', { mask: false }))
  await message
  assert.equal(answered, false)
  opened.peer.send(pong(payload))
  await ping
  await finish(opened)
})

test('a ping of the server is answered with its payload (RFC 6455 §5.5.2)', async () => {
  await using server = await ByteServer.listen()
  const opened = await open(server)
  opened.peer.send(frame(PING, 'are you there?', { mask: false }))
  const { opcode, payload, masked } = await opened.peer.frame()
  assert.deepEqual([opcode, masked, payload.toString()], [PONG, true, 'are you there?'])
  await finish(opened)
})

test('ping rejects while connecting, when closing and when closed', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  await assert.rejects(socket.ping(), { name: 'InvalidStateError' })
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  const closed = next(socket, 'close')
  const pending = socket.ping()
  await peer.frame()
  socket.close()
  await assert.rejects(socket.ping(), { code: 'ERR_CLOSED', name: 'ClosedError', side: 'local' })
  await Promise.all([peer.finish(), closed])
  await assert.rejects(pending, { code: 'ERR_CLOSED' })
  await assert.rejects(socket.ping(), { code: 'ERR_CLOSED' })
})

test('ping rejects on a socket that never opened', async () => {
  const socket = new WebSocket('ws://localhost/', { dial: () => Promise.reject(new Error('no')) })
  await failureOf(socket)
  await assert.rejects(socket.ping(), { code: 'ERR_CLOSED' })
})

test('ping takes at most 125 bytes, and nothing but strings and bytes', async () => {
  await using server = await ByteServer.listen()
  const opened = await open(server)
  await assert.rejects(opened.socket.ping('å'.repeat(63)), { code: 'ERR_CONTROL_TOO_LONG', side: 'local' })
  await assert.rejects(opened.socket.ping(5 as unknown as string), TypeError)
  await assert.rejects(opened.socket.ping(new Uint8Array(new SharedArrayBuffer(1))), TypeError)
  await finish(opened)
})

test('a ping nobody waits for does not end the process when the connection is lost', async () => {
  await using server = await ByteServer.listen()
  const { socket, peer } = await open(server)
  socket.ping()
  await peer.frame()
  const failure = failureOf(socket)
  peer.reset()
  await failure
})
