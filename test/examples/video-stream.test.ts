import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serve } from 'polyplex/server'
import { WsClient } from '../cli/ws-client.ts'
import { closing, load } from './example.ts'

const example = (await load('video-stream')) as typeof import('../../examples/video-stream/server.mjs')

test('video-stream: a viewer gets 25 frames in about a second, none missing', async (t) => {
  const server = closing(t, await example.start())
  const viewer = await WsClient.open(t, server.url)
  const first = (await nextFrame(viewer)).number
  const begun = performance.now()
  for (let number = first + 1; number <= first + 25; number++) {
    assert.equal((await nextFrame(viewer)).number, number)
  }
  const ms = performance.now() - begun
  assert.ok(ms > 500, `25 frames took ${ms} ms`)
})

test('video-stream: a viewer who does not read skips frames, the other one gets all of them', async (t) => {
  const server = closing(t, await serve({ port: 0, ...example.viewing }))
  const fast = await WsClient.open(t, `${server.url}fast`)
  const slow = await WsClient.open(t, `${server.url}slow`)
  const [fastSocket, slowSocket] = ['/fast', '/slow'].map((path) =>
    [...server.sockets].find(({ request }) => request.path === path),
  )
  assert.ok(fastSocket && slowSocket)
  slow.socket.pause()
  let number = 0
  while (slowSocket.data.skipped < 10) {
    example.show(server.sockets, example.frame(number, 1_000_000))
    assert.equal((await nextFrame(fast)).number, number)
    await fastSocket.drained()
    number += 1
  }
  assert.deepEqual(fastSocket.data, { sent: number, skipped: 0 })

  slow.socket.resume()
  await slowSocket.drained()
  const seen = slowSocket.data.sent
  for (let index = 0; index < seen; index++) assert.equal((await nextFrame(slow)).number, index)
  example.show(server.sockets, example.frame(number))
  assert.equal((await nextFrame(slow)).number, number, 'after catching up it sees the newest frame')
})

async function nextFrame(viewer: WsClient): Promise<{ number: number }> {
  const frame = await viewer.next()
  assert.ok(typeof frame !== 'string')
  return { number: frame.readUInt32BE(0) }
}
