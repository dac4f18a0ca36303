import { channel } from '../channels/channel.ts'
import { type Realtime, realtime } from '../channels/realtime.ts'
import type { Carrier, CarrierEnd, Transport } from '../client/realtime/transport.ts'
import { type ConnectFrame, type DownFrame, isCounted, type UpFrame } from '../codec/frame.ts'
import { native } from '../dialects/native/index.ts'
import { serve } from '../server/serve.ts'
import { type ContractCase, expect } from './contract.ts'
import { type FaultyProxyOptions, faultyProxy } from './faulty-proxy.ts'
import { seeded } from './seeded.ts'

/** A `Transport` to be judged. */
export interface TransportSubject {
  readonly transport: Transport
  /** Whether it is told the HTTP status of a refusal; a page's own WebSocket is not. @default true */
  readonly tellsStatus?: boolean | undefined
  /** Serves `app` so that the transport can reach it. @default `serve` with `native()` */
  serve?(app: Realtime): Promise<{ readonly url: string } & AsyncDisposable>
}

const room = channel('room', {
  events: { echo: {}, news: {} },
  history: { limit: 10_000, ttlMs: 60_000 },
  on: { echo: (_ctx, body) => body },
})

/** One carrier, spoken on as a client does: greets, counts, and notes what it is told. */
class Talk {
  readonly told: string[] = []
  readonly frames: DownFrame[] = []
  end: CarrierEnd | undefined
  readonly #carrier: Carrier
  #session: Pick<Extract<DownFrame, { type: 'connected' }>, 'session' | 'key'> | undefined
  #position = 0
  #attempts = 0
  #number = 0
  #stirred: (() => void) | undefined

  constructor(transport: Transport, url: string, before?: Talk) {
    if (before !== undefined) {
      this.#session = before.#session
      this.#position = before.#position
      this.#attempts = before.#attempts
      this.#number = before.#number
    }
    let hasReturned = false
    const tell = (what: string): void => {
      this.told.push(hasReturned ? what : `${what} before open has returned`)
      this.#stirred?.()
    }
    const events = {
      opened: () => {
        this.#carrier.send(JSON.stringify(this.#greeting()))
        tell('opened')
      },
      received: (text: string) => {
        this.#take(JSON.parse(text) as DownFrame)
        tell('received')
      },
      closed: (end: CarrierEnd) => {
        this.end = end
        tell('closed')
      },
      greeting: () => this.#greeting(),
    }
    this.#carrier = transport.open(url, events)
    hasReturned = true
  }

  send(
    frame: UpFrame extends infer Frame ? Record<string, unknown> & { type: string } & Partial<Frame> : never,
  ): void {
    this.#number += 1
    this.#carrier.send(JSON.stringify({ id: this.#number, ...frame }))
  }

  echo(body: unknown): void {
    this.send({ type: 'call', channel: 'room', event: 'echo', body })
  }

  close(code: number): void {
    this.#carrier.close(code)
  }

  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) {
      await new Promise<void>((resolve) => {
        this.#stirred = resolve
      })
    }
  }

  /** Connects, and joins the channel. */
  async join(): Promise<this> {
    await this.until(() => this.#session !== undefined)
    this.send({ type: 'join', channel: 'room' })
    await this.until(() => this.has('joined'))
    return this
  }

  async ended(): Promise<CarrierEnd> {
    await this.until(() => this.end !== undefined)
    return this.end as CarrierEnd
  }

  has(type: DownFrame['type']): boolean {
    return this.frames.some((frame) => frame.type === type)
  }

  /** What was said in frames of that type. */
  bodies(type: 'reply' | 'publish'): unknown[] {
    return this.frames.flatMap((frame) => (frame.type === type ? [(frame as { body?: unknown }).body] : []))
  }

  #greeting(): ConnectFrame {
    this.#attempts += 1
    const session = this.#session
    const attempt = this.#attempts
    const resume = session && {
      session: session.session,
      key: session.key,
      position: this.#position,
      attempt,
    }
    return { type: 'connect', ...(resume && { resume }) }
  }

  #take(frame: DownFrame): void {
    this.frames.push(frame)
    if (isCounted(frame)) this.#position += 1
    if (frame.type === 'connected' || frame.type === 'reset') this.#session = frame
  }
}

interface World extends AsyncDisposable {
  readonly app: Realtime
  readonly proxy: Awaited<ReturnType<typeof faultyProxy>>
  talk(before?: Talk): Talk
}

/** A server, and a proxy between it and the transport. */
async function worldOf(
  subject: TransportSubject,
  faults: Omit<FaultyProxyOptions, 'random'> = {},
): Promise<World> {
  const app = realtime({ channels: [room], authenticate: () => ({ id: 'somebody' }) })
  const server = await (subject.serve?.(app) ?? serve({ app, dialects: [native()] }))
  const proxy = await faultyProxy(server.url, { ...faults, random: seeded(1) })
  return {
    app,
    proxy,
    talk: (before) => new Talk(subject.transport, proxy.url, before),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** Others hear what is said now; a carrier that is over does not. */
async function expectSilence(over: Talk, { app, talk }: World): Promise<void> {
  const told = [...over.told]
  over.echo('to nobody')
  const witness = await talk().join()
  await app.channel('room').publish('news', 1)
  await witness.until(() => witness.bodies('publish').length === 1)
  expect(over.told, told)
  expect(told.filter((what) => what === 'closed').length, over.end === undefined ? 0 : 1)
  witness.close(1000)
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** What every `Transport` promises. A case has a server of its own. */
export const transportContract: readonly ContractCase<TransportSubject>[] = [
  {
    title: 'a carrier is opened once, after open has returned and before anything is received',
    async check(subject) {
      await using world = await worldOf(subject)
      const talk = await world.talk().join()
      expect(talk.told[0], 'opened')
      expect(
        talk.told.filter((what) => what !== 'received'),
        ['opened'],
      )
      talk.close(1000)
    },
  },
  {
    title: 'frames arrive whole, in order, and none twice, both ways',
    async check(subject) {
      await using world = await worldOf(subject)
      const talk = await world.talk().join()
      const bodies = numbers(300).map((number) => `${number} é 😀 \n "`)
      for (const body of bodies) talk.echo(body)
      await talk.until(() => talk.bodies('reply').length >= bodies.length)
      expect(talk.bodies('reply'), bodies)
      const { publish } = world.app.channel('room')
      for (const body of bodies) await publish('news', body)
      await talk.until(() => talk.bodies('publish').length >= bodies.length)
      expect(talk.bodies('publish'), bodies)
      talk.close(1000)
    },
  },
  {
    title: 'a frame of some hundred kilobytes is a frame like any other',
    async check(subject) {
      await using world = await worldOf(subject)
      const talk = await world.talk().join()
      const bodies = ['before', 'x'.repeat(400_000), 'behind']
      for (const body of bodies) talk.echo(body)
      await talk.until(() => talk.bodies('reply').length >= 3)
      expect(talk.bodies('reply'), bodies)
      talk.close(1000)
    },
  },
  {
    title: 'a slow link changes nothing but the time it takes',
    async check(subject) {
      await using world = await worldOf(subject, { throttledBytes: 300, spellMs: 500 })
      const talk = await world.talk().join()
      world.proxy.inflict('throttle')
      const bodies = numbers(50)
      for (const body of bodies) talk.echo(body)
      await talk.until(() => talk.bodies('reply').length >= bodies.length)
      expect(talk.bodies('reply'), bodies)
      talk.close(1000)
    },
  },
  {
    title: 'the last word of the server arrives, and nothing behind it but the end',
    async check(subject) {
      await using world = await worldOf(subject)
      const talk = await world.talk().join()
      await world.app.user('somebody').revoke('Good-bye')
      // Between two requests nobody can be told; then the next one hears of another session.
      await talk.until(() => talk.has('close') || talk.has('reset'))
      // What a client does: a carrier of many requests does not see that it was the last word.
      talk.close(1000)
      await expectSilence(talk, world)
    },
  },
  {
    title: 'a carrier that is cut is closed once, and tells nothing after',
    async check(subject) {
      await using world = await worldOf(subject)
      const talk = await world.talk().join()
      world.proxy.inflict('cut')
      await talk.ended()
      await expectSilence(talk, world)
    },
  },
  {
    title: 'a session goes on over another carrier, behind what the first one brought',
    async check(subject) {
      await using world = await worldOf(subject)
      const first = await world.talk().join()
      const { publish } = world.app.channel('room')
      await publish('news', 1)
      await first.until(() => first.bodies('publish').length === 1)
      first.close(4000)
      await publish('news', 2)
      const second = world.talk(first)
      await second.until(() => second.bodies('publish').length === 1)
      expect([second.has('resumed'), second.bodies('publish')], [true, [2]])
      second.close(1000)
    },
  },
  {
    title: 'a carrier that was closed tells nothing any more, at whatever moment that was',
    async check(subject) {
      await using world = await worldOf(subject)
      const atOnce = world.talk()
      atOnce.close(4000)
      const later = await world.talk().join()
      later.close(4000)
      await expectSilence(later, world)
      expect(atOnce.told, [])
    },
  },
  {
    title: 'where nobody listens it is closed without having been opened',
    async check(subject) {
      const world = await worldOf(subject)
      await world[Symbol.asyncDispose]()
      const talk = world.talk()
      await talk.ended()
      expect(talk.told, ['closed'])
    },
  },
  {
    title: 'a refusal is told with its status, and with when to try again',
    async check(subject) {
      const refusal = { status: 503, headers: { 'Retry-After': '7' } }
      await using world = await worldOf(subject, { refusal })
      world.proxy.inflict('refuse')
      const talk = world.talk()
      const { status, retryAfterMs } = await talk.ended()
      expect(talk.told, ['closed'])
      if (subject.tellsStatus !== false) expect([status, retryAfterMs], [503, 7_000])
    },
  },
]
