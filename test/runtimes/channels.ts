// Channels on whatever runtime this is, over each transport: calls, messages, streams, a break, and the end.
import { connect } from 'polyplex'
import { channel, native, realtime, serve } from 'polyplex/server'

const room = channel('room', {
  events: { say: {}, said: {}, count: {} },
  on: {
    say: async (ctx, body) => (await ctx.publish('said', body)).offset,
    async *count() {
      for (let number = 1; number <= 100; number++) yield number
    },
  },
})

const server = await serve({
  port: 0,
  hostname: '127.0.0.1',
  app: realtime({ channels: [room] }),
  dialects: [native()],
})

for (const transport of ['websocket', 'stream', 'events', 'poll'] as const) {
  await using connection = connect(server.url, { transports: [transport] })
  const here = connection.channel('room')
  const heard: unknown[] = []
  here.on('said', (body) => heard.push(body))
  await here.join()
  for (const word of ['one', 'two', 'three']) await here.call('say', `${transport} ${word}`)
  let items = 0
  for await (const _ of here.stream('count')) items += 1
  const { value } = connection.state
  check(`${transport} is what it goes over`, value.status === 'open' && value.transport === transport)
  check(
    `${transport} brings messages in order`,
    heard.join() === `${transport} one,${transport} two,${transport} three`,
  )
  check(`${transport} brings streams`, items === 100)
}

await server.close()
check('the server closes', true)

function check(sentence: string, holds: boolean): void {
  console.log(`${holds ? 'ok' : 'not ok'} ${sentence}`)
}
