import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { type Server, serve } from '../../src/server/index.ts'
import { close, text } from '../wire/frames.ts'
import { Inbox } from '../wire/inbox.ts'
import { testEach } from '../wire/listeners.ts'
import { handshake, RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

/** Whether `promise` is settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  return (
    (await Promise.race([
      promise.then(() => true),
      new Promise((resolve) => setImmediate(resolve, false)),
    ])) === true
  )
}

testEach('close closes every socket with 1001, waits for all, and resolves closed', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  const peers = await Promise.all(Array.from({ length: 20 }, () => RawPeer.open(server)))
  const closed = server.close()
  for (const socket of server.sockets) assert.equal(socket.readyState, 2)
  assert.equal(await settled(server.closed), false)
  for (const [index, peer] of peers.entries()) {
    assert.equal(await settled(closed), false, `${index}`)
    assert.deepEqual(await peer.finish(), { code: 1001, reason: '' })
    assert.deepEqual((await recorder.until('close')).sent, { code: 1001, reason: '' })
  }
  await closed
  await server.closed
  assert.equal(server.sockets.size, 0)
})

test('close takes another code and a reason', async () => {
  await using server = await served({ message: () => {} })
  const peer = await RawPeer.open(server)
  const closed = server.close({ code: 1012, reason: 'new version' })
  assert.deepEqual(await peer.finish(), { code: 1012, reason: 'new version' })
  await closed
})

test('close with wrong arguments is refused, and the server goes on', async () => {
  await using server = await served({ message: (socket, data) => void socket.send(data) })
  const peer = await RawPeer.open(server)
  for (const [options, code] of [
    [{ code: 1005 }, 'ERR_CLOSE_CODE'],
    [{ code: 1006, reason: 'x' }, 'ERR_CLOSE_CODE'],
    [{ code: '1000' }, 'ERR_CLOSE_CODE'],
    [{ reason: 'x'.repeat(124) }, 'ERR_CLOSE_PAYLOAD'],
    [{ reason: 5 }, 'ERR_OPTION_INVALID'],
    [{ cod: 1000 }, 'ERR_OPTION_UNKNOWN'],
  ] as const) {
    await assert.rejects(server.close(options as object), { code })
  }
  peer.send(text('still'))
  assert.equal(await peer.text(), 'still')
  const other = await RawPeer.open(server)
  other.stream.destroy()
  const closed = server.close()
  assert.equal((await peer.finish()).code, 1001)
  await closed
})

testEach('what was sent before close arrives before the close frame', async (options) => {
  const recorder = new Recorder()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    backpressure: { highWaterMarkBytes: 100_000_000 },
  })
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  for (let index = 0; index < 20; index++) socket.send('x'.repeat(500_000))
  const closed = server.close()
  assert.equal((await peer.skipToClose()).code, 1001)
  assert.ok(peer.bytesRead > 10_000_000)
  await closed
})

testEach('while it closes nobody new is let in', async (options) => {
  await using server = await served({ ...options, message: () => {} })
  const connected = await RawPeer.connect(server)
  connected.send('GET / HT')
  const peer = await RawPeer.open(server)
  const closed = server.close()
  // The port is closed; who was connected already gets 503.
  await assert.rejects(RawPeer.connect(server), { code: 'ECONNREFUSED' })
  connected.send(handshake().slice('GET / HT'.length))
  assert.equal((await connected.answer()).status, 503)
  await peer.finish()
  await closed
})

testEach('a handshake that admit is thinking about is answered with 503', async (options) => {
  const recorder = new Recorder()
  const asked = new Inbox<() => void>()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    admit: () => new Promise<undefined>((resolve) => asked.push(() => resolve(undefined))),
  })
  const peer = await RawPeer.connect(server)
  peer.send(handshake())
  const admit = await asked.next()
  const closed = server.close()
  assert.equal((await peer.answer()).status, 503)
  admit()
  await closed
  const [kind, error] = (await recorder.next()) as ['error', Error & { code?: string }]
  assert.deepEqual([kind, error.code], ['error', 'ERR_CLOSED'])
  assert.equal(recorder.inbox.length, 0)
})

testEach(
  'a peer that never answers is cut after limits.closeTimeoutMs, and the server closes',
  async (options) => {
    const recorder = new Recorder()
    await using server = await served({ ...options, ...recorder.handlers, limits: { closeTimeoutMs: 1 } })
    const peer = await RawPeer.open(server)
    await server.close()
    assert.equal((await recorder.until('error')).code, 'ERR_CLOSE_TIMEOUT')
    assert.equal((await recorder.until('close')).wasClean, false)
    assert.equal((await peer.closeFrame()).code, 1001)
  },
)

testEach(
  'strangers do not hold it up: connections without a request, and handshakes refused',
  async (options) => {
    const server = await served({ ...options, message: () => {} })
    const silent = await RawPeer.connect(server)
    const half = await RawPeer.connect(server)
    half.send('GET / HTTP/1.1\r\n')
    const refused = await RawPeer.connect(server)
    refused.send(handshake('/', { 'Sec-WebSocket-Version': '1' }))
    assert.equal((await refused.answer()).status, 426)
    await server.close()
    await Promise.all([silent, half].map((peer) => Promise.race([peer.ended, peer.gone])))
    RawPeer.destroyAll()
  },
)

test('a TLS handshake that never comes does not hold it up', async () => {
  const { certificate } = await import('../wire/certificate.ts')
  const server = await serve({ hostname: '127.0.0.1', tls: certificate })
  const raw = connect(server.port, '127.0.0.1')
  await new Promise((resolve) => raw.once('connect', resolve))
  // The server has accepted it for certain when a later one is open.
  const peer = await RawPeer.open(server)
  const gone = new Promise((resolve) => raw.once('close', resolve))
  const closed = server.close()
  await peer.finish()
  await closed
  await gone
})

test('close may be called again: the first call counts, and all wait for the end', async () => {
  await using server = await served({ message: () => {} })
  const peer = await RawPeer.open(server)
  const calls = [server.close({ code: 4000 }), server.close({ code: 4001 }), server.close()]
  assert.deepEqual(await peer.finish(), { code: 4000, reason: '' })
  await Promise.all([...calls, server.closed])
  await server.close()
})

test('close without anybody there resolves', async () => {
  const server = await serve({ hostname: '127.0.0.1' })
  await server.close()
  await server.closed
})

test('await using closes the server', async () => {
  let outside: Server | undefined
  let peer: RawPeer | undefined
  let finished: Promise<unknown> | undefined
  {
    await using server = await serve({ hostname: '127.0.0.1' })
    outside = server
    peer = await RawPeer.open(server)
    finished = peer.finish()
  }
  assert.deepEqual(await finished, { code: 1001, reason: '' })
  await outside.closed
  await assert.rejects(RawPeer.connect(outside), { code: 'ECONNREFUSED' })
})

test('a handler may wait for the server to close', async () => {
  const done = new Inbox<void>()
  const holder: { server?: Server } = {}
  await using server = await served({
    async message() {
      await holder.server?.close()
      done.push()
    },
  })
  holder.server = server
  const peer = await RawPeer.open(server)
  peer.send(text('close!'))
  assert.deepEqual(await peer.finish(), { code: 1001, reason: '' })
  await done.next()
})

test('thousands of sockets are closed in batches, and the loop goes on in between', async () => {
  await using server = await served({ message: () => {} })
  const count = 2_500
  const peers: RawPeer[] = []
  while (peers.length < count) {
    peers.push(...(await Promise.all(Array.from({ length: 100 }, () => RawPeer.open(server)))))
  }
  const finished = Promise.all(peers.map((peer) => peer.finish()))
  const closed = server.close()
  const states = [...server.sockets].map(({ readyState }) => readyState)
  assert.deepEqual(
    [states.filter((state) => state === 2).length, states.filter((state) => state === 1).length],
    [1_000, 1_500],
  )
  for (const { code } of await finished) assert.equal(code, 1001)
  await closed
})

test('messages that arrive while it closes are still handled', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  const closed = server.close()
  peer.send(text('under way'), close(1001))
  assert.equal(await recorder.until('message'), 'under way')
  peer.stream.end()
  await closed
})

test('publishing to a closed server reaches nobody and does no harm', async () => {
  const recorder = new Recorder()
  const server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  socket.subscribe('room')
  const closed = server.close()
  server.publish('room', 'too late')
  assert.deepEqual(await peer.finish(), { code: 1001, reason: '' })
  await closed
  assert.equal(server.publish('room', 'x'), 0)
  assert.equal(socket.publish('room', 'x'), 0)
})
