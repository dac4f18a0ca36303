import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpTransport } from '../../../src/client/realtime/http-transport.ts'
import type { CarrierEnd } from '../../../src/client/realtime/transport.ts'
import { VirtualTime } from './virtual-time.ts'

interface Asked {
  readonly wish: string | null
  readonly lines: readonly string[]
  readonly init: RequestInit
  answer(body: string, status?: number): void
}

const greeting = { type: 'connect', token: 't', resume: { session: 's', key: 'k', position: 7 } } as const
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A carrier among requests that the test answers. */
class CarrierStory {
  readonly time = new VirtualTime()
  readonly asked: Asked[] = []
  readonly received: string[] = []
  readonly ends: CarrierEnd[] = []
  opened = 0
  readonly carrier

  constructor(way: 'stream' | 'poll') {
    const request = (url: URL, init: RequestInit): Promise<Response> =>
      new Promise((resolve, reject) => {
        init.signal?.addEventListener('abort', () => reject(init.signal?.reason))
        this.asked.push({
          wish: url.searchParams.get('polyplex.1'),
          lines: String(init.body).split('\n'),
          init,
          answer: (body, status = 200) => resolve(new Response(body, { status })),
        })
      })
    this.carrier = httpTransport(way, this.time, request as typeof fetch).open('ws://model/live', {
      opened: () => {
        this.opened += 1
        this.carrier.send('{"type":"connect"}')
      },
      received: (data) => this.received.push(String(data)),
      closed: (end) => this.ends.push(end),
      greeting: () => greeting,
    })
  }

  /** The next request that nobody has looked at. */
  async next(): Promise<Asked> {
    while (this.asked.length === 0) await turn()
    return this.asked.shift() as Asked
  }

  static async open(way: 'stream' | 'poll'): Promise<CarrierStory> {
    const story = new CarrierStory(way)
    const probe = await story.next()
    probe.answer('{"type":"pong"}\n')
    return story
  }
}

test('it is open once a ping was answered, and greets in another request', async () => {
  const story = new CarrierStory('stream')
  const probe = await story.next()
  assert.deepEqual([probe.wish, probe.lines, story.opened], ['stream', ['{"type":"ping"}'], 0])
  probe.answer('{"type":"pong"}\n')
  const first = await story.next()
  assert.deepEqual([first.wish, first.lines, story.opened], ['stream', ['{"type":"connect"}'], 1])
  assert.deepEqual([story.received, probe.init.signal?.aborted], [[], true])
})

test('a poll greets with a ping behind, and each poll after it says whose session it is, and where', async () => {
  const story = await CarrierStory.open('poll')
  const first = await story.next()
  assert.deepEqual(first.lines, ['{"type":"connect"}', '{"type":"ping"}'])
  first.answer('{"type":"resumed"}\n{"type":"pong"}\n')
  const poll = await story.next()
  assert.deepEqual(poll.lines, [JSON.stringify(greeting)])
  assert.deepEqual(story.received, ['{"type":"resumed"}', '{"type":"pong"}'])
})

test('what is sent in one turn goes in one request, and what comes meanwhile in the next, in order', async () => {
  const story = await CarrierStory.open('stream')
  await story.next()
  story.carrier.send('{"id":1}')
  story.carrier.send('{"id":2}')
  const first = await story.next()
  assert.deepEqual(first.lines, ['{"type":"carry","session":"s","key":"k"}', '{"id":1}', '{"id":2}'])
  story.carrier.send('{"id":3}')
  await turn()
  assert.equal(story.asked.length, 0)
  first.answer('{"type":"ack","position":2}\n')
  assert.deepEqual((await story.next()).lines.slice(1), ['{"id":3}'])
  assert.deepEqual(story.received, ['{"type":"ack","position":2}'])
})

test('a request that is not answered in ten seconds is made again, three times in all, then the carrier ends', async () => {
  const story = await CarrierStory.open('stream')
  await story.next()
  story.carrier.send('{"id":1}')
  for (let tries = 0; tries < 3; tries++) {
    assert.deepEqual((await story.next()).lines.slice(1), ['{"id":1}'])
    story.time.advance(10_000)
    await turn()
  }
  assert.deepEqual(
    story.ends.map(({ error }) => error?.code),
    ['ERR_NETWORK'],
  )
})

test('an acknowledgement of less than was sent is of an answer from before: it is sent again', async () => {
  const story = await CarrierStory.open('stream')
  await story.next()
  story.carrier.send('{"id":8}')
  ;(await story.next()).answer('{"type":"ack","position":7}\n')
  const again = await story.next()
  assert.deepEqual(again.lines.slice(1), ['{"id":8}'])
  again.answer('{"type":"ack","position":8}\n')
  await turn()
  assert.deepEqual(story.ends, [])
})

test('too much for one request goes in several; a frame that is too much alone ends the carrier as too large', async () => {
  const story = await CarrierStory.open('stream')
  await story.next()
  for (const id of [1, 2]) story.carrier.send(`{"id":${id}}`)
  ;(await story.next()).answer('too large', 413)
  const one = await story.next()
  assert.deepEqual(one.lines.slice(1), ['{"id":1}'])
  one.answer('{"type":"ack","position":1}\n')
  ;(await story.next()).answer('too large', 413)
  await turn()
  assert.deepEqual(story.ends, [{ code: 1009 }])
})

test('closed for good, it sends what waits and what is under way once more, in a request that outlives its page', async () => {
  const story = await CarrierStory.open('stream')
  const stream = await story.next()
  story.carrier.send('{"id":1}')
  const sent = await story.next()
  story.carrier.send('{"type":"close"}')
  story.carrier.close(1000)
  const last = await story.next()
  assert.deepEqual(last.lines.slice(1), ['{"id":1}', '{"type":"close"}'])
  assert.deepEqual(
    [last.init.keepalive, stream.init.signal?.aborted, sent.init.signal?.aborted],
    [true, true, true],
  )
  last.answer('no')
  await turn()
  assert.deepEqual([story.ends, story.time.waiting], [[], 0])
})

test('closed to go on elsewhere, it sends nothing more, and tells nothing', async () => {
  const story = await CarrierStory.open('stream')
  await story.next()
  story.carrier.send('{"id":1}')
  await story.next()
  story.carrier.close(4000)
  await turn()
  assert.deepEqual([story.asked, story.ends, story.time.waiting], [[], [], 0])
})
