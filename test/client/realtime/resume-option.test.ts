import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../../src/channels/channel.ts'
import { realtime } from '../../../src/channels/realtime.ts'
import { connect } from '../../../src/client/realtime/connect.ts'
import { native } from '../../../src/dialects/native/index.ts'
import { serve } from '../../../src/server/serve.ts'

const room = channel('room', {
  events: { say: {}, said: {} },
  history: { limit: 100, ttlMs: 60_000 },
  on: { say: (ctx, body) => ctx.publish('said', body) },
})

for (const resume of [true, false]) {
  test(`resume: ${resume}: after a break ${resume ? 'the session goes on' : 'a new one begins, and history bridges it'}`, async () => {
    await using server = await serve({ app: realtime({ channels: [room] }), dialects: [native()] })
    const options = { resume, reconnect: { firstMs: 1, maxMs: 1 } }
    await using connection = connect(server.url, options)
    const told: string[] = []
    connection.when('resumed', () => told.push('resumed'))
    connection.when('reset', ({ reason }) => told.push(`reset ${reason}`))
    const here = connection.channel('room')
    const heard: unknown[] = []
    here.on('said', (body) => heard.push(body))
    await here.join()
    await here.call('say', 1)
    const back = new Promise((resolve) => connection.when(resume ? 'resumed' : 'reset', resolve))
    for (const socket of server.sockets) socket.terminate()
    await server.channel('room').publish('said', 2)
    await back
    await here.call('say', 3)
    assert.deepEqual(heard, [1, 2, 3])
    assert.deepEqual(told, [resume ? 'resumed' : 'reset unknown'])
  })
}

test('without resuming a poll still is one connection', async () => {
  await using server = await serve({ app: realtime({ channels: [room] }), dialects: [native()] })
  await using connection = connect(server.url, { resume: false, transports: ['poll'] })
  let resets = 0
  connection.when('reset', () => {
    resets += 1
  })
  const here = connection.channel('room')
  await here.join()
  for (let number = 0; number < 5; number++) await here.call('say', number)
  assert.equal(resets, 0)
})
