import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../src/channels/channel.ts'
import { settled, VirtualCore } from './virtual-core.ts'

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
        event.type === 'presence' ? (event.state ?? {}) : event.type === 'presence-diff' ? event.joins : {}
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

test('where more are present than the channel names, members hear how many, about once a second, and who it is when they are few again', async () => {
  const crowded = channel('room', { presence: { maxListed: 10 } })
  const world = new VirtualCore([crowded], { authenticate: ({ token }) => ({ id: token }) })
  const join = async (name: string) => {
    const member = await world.open({ token: name })
    member.session.receive({ type: 'join', id: 1, channel: 'room' })
    await settled()
    return member
  }
  const first = await join('first')
  /** For each frame of presence: how many it names or counts, or that it is a change. */
  const heard = (): (number | 'diff')[] => {
    const told: (number | 'diff')[] = []
    for (const event of first.carrier.heard.splice(0)) {
      if (event.type === 'presence') told.push(event.count ?? Object.keys(event.state ?? {}).length)
      else if (event.type === 'presence-diff') told.push('diff')
    }
    return told
  }
  await world.advance(1_000)
  assert.deepEqual(heard(), [1, 'diff'])
  const others: Awaited<ReturnType<typeof join>>[] = []
  for (let count = 0; count < 10; count++) others.push(await join(`other ${count}`))
  await world.advance(500)
  assert.deepEqual(heard(), [11])
  for (let count = 0; count < 20; count++) {
    others.push(await join(`more ${count}`))
    await world.advance(100)
  }
  const counts = heard()
  assert.ok(counts.length >= 1 && counts.length <= 3, String(counts))
  await world.advance(2_000)
  assert.equal(heard().at(-1), 31)
  // Who comes now hears it at once.
  const late = await join('late')
  await world.advance(250)
  assert.ok(late.carrier.heard.some((event) => event.type === 'presence' && event.count === 32))
  heard()
  // At the limit it does not change its mind with everybody who comes and goes.
  for (const { session } of others.splice(0, 22)) session.end({ why: 'normal' })
  await world.advance(2_000)
  assert.deepEqual(heard(), [10])
  assert.equal(world.core.room('room').present().length, 10)
  others.pop()?.session.end({ why: 'normal' })
  await world.advance(500)
  const [state] = first.carrier.heard.splice(0)
  assert.ok(state?.type === 'presence' && Object.keys(state.state ?? {}).length === 9)
  late.session.end({ why: 'normal' })
  await world.advance(500)
  assert.deepEqual(heard(), ['diff'])
})
