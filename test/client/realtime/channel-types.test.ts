import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../../src/channels/channel.ts'
import { realtime } from '../../../src/channels/realtime.ts'
import type { StandardSchema } from '../../../src/channels/standard-schema.ts'
import type { ChannelNames, UnknownServer } from '../../../src/client/realtime/channel-types.ts'
import type { Connection } from '../../../src/client/realtime/connection.ts'
import { ConnectionStory } from './connection-story.ts'

/** A schema that takes one type and makes another; what it checks does not matter here. */
function schema<Input, Output = Input>(): StandardSchema<Input, Output> {
  return { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as Output }) } }
}

const room = channel('room:{id}', {
  events: {
    message: { input: schema<string, { text: string }>(), output: schema<string, Date>() },
    typing: { delivery: schema<boolean>() },
    free: {},
  },
})

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const isSame = <A, B>(_yes: Same<A, B>): void => {}

test('the types of the events of a channel reach the client', () => {
  const story = new ConnectionStory()
  const connection = story.connection as unknown as Connection<typeof room>
  const lobby = connection.channel('room:lobby')
  lobby.on('message', (body) => isSame<typeof body, { text: string }>(true))
  lobby.on('typing', (body) => isSame<typeof body, boolean>(true))
  lobby.on('free', (body) => isSame<typeof body, unknown>(true))
  // @ts-expect-error there is no such event
  lobby.on('missing', () => {})
  lobby.send('message', 'hello')
  // @ts-expect-error the input is text
  lobby.send('message', 7)
  const answer = lobby.call('message', 'hello')
  answer.catch(() => {})
  isSame<typeof answer, Promise<Date>>(true)
  lobby.answer('message', (body) => body.text)
  // @ts-expect-error the answer is text
  lobby.answer('message', () => 7)
  story.connection.close()
  assert.equal(story.connection.state.value.status, 'closed')
})

test('a list of channels, several of them, and an application tell their channels', () => {
  const other = channel('other', { events: { ping: {} } })
  const served = realtime({ channels: [room, other] })
  const story = new ConnectionStory()
  const several = story.connection as unknown as Connection<typeof room | typeof other>
  const list = story.connection as unknown as Connection<[typeof room, typeof other]>
  const app = story.connection as unknown as Connection<typeof served>
  for (const connection of [several, list, app] as const) {
    connection.channel('other').on('ping', () => {})
    connection.channel('room:1').on('typing', (body) => isSame<typeof body, boolean>(true))
  }
  // @ts-expect-error the other channel has no such event
  app.channel('other').on('typing', () => {})
  // @ts-expect-error there is no such channel
  const missing = app.channel('missing')
  assert.equal(missing.name, 'missing')
  story.connection.close()
})

test('only names of the pattern are taken', () => {
  isSame<ChannelNames<typeof room>, `room:${string}`>(true)
  const part = channel('room:{id}:{part}', {})
  isSame<ChannelNames<typeof part>, `room:${string}:${string}`>(true)
  const lobby = channel('lobby', {})
  isSame<ChannelNames<typeof part | typeof lobby>, `room:${string}:${string}` | 'lobby'>(true)
  isSame<ChannelNames<UnknownServer>, string>(true)
})
