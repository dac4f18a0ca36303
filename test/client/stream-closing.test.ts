import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocketError, WebSocketStream } from '../../src/index.ts'
import { ByteServer } from './byte-server.ts'

async function open(server: ByteServer) {
  const stream = new WebSocketStream(server.url)
  const peer = await server.accept()
  return { stream, peer, ...(await stream.opened) }
}

for (const [args, code, reason] of [
  [[], 1005, ''],
  [[undefined], 1005, ''],
  [[null], 1005, ''],
  [[{}], 1005, ''],
  [[{ reason: '' }], 1005, ''],
  [[{ closeCode: 3456, reason: 'pizza' }], 3456, 'pizza'],
  [[{ closeCode: 1000 }], 1000, ''],
  [[{ reason: 'why' }], 1000, 'why'],
  [[{ closeCode: '4000', reason: 5 }], 4000, '5'],
  [[{ closeCode: 3000.9 }], 3000, ''],
] as const) {
  test(`close(${JSON.stringify(args).slice(1, -1)}) sends ${code} '${reason}'`, async () => {
    await using server = await ByteServer.listen()
    const { stream, peer } = await open(server)
    Reflect.apply(stream.close, stream, args)
    assert.deepEqual(await peer.finish(), { code, reason })
    assert.deepEqual(await stream.closed, { closeCode: code, reason })
  })
}

test('close throws for what cannot be sent, and leaves the stream open', async () => {
  await using server = await ByteServer.listen()
  const { stream, peer, writable } = await open(server)
  for (const closeCode of [999, 1001, 2999, 5000]) {
    assert.throws(() => stream.close({ closeCode }), { name: 'InvalidAccessError' })
  }
  assert.throws(() => stream.close({ reason: '.'.repeat(124) }), { name: 'SyntaxError' })
  assert.throws(() => stream.close({ closeCode: 70_000 }), TypeError)
  assert.throws(() => stream.close(true as never), TypeError)
  await writable.getWriter().write('still open')
  assert.equal(await peer.text(), 'still open')
  stream.close()
  await Promise.all([peer.finish(), stream.closed])
})

test('the code and reason of the server count, also when both close', async () => {
  await using server = await ByteServer.listen()
  const { stream, peer } = await open(server)
  stream.close({ closeCode: 4111, reason: 'local' })
  peer.close(4222, 'ロボット')
  await peer.closeFrame()
  peer.stream.end()
  assert.deepEqual(await stream.closed, { closeCode: 4222, reason: 'ロボット' })
})

const look = new DOMException('yes', 'DataCloneError')
Object.assign(look, { closeCode: 1000, reason: 'ignored' })

for (const [method, end] of [
  ['abort', 'writable'],
  ['cancel', 'readable'],
] as const) {
  for (const [what, given, code, reason] of [
    ['nothing', undefined, 1005, ''],
    ['an object that looks right', { closeCode: 3333, reason: 'ignored' }, 1005, ''],
    ['another DOMException', look, 1005, ''],
    ['a WebSocketError', new WebSocketError('', { closeCode: 3456, reason: 'set' }), 3456, 'set'],
    ['a WebSocketError with a reason alone', new WebSocketError('', { reason: 'set' }), 1000, 'set'],
    ['a WebSocketError without code', new WebSocketError('no matter'), 1005, ''],
  ] as const) {
    test(`${method} of the ${end} with ${what} closes with ${code} '${reason}'`, async () => {
      await using server = await ByteServer.listen()
      const { stream, peer, ...streams } = await open(server)
      ;(streams[end] as unknown as { [name in typeof method]: (reason: unknown) => Promise<void> })[method](
        given,
      )
      assert.deepEqual(await peer.finish(), { code, reason })
      assert.deepEqual(await stream.closed, { closeCode: code, reason })
    })
  }
}

test('an error with a code that only connections give closes without code', async () => {
  await using server = await ByteServer.listen()
  const broken = await open(server)
  broken.peer.stream.destroy()
  const error = await broken.stream.closed.then(
    () => assert.fail('clean'),
    (reason) => reason,
  )
  assert.equal(error.closeCode, 1006)
  const { stream, peer, writable } = await open(server)
  writable.abort(error)
  assert.equal((await peer.finish()).code, 1005)
  await stream.closed
})

test('canceling the readable and then closing cleanly is no error', async () => {
  await using server = await ByteServer.listen()
  const { stream, peer, readable, writable } = await open(server)
  const reading = readable.getReader()
  await reading.cancel(new Error('enough'))
  await Promise.all([peer.finish(), stream.closed])
  assert.equal((await reading.read()).done, true)
  await assert.rejects(writable.getWriter().ready, { name: 'InvalidStateError' })
})

for (const [what, act] of [
  ['a reset', (peer: { reset(): void }) => peer.reset()],
  ['an end without close frame', (peer: { stream: { end(): void } }) => peer.stream.end()],
] as const) {
  test(`${what} errors both streams and closed with one WebSocketError of 1006`, async () => {
    await using server = await ByteServer.listen()
    const { stream, peer, readable, writable } = await open(server)
    const reading = readable.getReader().read()
    act(peer as never)
    const error = await stream.closed.then(
      () => assert.fail('clean'),
      (reason) => reason,
    )
    assert.equal(error.constructor, WebSocketError)
    assert.equal(error.closeCode, 1006)
    assert.equal(error.cause.code, 'ERR_CONNECTION_LOST')
    await assert.rejects(reading, error)
    await assert.rejects(writable.getWriter().ready, error)
  })
}

test('a server that does not finish the closing handshake: unclean, 1006', async () => {
  await using server = await ByteServer.listen()
  const { stream, peer } = await open(server)
  stream.close({ closeCode: 4000, reason: 'because' })
  await peer.closeFrame()
  peer.stream.end()
  await assert.rejects(stream.closed, { name: 'WebSocketError', closeCode: 1006 })
})
