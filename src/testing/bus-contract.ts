import type { Bus, BusMessage, TopicListener } from '../bus/contract.ts'
import { type ContractCase, expect } from './contract.ts'

/** A listener that remembers. `settled` resolves when it has heard so many messages. */
class Recorder implements TopicListener {
  readonly messages: BusMessage[] = []
  readonly gossips: string[] = []
  #heard: (() => void) | undefined

  message(message: BusMessage): void {
    this.messages.push(message)
    this.#heard?.()
  }

  gossip(data: string): void {
    this.gossips.push(data)
    this.#heard?.()
  }

  get data(): string[] {
    return this.messages.map(({ data }) => data)
  }

  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
  }
}

const retain = { limit: 3, ttlMs: 60_000 }

/** What every `Bus` promises. Topics are fresh for each case, so one bus may serve them all. */
export const busContract: readonly ContractCase<Bus>[] = [
  {
    title: 'messages are delivered in order, with positions that count by one',
    async check(bus) {
      const [topic, heard] = [freshTopic(), new Recorder()]
      const { position } = await bus.subscribe(topic, heard)
      const positions = []
      for (const data of ['a', 'b', 'c']) positions.push(await bus.publish(topic, data))
      await heard.until(() => heard.messages.length === 3)
      expect(heard.data, ['a', 'b', 'c'])
      expect(
        heard.messages.map((message) => message.position),
        positions,
      )
      expect(
        positions.map(({ offset }) => offset - position.offset),
        [1, 2, 3],
      )
      expect(new Set([position, ...positions].map(({ epoch }) => epoch)).size, 1)
    },
  },
  {
    title: 'all listeners of a topic hear the same, and those of another nothing',
    async check(bus) {
      const topic = freshTopic()
      const [one, two, other] = [new Recorder(), new Recorder(), new Recorder()]
      for (const listener of [one, two]) await bus.subscribe(topic, listener)
      await bus.subscribe(freshTopic(), other)
      await bus.publish(topic, 'a')
      await bus.publish(topic, 'b')
      await one.until(() => one.messages.length === 2)
      await two.until(() => two.messages.length === 2)
      expect(one.messages, two.messages)
      expect(other.messages, [])
    },
  },
  {
    title: 'who subscribes hears what comes behind the position it is given, and nothing before',
    async check(bus) {
      const [topic, heard] = [freshTopic(), new Recorder()]
      const before = await bus.publish(topic, 'before')
      const { position } = await bus.subscribe(topic, heard)
      expect(position, before)
      await bus.publish(topic, 'after')
      await heard.until(() => heard.messages.length === 1)
      expect(heard.data, ['after'])
    },
  },
  {
    title: 'who has unsubscribed hears nothing more',
    async check(bus) {
      const [topic, gone, stays] = [freshTopic(), new Recorder(), new Recorder()]
      const subscription = await bus.subscribe(topic, gone)
      await bus.subscribe(topic, stays)
      subscription.unsubscribe()
      subscription.unsubscribe()
      await bus.publish(topic, 'a')
      await stays.until(() => stays.messages.length === 1)
      expect(gone.messages, [])
    },
  },
  {
    title: 'publishing again with the same id publishes nothing, and answers with the first position',
    async check(bus) {
      const [topic, heard] = [freshTopic(), new Recorder()]
      await bus.subscribe(topic, heard)
      const first = await bus.publish(topic, 'a', { id: 'one' })
      expect(await bus.publish(topic, 'a', { id: 'one' }), first)
      await bus.publish(topic, 'b', { id: 'two' })
      await heard.until(() => heard.messages.length >= 2)
      expect(heard.data, ['a', 'b'])
    },
  },
  {
    title: 'the same id means something else on another topic',
    async check(bus) {
      const [one, two] = [new Recorder(), new Recorder()]
      for (const heard of [one, two]) {
        const topic = freshTopic()
        await bus.subscribe(topic, heard)
        await bus.publish(topic, 'a', { id: 'one' })
        await heard.until(() => heard.messages.length === 1)
      }
    },
  },
  {
    title: 'history has the newest messages, oldest first, and no more than are retained',
    async check(bus) {
      const topic = freshTopic()
      for (const data of ['a', 'b', 'c', 'd']) await bus.publish(topic, data, { retain })
      const page = await bus.history(topic, { limit: 10 })
      expect(
        page.messages.map(({ data }) => data),
        ['b', 'c', 'd'],
      )
      expect(page.messages.at(-1)?.position, page.position)
      const shorter = await bus.history(topic, { limit: 1 })
      expect(
        shorter.messages.map(({ data }) => data),
        ['d'],
      )
    },
  },
  {
    title: 'history since a position has everything behind it, or says that it has not',
    async check(bus) {
      const topic = freshTopic()
      const positions = []
      for (const data of ['a', 'b', 'c', 'd']) positions.push(await bus.publish(topic, data, { retain }))
      const [a, b, , d] = positions
      const page = await bus.history(topic, { since: b, limit: 10 })
      expect([page.complete, ...page.messages.map(({ data }) => data)], [true, 'c', 'd'])
      const first = await bus.history(topic, { since: b, limit: 1 })
      expect([first.complete, ...first.messages.map(({ data }) => data)], [true, 'c'])
      expect((await bus.history(topic, { since: a, limit: 10 })).complete, true)
      expect((await bus.history(topic, { since: d, limit: 10 })).messages, [])
      await bus.publish(topic, 'e', { retain })
      expect((await bus.history(topic, { since: a, limit: 10 })).complete, false)
    },
  },
  {
    title: 'a position of another epoch, or of the future, has no complete history',
    async check(bus) {
      const topic = freshTopic()
      const { epoch, offset } = await bus.publish(topic, 'a', { retain })
      const other = { epoch: `${epoch} of another time`, offset }
      expect((await bus.history(topic, { since: other, limit: 10 })).complete, false)
      expect((await bus.history(topic, { since: { epoch, offset: offset + 1 }, limit: 10 })).complete, false)
    },
  },
  {
    title: 'what is not retained is no history, but still counted',
    async check(bus) {
      const topic = freshTopic()
      const first = await bus.publish(topic, 'a')
      const second = await bus.publish(topic, 'b')
      const page = await bus.history(topic, { since: first, limit: 10 })
      expect([page.complete, page.messages.length, page.position], [false, 0, second])
      expect((await bus.history(topic, { since: second, limit: 10 })).complete, true)
    },
  },
  {
    title: 'gossip reaches the listeners of its topic, and has no position',
    async check(bus) {
      const [topic, heard] = [freshTopic(), new Recorder()]
      const before = await bus.subscribe(topic, heard)
      bus.gossip(topic, 'psst')
      await heard.until(() => heard.gossips.length === 1)
      expect(heard.gossips, ['psst'])
      const after = await bus.subscribe(topic, new Recorder())
      expect(after.position, before.position)
    },
  },
  {
    title: 'what a listener publishes comes behind what it has just heard, for everybody',
    async check(bus) {
      const [topic, heard] = [freshTopic(), new Recorder()]
      const answering: TopicListener = {
        message: ({ data }) => {
          if (data === 'ping') void bus.publish(topic, 'pong')
        },
        gossip() {},
      }
      await bus.subscribe(topic, answering)
      await bus.subscribe(topic, heard)
      await bus.publish(topic, 'ping')
      await heard.until(() => heard.messages.length === 2)
      expect(heard.data, ['ping', 'pong'])
    },
  },
  {
    title: 'a lease is for one at a time',
    async check(bus) {
      const name = freshTopic()
      const lease = await bus.lease(name, 60_000)
      expect(lease !== undefined, true)
      expect(await bus.lease(name, 60_000), undefined)
      expect(await lease?.renew(), true)
      await lease?.release()
      expect(await lease?.renew(), false)
      const next = await bus.lease(name, 60_000)
      expect(next !== undefined, true)
      await lease?.release()
      expect(await next?.renew(), true)
    },
  },
]

let topics = 0

/** A topic no other case uses. */
function freshTopic(): string {
  topics += 1
  return `contract ${topics}`
}
