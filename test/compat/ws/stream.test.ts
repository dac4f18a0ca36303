import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import { createWebSocketStream } from 'polyplex/ws'
import { combinations, endPair, openPair } from './pairs.ts'

for (const combination of combinations) {
  test(`streams carry more than every buffer holds, both ways (${combination.name})`, async () => {
    const pair = await openPair(combination)
    const data = randomBytes(3_000_000)
    const near = combination.Client.createWebSocketStream(pair.client)
    const far = combination.Server.createWebSocketStream(pair.server)
    far.pipe(far)
    const ended = once(near, 'close')
    for (const part of parts(data, 50_000)) near.write(part)
    const back: Buffer[] = []
    let length = 0
    for await (const chunk of near) {
      back.push(chunk)
      length += chunk.length
      if (length === data.length) near.end()
    }
    await ended
    assert.ok(Buffer.concat(back).equals(data))
    await endPair(pair)
  })
}

function* parts(data: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size)
}

test('a stream may be written to before the connection is open, and has text as strings in object mode', async () => {
  const [combination] = combinations as [(typeof combinations)[0]]
  const pair = await openPair(combination, {
    connected: (server) => {
      const duplex = createWebSocketStream(server, { readableObjectMode: true })
      duplex.on('data', (chunk: unknown) => server.send(`${typeof chunk} ${chunk}`))
    },
  })
  const near = createWebSocketStream(pair.client, { encoding: 'utf8', decodeStrings: false })
  near.write('text')
  assert.deepEqual(await once(near, 'data'), ['string text'])
  const closed = once(near, 'close')
  near.destroy()
  await closed
  await endPair(pair)
})

test('an error of the connection is an error of the stream', async () => {
  const [combination] = combinations as [(typeof combinations)[0]]
  const pair = await openPair(combination, { server: { maxPayload: 10 } })
  const far = createWebSocketStream(pair.server)
  const failed = new Promise<Error & { code?: string }>((resolve) => {
    far.on('error', resolve)
  })
  const closed = new Promise((resolve) => {
    far.on('close', resolve)
  })
  pair.client.send('more than ten bytes')
  const error = await failed
  assert.equal(error.code, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
  await closed
  await endPair(pair)
})

test('destroying a stream cuts its connection', async () => {
  const [combination] = combinations as [(typeof combinations)[0]]
  const pair = await openPair(combination)
  const closed = once(pair.server, 'close')
  const near = createWebSocketStream(pair.client)
  const destroyed = once(near, 'close')
  near.destroy()
  assert.equal((await closed)[0], 1006)
  await destroyed
  await endPair(pair)
})
