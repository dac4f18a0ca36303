import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocketError, WebSocketStream } from '../../src/index.ts'
import { ByteServer } from './byte-server.ts'

async function rejection(promise: Promise<unknown>): Promise<WebSocketError> {
  return promise.then(
    () => assert.fail('it did not reject'),
    (reason) => reason,
  )
}

test('opened gives two streams, the subprotocol and the extensions', async () => {
  await using server = await ByteServer.listen()
  const stream = new WebSocketStream(server.url, { protocols: ['alpha', 'beta'] })
  assert.equal(stream.url, server.url)
  assert.equal(stream.opened, stream.opened)
  const peer = await server.accept({ headers: { 'Sec-WebSocket-Protocol': 'beta' } })
  const { readable, writable, protocol, extensions } = await stream.opened
  assert.ok(readable instanceof ReadableStream)
  assert.ok(writable instanceof WritableStream)
  assert.equal(protocol, 'beta')
  assert.equal(extensions, '')
  stream.close()
  await Promise.all([peer.finish(), stream.closed])
})

for (const protocols of ['hi', 5, true, {}]) {
  test(`protocols ${JSON.stringify(protocols)} is a TypeError: a sequence is wanted`, () => {
    assert.throws(() => new WebSocketStream('ws://localhost/', { protocols: protocols as never }), TypeError)
  })
}

for (const options of [true, 5, 'options']) {
  test(`options ${JSON.stringify(options)} are a TypeError: a dictionary is wanted`, () => {
    assert.throws(() => new WebSocketStream('ws://localhost/', options as never), TypeError)
  })
}

test('a handshake that fails rejects both promises with the same WebSocketError', async () => {
  const dial = (): Promise<never> => Promise.reject(new Error('no way'))
  const stream = new WebSocketStream('ws://localhost/', { dial })
  const error = await rejection(stream.opened)
  assert.equal(error.constructor, WebSocketError)
  assert.equal(error.closeCode, 1006)
  assert.equal(error.reason, '')
  assert.equal((error.cause as { code?: string }).code, 'ERR_NETWORK')
  assert.equal(await rejection(stream.closed), error)
})

test('close during the handshake rejects both promises with a WebSocketError', async () => {
  await using server = await ByteServer.listen()
  const stream = new WebSocketStream(server.url)
  const peer = await server.request()
  stream.close({ closeCode: 4000 })
  stream.close()
  for (const promise of [stream.opened, stream.closed]) {
    const error = await rejection(promise)
    assert.equal(error.name, 'WebSocketError')
    assert.equal((error.cause as { code?: string }).code, 'ERR_CLOSED')
  }
  await peer.over
})

test('nobody has to listen to the promises of a stream that fails', async () => {
  new WebSocketStream('ws://localhost/', { dial: () => Promise.reject(new Error('no')) })
  new WebSocketStream('ws://localhost/', { signal: AbortSignal.abort() })
  // An unhandled rejection would have failed this test by the time a macrotask has run.
  await new Promise((resolve) => setImmediate(resolve))
})
