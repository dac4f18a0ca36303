import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Closed } from '../../src/server/index.ts'
import { CLOSE, close, frame, PING, PONG, TEXT, text } from '../wire/frames.ts'
import { testEach } from '../wire/listeners.ts'
import { RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

const allowed = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
]
const forbidden = [
  0,
  999,
  1004,
  1005,
  1006,
  1015,
  1016,
  1999,
  2000,
  2999,
  5000,
  65_535,
  -1,
  1000.5,
  Number.NaN,
]

testEach('§7.4 close sends every code that may be sent, and both sides agree on it', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  for (const code of allowed) {
    const peer = await RawPeer.open(server)
    const socket = await recorder.opened.next()
    socket.close(code, `because ${code}`)
    assert.equal(socket.readyState, 2)
    assert.deepEqual(await peer.closeFrame(), { code, reason: `because ${code}` })
    peer.send(close(code, 'so be it'))
    await peer.ended
    peer.stream.end()
    const closed = await recorder.until('close')
    assert.deepEqual(closed, {
      code,
      reason: 'so be it',
      wasClean: true,
      sent: { code, reason: `because ${code}` },
      received: { code, reason: 'so be it' },
      first: 'local',
      error: undefined,
    } satisfies Closed)
    assert.equal(socket.readyState, 3)
  }
  assert.equal(server.sockets.size, 0)
})

testEach(
  '§7.1.5 the code of a peer that closes is told and answered in kind, with its reason',
  async (options) => {
    const recorder = new Recorder()
    await using server = await served({ ...options, ...recorder.handlers })
    for (const code of allowed) {
      const peer = await RawPeer.open(server)
      peer.send(close(code, 'grüße'))
      assert.deepEqual(await peer.finish(), { code, reason: 'grüße' })
      assert.deepEqual(await recorder.until('close'), {
        code,
        reason: 'grüße',
        wasClean: true,
        sent: { code, reason: 'grüße' },
        received: { code, reason: 'grüße' },
        first: 'remote',
        error: undefined,
      } satisfies Closed)
    }
  },
)

for (const code of forbidden) {
  test(`§7.4 close throws ERR_CLOSE_CODE for ${code} and the socket stays open`, async () => {
    const recorder = new Recorder()
    await using server = await served(recorder.handlers)
    const peer = await RawPeer.open(server)
    const socket = await recorder.opened.next()
    assert.throws(() => socket.close(code), { name: 'RealtimeError', code: 'ERR_CLOSE_CODE', side: 'local' })
    assert.equal(socket.readyState, 1)
    socket.send('still here')
    assert.equal(await peer.text(), 'still here')
  })
}

test('§5.5.1 close takes a reason of at most 123 bytes of UTF-8, and only with a code', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  const payload = { code: 'ERR_CLOSE_PAYLOAD', side: 'local' }
  assert.throws(() => socket.close(1000, 'x'.repeat(124)), payload)
  assert.throws(() => socket.close(1000, 'ü'.repeat(62)), payload)
  assert.throws(() => socket.close(undefined, 'no code'), payload)
  assert.throws(() => socket.close(1000, 5 as never), TypeError)
  assert.equal(socket.readyState, 1)
  socket.close(1000, `${'ü'.repeat(61)}x`)
  assert.deepEqual(await peer.closeFrame(), { code: 1000, reason: `${'ü'.repeat(61)}x` })
})

test('§7.1.5 close without a code sends an empty close frame, and 1005 is what both sides are told', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  socket.close()
  assert.deepEqual(await peer.finish(), { code: 1005, reason: '' })
  const { code, wasClean, sent, received } = await recorder.until('close')
  assert.deepEqual([code, wasClean, sent?.code, received?.code], [1005, true, 1005, 1005])
})

test('§5.5.1 only the first close counts, and nothing is sent behind it', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  socket.send('before')
  socket.close(4000, 'first')
  socket.close(4001, 'second')
  assert.equal(socket.send('behind'), 'dropped')
  await assert.rejects(socket.ping(), { code: 'ERR_CLOSED' })
  assert.equal(await peer.text(), 'before')
  assert.deepEqual(await peer.finish(), { code: 4000, reason: 'first' })
  assert.equal(peer.unread.length, 0)
  await recorder.until('close')
  socket.close(4002)
  socket.terminate()
  assert.equal(socket.send('late'), 'dropped')
})

test('messages that were under way when the server closed still arrive; pings are not answered any more', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  socket.close(1000)
  await peer.closeFrame()
  peer.send(text('under way'), frame(PING, 'there?'), text('too'), close(1000))
  peer.stream.end()
  await peer.gone
  assert.equal(await recorder.until('message'), 'under way')
  assert.equal(await recorder.until('message'), 'too')
  assert.equal((await recorder.until('close')).wasClean, true)
  assert.equal(peer.unread.length, 0)
})

test('§7.1.1 the server ends the TCP connection first', async () => {
  await using server = await served({ message: () => {} })
  const peer = await RawPeer.open(server)
  peer.send(close(1000))
  await peer.closeFrame()
  await peer.ended
  assert.equal(peer.stream.writable, true)
})

test('§5.5.1 nothing behind the close frame of the peer is looked at', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  peer.send(Buffer.concat([close(1000), text('behind'), frame(PING), Buffer.alloc(100, 0xff)]))
  assert.deepEqual(await peer.finish(), { code: 1000, reason: '' })
  assert.equal((await recorder.next())[0], 'open')
  const [kind, closed] = (await recorder.next()) as ['close', Closed]
  assert.deepEqual([kind, closed.code, closed.error], ['close', 1000, undefined])
})

testEach('a peer that never answers our close is cut after limits.closeTimeoutMs', async (options) => {
  for (const heartbeat of [undefined, false] as const) {
    const recorder = new Recorder()
    await using server = await served({
      ...options,
      ...recorder.handlers,
      ...(heartbeat === false && { heartbeat }),
      limits: { closeTimeoutMs: 1 },
    })
    const peer = await RawPeer.open(server)
    const socket = await recorder.opened.next()
    socket.close(1001, 'going')
    assert.deepEqual(await peer.closeFrame(), { code: 1001, reason: 'going' })
    const error = await recorder.until('error')
    assert.equal(error.code, 'ERR_CLOSE_TIMEOUT')
    const closed = await recorder.until('close')
    assert.deepEqual([closed.code, closed.wasClean, closed.first], [1006, false, 'local'])
    assert.equal(closed.error, error)
    await peer.ended
  }
})

test('a peer that answers our close but never ends the TCP connection is cut, and the close was clean', async () => {
  const recorder = new Recorder()
  await using server = await served({ ...recorder.handlers, limits: { closeTimeoutMs: 1 } })
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  socket.close(1000)
  await peer.closeFrame()
  peer.send(close(1000))
  const closed = await recorder.until('close')
  assert.deepEqual([closed.code, closed.wasClean, closed.error], [1000, true, undefined])
})

testEach('terminate cuts the connection without a close frame', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  socket.terminate()
  const closed = await recorder.until('close')
  assert.deepEqual(
    [closed.code, closed.wasClean, closed.sent, closed.received],
    [1006, false, undefined, undefined],
  )
  assert.equal(socket.readyState, 3)
  await Promise.race([peer.ended, peer.gone])
  assert.equal(peer.unread.length, 0)
  assert.equal(server.sockets.size, 0)
})

testEach('a close frame and the answer to it may cross', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  socket.close(4001, 'ours')
  peer.send(close(4002, 'theirs'))
  assert.deepEqual(await peer.closeFrame(), { code: 4001, reason: 'ours' })
  peer.stream.end()
  await peer.gone
  const closed = await recorder.until('close')
  assert.deepEqual(closed.sent, { code: 4001, reason: 'ours' })
  assert.deepEqual(closed.received, { code: 4002, reason: 'theirs' })
  assert.deepEqual([closed.first, closed.wasClean, closed.code], ['local', true, 4002])
})

testEach(
  'a connection that is lost is told as 1006 and ERR_CONNECTION_LOST, and not to error',
  async (options) => {
    for (const how of ['end', 'reset'] as const) {
      const recorder = new Recorder()
      await using server = await served({ ...options, ...recorder.handlers })
      const peer = await RawPeer.open(server)
      peer.send(text('last'))
      assert.equal(await recorder.until('message'), 'last')
      if (how === 'end') peer.stream.end()
      else peer.reset()
      const [kind, closed] = (await recorder.next()) as ['close', Closed]
      assert.equal(kind, 'close')
      assert.deepEqual(
        [closed.code, closed.reason, closed.wasClean, closed.first],
        [1006, '', false, undefined],
      )
      assert.equal(closed.error?.code, 'ERR_CONNECTION_LOST')
    }
  },
)

test('a peer that sends no more is answered with what waits, and with the end', async () => {
  const recorder = new Recorder()
  await using server = await served({
    ...recorder.handlers,
    message: (socket, data) => void socket.send(`re: ${data}`),
  })
  const peer = await RawPeer.open(server)
  peer.send(text('one'), text('two'))
  peer.stream.end()
  assert.equal(await peer.text(), 're: one')
  assert.equal(await peer.text(), 're: two')
  await peer.ended
  const { code, wasClean } = await recorder.until('close')
  assert.deepEqual([code, wasClean], [1006, false])
})

test('what is sent after the peer has ended the connection is dropped, and said so', async () => {
  const recorder = new Recorder()
  await using server = await served({
    ...recorder.handlers,
    limits: { closeTimeoutMs: 60_000 },
    backpressure: { highWaterMarkBytes: 1_000_000_000 },
  })
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  // As the peer does not read, the connection cannot end yet.
  peer.stream.pause()
  while (socket.send(new Uint8Array(1_000_000)) !== 'queued');
  peer.stream.end(text('goodbye'))
  assert.equal(await recorder.until('message'), 'goodbye')
  while (socket.readyState === 1 && socket.send('?') !== 'dropped') await new Promise(setImmediate)
  assert.equal(socket.send('?'), 'dropped')
})

test('a fault of the peer is told with its code, its section and the close code that was sent', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  peer.send(text('whole'), frame(TEXT, 'not masked', { mask: false }))
  const sent = await peer.closeFrame()
  assert.equal(sent.code, 1002)
  await peer.ended
  peer.stream.end()
  assert.equal(await recorder.until('message'), 'whole')
  const [kind, error] = (await recorder.next()) as ['error', Error & Record<string, unknown>]
  assert.equal(kind, 'error')
  assert.deepEqual(
    [error.name, error['code'], error['closeCode'], error['side'], error['section']],
    ['ProtocolError', 'ERR_MASK_MISSING', 1002, 'remote', 'RFC 6455 §5.1'],
  )
  const closed = await recorder.until('close')
  assert.deepEqual(
    [closed.code, closed.wasClean, closed.first, closed.received],
    [1006, false, 'local', undefined],
  )
  assert.deepEqual(closed.sent, sent)
  assert.equal(closed.error, error)
})

test('closing with an empty frame is answered with an empty frame', async () => {
  await using server = await served({ message: () => {} })
  const peer = await RawPeer.open(server)
  peer.send(close())
  const { opcode, payload } = await peer.frame()
  assert.deepEqual([opcode, payload.length], [CLOSE, 0])
})

test('a pong that nobody asked for is told and not answered (§5.5.3)', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  peer.send(frame(PONG, 'hello'))
  assert.equal(await recorder.until('pong'), 'hello')
  peer.send(close(1000))
  assert.deepEqual(await peer.finish(), { code: 1000, reason: '' })
})
