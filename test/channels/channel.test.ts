import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../src/channels/channel.ts'
import { ChannelPattern } from '../../src/channels/channel-pattern.ts'
import { realtime } from '../../src/channels/realtime.ts'

test('a pattern names the parts of a channel name', () => {
  assert.deepEqual(new ChannelPattern('room:{id}').match('room:1'), { id: '1' })
  assert.deepEqual(new ChannelPattern('{a}:x.{b}').match('1:x.2'), { a: '1', b: '2' })
  assert.deepEqual(new ChannelPattern('lobby').match('lobby'), {})
})

test('a part is never empty, and never goes over a colon', () => {
  const pattern = new ChannelPattern('room:{id}')
  for (const name of ['room:', 'room:1:2', 'room', 'Room:1', ' room:1', `room:${'1'.repeat(300)}`]) {
    assert.equal(pattern.match(name), undefined, name)
  }
  assert.equal(new ChannelPattern('a.c').match('abc'), undefined)
})

for (const pattern of ['', 'room:{}', 'room:{id', 'room:id}', '{a}{a}', 'x'.repeat(300)]) {
  test(`'${pattern.slice(0, 10)}' is no pattern`, () => {
    assert.throws(() => channel(pattern, {}), { code: 'ERR_OPTION_INVALID' })
  })
}

test('mistakes in a definition are named at once', () => {
  const wrong: [code: string, define: () => unknown][] = [
    ['ERR_OPTION_UNKNOWN', () => channel('a', { evnets: {} } as never)],
    ['ERR_OPTION_INVALID', () => channel('a', { history: { limit: 0, ttlMs: 1 } })],
    ['ERR_OPTION_INVALID', () => channel('a', { events: { b: { input: {} as never } } })],
    ['ERR_OPTION_INVALID', () => channel('a', { events: {}, on: { b() {} } as never })],
    ['ERR_OPTION_INVALID', () => channel('a', { events: { b: {} }, on: { b: 7 } as never })],
    ['ERR_OPTION_INVALID', () => realtime({} as never)],
    ['ERR_OPTION_INVALID', () => realtime({ channels: [], limits: { windowMs: -1 } })],
    ['ERR_OPTION_UNKNOWN', () => realtime({ channels: [], limits: { window: 1 } as never })],
  ]
  for (const [code, define] of wrong) assert.throws(define, { code })
})
