import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { memoryBus } from '../../src/bus/memory-bus.ts'
import type { SessionEvent } from '../../src/channels/carrier.ts'
import { channel } from '../../src/channels/channel.ts'
import type { Session } from '../../src/channels/session.ts'
import type { DistantCarrier, SessionPort } from '../../src/channels/session-port.ts'
import type { NumberedFrame } from '../../src/codec/frame.ts'
import { faultyBus } from '../../src/testing/faulty-bus.ts'
import { seeded } from '../testing/seeded.ts'
import { encoder, settled, type TestUnit, VirtualCore } from './virtual-core.ts'

const room = channel('room', {
  events: { say: {}, said: {} },
  history: { limit: 10_000, ttlMs: 1_000_000 },
  on: { say: async (ctx, body) => (await ctx.publish('said', body)).offset },
})

/** A client as the protocol wants it: it counts what it hears, and says again what it cannot know to have arrived. */
class ModelClient {
  readonly name: string
  readonly heard: SessionEvent[] = []
  /** Calls without an answer, in order. */
  readonly open = new Map<number, NumberedFrame>()
  readonly #home: VirtualCore
  readonly #session: Session<TestUnit>
  readonly #key: string
  said = 0
  /** How it came to be without a session. */
  reset: string | undefined
  #carrier: DistantCarrier | undefined
  /** The session as its carrier sees it, when it is known that it goes on. */
  #port: SessionPort<TestUnit> | undefined
  /** What the server has sent over the carrier and has not arrived. */
  #flying: SessionEvent[] = []
  #number = 0
  #attempts = 0

  constructor(name: string, home: VirtualCore, session: Session<TestUnit>, key: string) {
    this.name = name
    this.#home = home
    this.#session = session
    this.#key = key
  }

  say(type: 'join' | 'call'): void {
    this.#number += 1
    const id = this.#number
    if (type === 'call') this.said += 1
    const frame: NumberedFrame =
      type === 'join'
        ? { type, id, channel: 'room' }
        : { type, id, channel: 'room', event: 'say', body: `${this.name}${this.said}` }
    this.open.set(id, frame)
    // Without a connection it stays here, and goes up when there is one again.
    this.#port?.receive(frame)
  }

  get isConnected(): boolean {
    return this.#port !== undefined
  }

  /** Another connection, to any node: what flies on the old one is lost, and what has no answer is said again. */
  attach(node: VirtualCore): void {
    this.#attempts += 1
    const attempt = this.#attempts
    const carrier: DistantCarrier = {
      wake() {},
      close: () => this.#closed(carrier),
      confirm() {},
      pause() {},
      resume() {},
    }
    const old = { port: this.#port, carrier: this.#carrier }
    this.#carrier = carrier
    this.#port = undefined
    this.#flying = []
    if (node === this.#home) {
      assert.equal(this.#session.isLatest(attempt), true)
      assert.equal(this.#session.attach(carrier, this.heard.length).resumed, true)
      this.#connected(this.#session)
    } else void this.#attachAway(node, carrier, attempt)
    // The network may take its time to tell the server of the end of the old one.
    if (old.carrier !== undefined) old.port?.detach(old.carrier)
  }

  async #attachAway(node: VirtualCore, carrier: DistantCarrier, attempt: number): Promise<void> {
    const proof = { session: this.#session.id, key: this.#key, position: this.heard.length, attempt }
    const reached = await node.core.relays.attach(encoder, carrier, proof)
    if ('session' in reached) {
      if (this.#carrier === carrier) this.#connected(reached.session)
      else reached.session.detach()
    } else if (this.#carrier === carrier) this.reset = reached.reason
  }

  #connected(port: SessionPort<TestUnit>): void {
    this.#port = port
    for (const frame of this.open.values()) port.receive(frame)
  }

  #closed(carrier: DistantCarrier): void {
    if (this.#carrier === carrier) this.cut()
  }

  cut(): void {
    const [port, carrier] = [this.#port, this.#carrier]
    this.#port = undefined
    this.#carrier = undefined
    this.#flying = []
    if (carrier !== undefined) port?.detach(carrier)
  }

  acknowledge(): void {
    this.#port?.acknowledge(this.heard.length)
  }

  take(count: number): void {
    for (let index = 0; index < count && this.#carrier !== undefined; index++) {
      const unit = this.#port?.take(this.#carrier)
      if (unit === undefined) return
      this.#flying.push(unit.event)
    }
  }

  arrive(count: number): void {
    for (const event of this.#flying.splice(0, count)) {
      this.heard.push(event)
      if ((event.type === 'reply' || event.type === 'joined') && event.to !== undefined)
        this.open.delete(event.to)
    }
  }

  get bodies(): unknown[] {
    return this.heard.flatMap((event) => (event.type === 'publish' ? [event.body] : []))
  }

  get offsets(): number[] {
    return this.heard.flatMap((event) => (event.type === 'publish' ? [event.offset] : []))
  }
}

const step = fc.record({
  what: fc.constantFrom(
    'say',
    'say',
    'say',
    'take',
    'take',
    'arrive',
    'arrive',
    'cut',
    'attach',
    'acknowledge',
    'bus',
    'bus',
    'bus',
    'settle',
  ),
  who: fc.nat(3),
  where: fc.nat(1),
  count: fc.integer({ min: 1, max: 6 }),
})

test('property: over cuts, splits, other connections, to either node, and a bus that delays and loses, every call takes effect once and everybody hears everything in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120, size: 'max' }), fc.integer(), async (steps, seed) => {
      const random = seeded(seed)
      const bus = faultyBus(memoryBus(), { random, dropRate: 0.2 })
      // A client says as much as the steps want, all of it before the first answer.
      const options = { bus, limits: { maxCalls: 1_000 } }
      const nodes = [new VirtualCore([room], options), new VirtualCore([room], options)]
      const clients: ModelClient[] = []
      for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) {
        const home = nodes[index % 2] as VirtualCore
        const { session, key } = await home.open()
        const client = new ModelClient(name, home, session, key)
        clients.push(client)
        client.attach(home)
        client.say('join')
      }
      await settled()
      for (const { what, who, where, count } of steps) {
        const client = clients[who] as ModelClient
        if (what === 'say') client.say('call')
        else if (what === 'take') client.take(count)
        else if (what === 'arrive') client.arrive(count)
        else if (what === 'cut') client.cut()
        else if (what === 'attach') client.attach(nodes[where] as VirtualCore)
        else if (what === 'acknowledge') client.acknowledge()
        else if (what === 'bus') for (let index = 0; index < count; index++) bus.deliverOne()
        else await settled()
      }
      // The network recovers; nodes look whether they lost the last messages.
      for (let round = 0; round < 3; round++) {
        for (const client of clients) client.attach(nodes[Math.floor(random() * 2)] as VirtualCore)
        for (let second = 0; second < 11; second++) {
          await settled()
          bus.deliverAll()
          for (const node of nodes) await node.advance(1_000)
          for (const client of clients) {
            client.take(10_000)
            client.arrive(10_000)
          }
        }
      }
      const { messages } = await bus.history('room', { limit: 10_000 })
      const published = messages.map(({ data }) => (JSON.parse(data) as { body: string }).body)
      assert.equal(new Set(published).size, published.length, 'a call took effect twice')
      assert.equal(
        published.length,
        clients.reduce((sum, { said }) => sum + said, 0),
        'a call was lost',
      )
      for (const client of clients) {
        assert.equal(client.reset, undefined)
        assert.equal(client.isConnected, true)
        assert.equal(client.open.size, 0, 'an answer was lost')
        assert.deepEqual(client.bodies, published)
        assert.deepEqual(
          client.offsets,
          Array.from(published, (_, index) => index + 1),
        )
        const own = published.filter((body) => body.startsWith(client.name))
        assert.deepEqual(
          own,
          Array.from(own, (_, index) => `${client.name}${index + 1}`),
        )
        assert.ok(!client.heard.some(({ type }) => type === 'channel-reset'))
      }
      assert.deepEqual(
        nodes.flatMap(({ errors }) => errors),
        [],
      )
    }),
    { numRuns: 60, seed: 80 },
  )
})
