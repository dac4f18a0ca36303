// connect in a program, with the types of a server's channels, and without.
import { CallError, type Connection, type ConnectionState, connect } from 'polyplex'
import type { Channel, StandardSchema } from 'polyplex/server'
import type { app } from './channels.ts'

type Message = StandardSchema<{ text: string }>
type Receipt = StandardSchema<{ offset: number }>
type Room = Channel<'room:{id}', { message: { input: Message; output: Receipt }; typing: object }>

export async function typed(): Promise<number> {
  await using connection = connect<Room>('wss://example.com/live', {
    auth: async ({ refused }) => (refused ? 'new' : 'old'),
  })
  const lobby = connection.channel('room:lobby', { as: 'reader' })
  lobby.on('message', ({ text }) => {
    console.log(text.trim())
  })
  lobby.presence.subscribe(({ joins }) => console.log([...joins.keys()]))
  lobby.when('reset', ({ reason }) => console.log(reason.trim()))
  await lobby.join()
  // @ts-expect-error a message has a text
  lobby.send('message', { words: 'hello' })
  // @ts-expect-error there is no such event
  lobby.send('missing')
  const { offset } = await lobby.call('message', { text: 'hello' }, { signal: AbortSignal.timeout(1_000) })
  for await (const receipt of lobby.stream('message', { text: 'hello' })) console.log(receipt.offset)
  const { messages } = await lobby.history({ limit: 10 })
  for (const message of messages) if (message.event === 'message') console.log(message.body.text)
  return offset
}

export function untyped(): Connection {
  const connection = connect('wss://example.com/live')
  connection.state.subscribe((state: ConnectionState) => {
    if (state.status === 'waiting') console.log(state.until, state.reason.why)
  })
  const anything = connection.channel('anything')
  anything.on('whatever', (body) => console.log(body))
  anything.call('whatever', 7).catch((error: unknown) => {
    if (error instanceof CallError && error.code === 'ERR_QUEUE_FULL') console.log(error.message)
  })
  return connection
}

// @ts-expect-error that tells nothing of channels
connect<string>('wss://example.com/live')

export function ofAnApplication(): void {
  const connection = connect<typeof app>('wss://example.com/live')
  connection.channel('room:1:a').on('note', ({ offset }) => console.log(offset.toFixed()))
  // @ts-expect-error no channel has that name
  connection.channel('room:1')
}
