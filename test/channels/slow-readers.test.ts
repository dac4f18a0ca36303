import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Carrier, Ending } from '../../src/channels/carrier.ts'
import { channel, type SlowReaderOptions } from '../../src/channels/channel.ts'
import type { Session } from '../../src/channels/session.ts'
import { WebSocketStream } from '../../src/client/websocket-stream.ts'
import { serveChannels } from './client.ts'
import { settled, type TestCarrier, type TestUnit, VirtualCore } from './virtual-core.ts'

/** A carrier whose peer reads when the test says so. */
class FrozenCarrier implements Carrier {
  readonly #session: Session<TestUnit>
  ending: Ending | undefined

  constructor(session: Session<TestUnit>) {
    this.#session = session
  }

  wake(): void {}

  close(ending: Ending): void {
    this.ending = ending
  }

  /** The peer reads everything there is: each message with how many were left out before it. */
  read(): string[] {
    const read: string[] = []
    for (let unit = this.#session.take(this); unit !== undefined; unit = this.#session.take(this)) {
      const { event } = unit
      if (event.type === 'publish') read.push(`${event.body} +${event.skipped ?? 0}`)
      else read.push(event.type)
    }
    return read
  }
}

async function roomOf(slowReaders: SlowReaderOptions | undefined, others: number, maxBytes = 1_000) {
  const prices = channel('prices', { events: { price: {}, news: {} }, slowReaders })
  const world = new VirtualCore([prices], { limits: { maxBytes } })
  const join = (session: Session<TestUnit>) => session.receive({ type: 'join', id: 1, channel: 'prices' })
  const { session } = await world.core.open<TestUnit>(
    { name: 'test', encode: (event) => ({ event, byteLength: 1 }) },
    {},
  )
  const frozen = new FrozenCarrier(session)
  session.attach(frozen, 0)
  join(session)
  await settled()
  assert.deepEqual(frozen.read(), ['joined'])
  const readers: TestCarrier[] = []
  for (let count = 0; count < others; count++) {
    const member = await world.open()
    join(member.session)
    readers.push(member.carrier)
  }
  await settled()
  const room = world.core.room('prices')
  return {
    world,
    session,
    frozen,
    readers,
    async publish(event: string, ...bodies: unknown[]) {
      for (const body of bodies) await room.publish(event, body)
      await settled()
    },
  }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

test('one frozen subscriber among a thousand: the others hear everything, and its session ends with overload', async () => {
  const { frozen, session, readers, publish } = await roomOf(undefined, 999, 50)
  await publish('price', ...numbers(1, 200))
  assert.equal(frozen.ending?.why, 'overload')
  assert.equal(session.ended, true)
  for (const { heard } of readers) {
    assert.equal(heard.filter(({ type }) => type === 'publish').length, 200)
  }
})

test('dropOldest: a slow reader goes on with the newest messages, and hears how many are missing', async () => {
  const { frozen, session, readers, publish } = await roomOf({ policy: 'dropOldest', maxWaiting: 3 }, 1)
  await publish('price', ...numbers(1, 10))
  assert.equal(session.ended, false)
  assert.deepEqual(frozen.read(), ['1 +0', '8 +6', '9 +0', '10 +0'])
  assert.equal(readers[0]?.heard.filter(({ type }) => type === 'publish').length, 10)
  await publish('price', 11)
  assert.deepEqual(frozen.read(), ['11 +0'])
})

test('dropNewest: a slow reader gets the oldest messages, and hears later how many are missing', async () => {
  const { frozen, publish } = await roomOf({ policy: 'dropNewest', maxWaiting: 3 }, 0)
  await publish('price', ...numbers(1, 10))
  assert.deepEqual(frozen.read(), ['1 +0', '2 +0', '3 +0', '4 +0'])
  await publish('price', 11)
  assert.deepEqual(frozen.read(), ['11 +6'])
})

test('latestByKey: a slow reader gets the latest of each key', async () => {
  const key = (event: string, body: unknown) => `${event} ${String(body)[0]}`
  const { frozen, publish } = await roomOf({ policy: 'latestByKey', key }, 0)
  await publish('price', 'first', 'a1', 'b1', 'a2', 'c1', 'a3', 'b2')
  assert.deepEqual(frozen.read(), ['first +0', 'c1 +3', 'a3 +0', 'b2 +0'])
})

test('what was left out while the client was away is told when it is back', async () => {
  const { frozen, session, publish } = await roomOf({ policy: 'dropOldest', maxWaiting: 2 }, 0)
  await publish('price', 1)
  assert.deepEqual(frozen.read(), ['1 +0'])
  session.detach(frozen)
  await publish('price', ...numbers(2, 9))
  const back = new FrozenCarrier(session)
  assert.equal(session.attach(back, 2).resumed, true)
  assert.deepEqual(back.read(), ['2 +0', '8 +5', '9 +0'])
})

test('several channels of a slow reader are said in turn', async () => {
  const options = { events: { price: {} }, slowReaders: { policy: 'dropOldest', maxWaiting: 2 } } as const
  const [one, two] = [channel('one', options), channel('two', options)]
  const world = new VirtualCore([one, two])
  const { session } = await world.core.open<TestUnit>(
    { name: 'test', encode: (event) => ({ event, byteLength: 1 }) },
    {},
  )
  const frozen = new FrozenCarrier(session)
  session.attach(frozen, 0)
  for (const [index, name] of ['one', 'two'].entries()) {
    session.receive({ type: 'join', id: index + 1, channel: name })
    await settled()
  }
  frozen.read()
  for (const body of numbers(1, 5)) {
    await world.core.room('one').publish('price', `one ${body}`)
    await world.core.room('two').publish('price', `two ${body}`)
  }
  await settled()
  assert.deepEqual(frozen.read(), ['one 1 +0', 'two 4 +3', 'one 4 +2', 'two 5 +0', 'one 5 +0'])
})

test('over a real link: who does not read is left behind, others hear everything, and when it reads again it hears how much is missing', async () => {
  const prices = channel('prices', {
    events: { price: {} },
    slowReaders: { policy: 'dropOldest', maxWaiting: 10 },
  })
  await using server = await serveChannels([prices])
  const stream = new WebSocketStream(server.url, { protocols: ['polyplex.1'] })
  const { readable, writable } = await stream.opened
  const [reader, writer] = [readable.getReader(), writable.getWriter()]
  const read = async () => JSON.parse((await reader.read()).value as string)
  await writer.write('{"type":"connect"}')
  await read()
  await writer.write('{"type":"join","id":1,"channel":"prices"}')
  while ((await read()).type !== 'joined');
  const other = server.client()
  await other.join('prices')
  // More than both ends of a link hold.
  const body = 'x'.repeat(100_000)
  const count = 300
  for (let number = 0; number < count; number++) {
    await server.app.channel('prices').publish('price', body)
    await other.hear('publish')
    if (number % 30 === 29) other.say({ type: 'ack', position: number + 2 })
  }
  let heard = 0
  let left = 0
  while (heard + left < count) {
    const frame = await read()
    if (frame.type !== 'publish') continue
    heard += 1
    left += frame.skipped ?? 0
    assert.equal(frame.offset, heard + left)
  }
  assert.ok(left > 0, 'everything fitted into the link')
  stream.close()
  await stream.closed
})
