import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../../src/channels/channel.ts'
import { realtime } from '../../../src/channels/realtime.ts'
import { connect } from '../../../src/client/realtime/connect.ts'
import { messagePack } from '../../../src/codec/message-pack.ts'
import { native } from '../../../src/dialects/native/index.ts'
import { serve } from '../../../src/server/serve.ts'

const kinds: string[] = []
const room = channel('room', {
  events: { say: {}, said: {}, numbers: {} },
  history: { limit: 100, ttlMs: 60_000 },
  on: {
    say: async (ctx, body) => {
      kinds.push((body as { bytes: unknown }).bytes instanceof Uint8Array ? 'bytes' : 'something else')
      await ctx.publish('said', body)
      return body
    },
    async *numbers(ctx) {
      for await (const item of ctx.items ?? []) yield item
    },
  },
})

const body = { bytes: Uint8Array.of(0, 255, 7), text: 'é', list: [1, null, { deep: true }] }

for (const [ends, ofServer, ofClient] of [
  ['both ends', messagePack(), messagePack()],
  ['the client alone', undefined, messagePack()],
  ['the server alone', messagePack(), undefined],
] as const) {
  for (const transport of ['websocket', 'stream', 'events', 'poll'] as const) {
    test(`bytes go up and down, over ${transport}, where ${ends} has MessagePack`, async () => {
      const dialects = [native(ofServer === undefined ? {} : { codec: ofServer })]
      await using server = await serve({ app: realtime({ channels: [room] }), dialects })
      await using connection = connect(server.url, { transports: [transport], codec: ofClient })
      const here = connection.channel('room')
      const heard: unknown[] = []
      here.on('said', (said) => heard.push(said))
      await here.join()
      assert.deepEqual(await here.call('say', body), body)
      assert.deepEqual(heard, [body])
      assert.equal(kinds.at(-1), 'bytes')
      const { messages } = await here.history()
      assert.deepEqual(messages[0]?.body, body)
      const items = (async function* () {
        for (let number = 0; number < 40; number++) yield { number, bytes: new Uint8Array(number) }
      })()
      let count = 0
      for await (const item of here.stream('numbers', undefined, { items })) {
        assert.deepEqual(item, { number: count, bytes: new Uint8Array(count) })
        count += 1
      }
      assert.equal(count, 40)
    })
  }
}

test('a session in MessagePack goes on over another transport', async () => {
  const codec = messagePack()
  await using server = await serve({ app: realtime({ channels: [room] }), dialects: [native({ codec })] })
  await using connection = connect(server.url, { codec, reconnect: { firstMs: 1, maxMs: 1 } })
  const here = connection.channel('room')
  await here.join()
  for (const socket of server.sockets) socket.terminate()
  assert.deepEqual(await here.call('say', body), body)
  assert.equal(connection.state.value.status, 'open')
})
