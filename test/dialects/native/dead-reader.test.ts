import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryBus } from '../../../src/bus/memory-bus.ts'
import { channel } from '../../../src/channels/channel.ts'
import { frameEncoders } from '../../../src/dialects/native/encoder.ts'
import { answerOverHttp, type HttpWish } from '../../../src/dialects/native/http.ts'
import { runtime } from '../../../src/runtime/node/index.ts'
import { settled, VirtualCore } from '../../channels/virtual-core.ts'

type Frame = Record<string, unknown>

const room = channel('room', {})
const heartbeat = { everyMs: 25_000, graceMs: 20_000 }

/** A node whose clock the test turns, as clients without WebSocket reach it. */
class Node extends VirtualCore {
  readonly #frames = frameEncoders(runtime.text, undefined)

  ask(wish: HttpWish, ...frames: object[]): Promise<Response> {
    const settings = {
      core: this.core,
      frames: this.#frames,
      heartbeat,
      connectTimeoutMs: 10_000,
      pollMs: 25_000,
      maxBodyBytes: 100_000,
    }
    const body = frames.map((frame) => `${JSON.stringify(frame)}\n`).join('')
    return answerOverHttp(settings, wish, new Request('http://node/', { method: 'POST', body }))
  }
}

/** Reads a stream, and keeps what it says. */
async function reading(response: Response, prefix: string) {
  const heard: Frame[] = []
  let isOver = false
  const decoder = new TextDecoder()
  const read = async (): Promise<void> => {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      for (const line of decoder.decode(chunk).split('\n')) {
        if (line !== '') heard.push(JSON.parse(line.slice(prefix.length)))
      }
    }
    isOver = true
  }
  void read()
  await settled()
  return {
    heard,
    get isOver() {
      return isOver
    },
    get pings() {
      return heard.filter(({ type }) => type === 'ping').length
    },
  }
}

for (const [wish, prefix] of [
  ['stream', ''],
  ['events', 'data: '],
] as const) {
  test(`the reader of a stream (${wish}) that answers no ping is given up within 46 seconds, and its session waits`, async () => {
    const node = new Node([room], { limits: { windowMs: 60_000, unjoinedWindowMs: 60_000 } })
    const stream = await reading(await node.ask(wish, { type: 'connect' }), prefix)
    await node.advance(24_000)
    assert.equal(stream.pings, 0)
    await node.advance(2_000)
    assert.equal(stream.pings, 1)
    await node.advance(18_000)
    assert.equal(stream.isOver, false)
    await node.advance(2_000)
    assert.equal(stream.isOver, true)
    assert.deepEqual([stream.heard.at(-1)?.['why'], stream.heard.at(-1)?.['reconnect']], ['timeout', true])
    assert.equal(node.core.sessions.size, 1)
    await node.advance(62_000)
    assert.equal(node.core.sessions.size, 0)
  })

  test(`one that answers stays (${wish})`, async () => {
    const node = new Node([room])
    const stream = await reading(await node.ask(wish, { type: 'connect' }), prefix)
    const { session, key } = stream.heard[0] as { session: string; key: string }
    const carry = { type: 'carry', session, key }
    for (let round = 0; round < 10; round++) {
      await node.advance(30_000)
      await node.ask('send', carry, { type: 'pong' })
    }
    assert.equal(stream.isOver, false)
    // Whatever else it says is as good.
    for (let id = 1; id <= 10; id++) {
      await node.advance(30_000)
      await node.ask('send', carry, { type: 'leave', id, channel: 'room' })
    }
    assert.equal(stream.isOver, false)
    await node.advance(46_000)
    assert.equal(stream.isOver, true)
  })
}

test('deliveries that nobody reads are no sign of life', async () => {
  const node = new Node([room])
  const stream = await reading(await node.ask('stream', { type: 'connect' }), '')
  const [session] = node.core.sessions.values()
  for (let second = 0; second < 44; second++) {
    session?.write({ type: 'send', event: 'tick', body: second })
    await node.advance(1_000)
  }
  assert.equal(stream.isOver, false)
  await node.advance(2_000)
  assert.equal(stream.isOver, true)
})

test('the answer may come to another node than the stream, and than the session', async () => {
  const bus = memoryBus()
  const [home, relay, third] = [
    new Node([room], { bus }),
    new Node([room], { bus }),
    new Node([room], { bus }),
  ]
  const connected = await reading(await home.ask('poll', { type: 'connect' }), '')
  const { session, key } = connected.heard[0] as { session: string; key: string }
  const resume = { session, key, position: 0 }
  const stream = await reading(await relay.ask('stream', { type: 'connect', resume }), '')
  await settled()
  assert.equal(stream.heard[0]?.['type'], 'resumed')
  const advance = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      for (const node of [home, relay, third]) await node.advance(1_000)
    }
  }
  for (let round = 0; round < 5; round++) {
    await advance(30_000)
    const response = await third.ask('send', { type: 'carry', session, key }, { type: 'ping' })
    assert.equal(response.status, 200)
    await settled()
    assert.equal(stream.heard.at(-1)?.['type'], 'pong')
  }
  assert.equal(stream.isOver, false)
  await advance(47_000)
  assert.equal(stream.isOver, true)
  await settled()
  assert.equal(relay.core.relays.size, 0)
})
