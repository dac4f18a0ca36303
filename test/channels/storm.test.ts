import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../src/channels/channel.ts'
import { VirtualCore } from './virtual-core.ts'

const room = channel('room', { presence: true })

test('when very many come and go at a time, each hears few frames, and all know who is here', async () => {
  const world = new VirtualCore([room], { authenticate: ({ token }) => ({ id: token }) })
  const members = []
  for (let index = 0; index < 300; index++) members.push(await world.open({ token: `user ${index}` }))
  for (const { session } of members) session.receive({ type: 'join', id: 1, channel: 'room' })
  await world.advance(1_000)
  const states = new Set<unknown>()
  for (const { carrier } of members) {
    const presence = carrier.heard.filter(({ type }) => type.startsWith('presence'))
    assert.ok(presence.length <= 3, `${presence.length} frames`)
    const seen = new Set<string>()
    for (const event of presence) {
      if (event.type === 'presence') states.add(event)
      const known =
        event.type === 'presence' ? event.state : event.type === 'presence-diff' ? event.joins : {}
      for (const key of Object.keys(known)) seen.add(key)
    }
    assert.equal(seen.size, 300)
    carrier.heard.length = 0
  }
  // What is the same for many is one object, and so encoded once.
  assert.ok(states.size <= 3, `${states.size} states`)
  const [stays, ...others] = members as [(typeof members)[0], ...typeof members]
  for (const { session } of others) session.end({ why: 'normal' })
  await world.advance(1_000)
  assert.ok(stays.carrier.heard.length <= 2)
  assert.equal(world.core.room('room').present().length, 1)
})
