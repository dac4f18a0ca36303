import type { SessionEvent } from '../channels/carrier.ts'
import { channel } from '../channels/channel.ts'
import type { Core } from '../channels/core.ts'
import type { Dialect, Mount } from '../channels/dialect.ts'
import { type Realtime, realtime } from '../channels/realtime.ts'
import { CallError } from '../errors.ts'
import { serve } from '../server/serve.ts'
import { type ContractCase, expect } from './contract.ts'

/** A client of a dialect, in a channel: the real one, or one written for the test. */
export interface DialectClient {
  /** Sends an event without an answer. */
  send(event: string, body: unknown): void
  /** Sends an event and resolves with its answer; absent where clients of this dialect have no calls. */
  call?(event: string, body: unknown): Promise<unknown>
  /** Resolves with the bodies of the first so many messages of the channel, as soon as they are there. */
  heard(count: number): Promise<readonly unknown[]>
  /** Resolves when it is out of the channel, or of the server, with what it was told about that. */
  out(): Promise<unknown>
  /** Says what is no word of the protocol. */
  sayNonsense(): void
  /**
   * Loses its connection without a word, lets `away` happen, and comes back as the protocol has it; absent where that has
   * no way to go on.
   */
  comeBack?(away: () => Promise<unknown>): Promise<void>
  /** Leaves the server for good. */
  close(): void
}

/** A `Dialect` to be judged. */
export interface DialectSubject {
  readonly dialect: Dialect
  /** Connects to the server at `url` and joins `channel`; rejects where it is not let in. `token` is what it shows. */
  join(url: string, channel: string, token: string): Promise<DialectClient>
}

/** What a dialect was seen to do with the core. */
interface Observed {
  mount?: Mount
  /** What an event became, for each session that had it. */
  readonly units: Map<SessionEvent, Set<unknown>>
}

interface World extends AsyncDisposable {
  readonly app: Realtime
  readonly errors: Error[]
  readonly observed: Observed
  readonly dialects: Set<string>
  join(token?: string): Promise<DialectClient>
  close(): Promise<void>
}

async function worldOf({ dialect, join }: DialectSubject): Promise<World> {
  const errors: Error[] = []
  const dialects = new Set<string>()
  const observed: Observed = { units: new Map() }
  const room = channel('room:{id}', {
    events: { message: {}, echo: {}, fail: {} },
    history: { limit: 1_000, ttlMs: 60_000 },
    join: (ctx) => {
      dialects.add(ctx.dialect)
    },
    on: {
      message: async (ctx, body) => {
        await ctx.publish('message', body)
        return 'published'
      },
      echo: (_ctx, body) => body,
      fail() {
        throw new CallError('ERR_APPLICATION', { message: 'Not today', reason: 'sunday' })
      },
    },
  })
  const app = realtime({
    channels: [room],
    authenticate({ token }) {
      if (token === 'nobody') throw new CallError('ERR_UNAUTHORIZED', { message: 'Who is this?' })
      return { id: token as string }
    },
    onError: (error) => errors.push(error),
  })
  const server = await serve({ app, dialects: [observing(dialect, observed)] })
  return {
    app,
    errors,
    observed,
    dialects,
    join: (token = 'ada') => join(server.url, 'room:1', token),
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** The same dialect, watched. */
function observing(dialect: Dialect, observed: Observed): Dialect {
  return {
    name: dialect.name,
    mount(core) {
      const open: Core['open'] = (encoder, credentials) => {
        const watched: typeof encoder = {
          ...encoder,
          encode(event) {
            const unit = encoder.encode(event)
            const units = observed.units.get(event) ?? new Set()
            observed.units.set(event, units.add(unit))
            return unit
          },
        }
        return core.open(watched, credentials)
      }
      const watchedCore = new Proxy(core, {
        get(target, key) {
          if (key === 'open') return open
          const value: unknown = Reflect.get(target, key, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
      observed.mount = dialect.mount(watchedCore)
      return observed.mount
    },
  }
}

/** Bodies that every dialect can carry: texts. */
const texts = (count: number): string[] => Array.from({ length: count }, (_, index) => `text ${index + 1}`)

/** What every `Dialect` promises. A case has a server of its own. */
export const dialectContract: readonly ContractCase<DialectSubject>[] = [
  {
    title: 'it claims what is its own, and leaves everything else to others',
    async check(subject) {
      await using world = await worldOf(subject)
      const ada = await world.join()
      ada.send('message', 'mine')
      expect(await ada.heard(1), ['mine'])
      const mount = world.observed.mount as Mount
      const foreign = { path: '/of/somebody/else', protocols: ['protocol.of.somebody.else'] }
      expect([mount.claims(foreign), mount.claims(foreign)], [false, false])
      expect(await mount.fetch?.(new Request('http://localhost/of/somebody/else')), undefined)
      ada.close()
    },
  },
  {
    title: 'the application sees its name, and nothing else of it',
    async check(subject) {
      await using world = await worldOf(subject)
      const ada = await world.join()
      expect([...world.dialects], [subject.dialect.name])
      ada.close()
    },
  },
  {
    title: 'who is not known is not let in',
    async check(subject) {
      await using world = await worldOf(subject)
      const outcome = await world.join('nobody').then(
        () => 'let in',
        () => 'refused',
      )
      expect([outcome, world.app.sessionCount], ['refused', 0])
    },
  },
  {
    title: 'members hear all messages in one order, those of others and their own',
    async check(subject) {
      await using world = await worldOf(subject)
      const [ada, bob] = [await world.join('ada'), await world.join('bob')]
      const bodies = texts(100)
      for (const [index, body] of bodies.entries()) (index % 2 === 0 ? ada : bob).send('message', body)
      const [one, two] = [await ada.heard(100), await bob.heard(100)]
      expect(one, two)
      const [evens, odds] = [0, 1].map((rest) => bodies.filter((_, index) => index % 2 === rest))
      expect(
        one.filter((body) => evens?.includes(body as string)),
        evens,
      )
      expect(
        one.filter((body) => odds?.includes(body as string)),
        odds,
      )
      ada.close()
      bob.close()
    },
  },
  {
    title: 'a call is answered, behind what it published, and its refusal reaches the caller',
    async check(subject) {
      await using world = await worldOf(subject)
      const ada = await world.join()
      if (ada.call !== undefined) {
        expect(await ada.call('echo', { deep: [1, null, 'é 😀'] }), { deep: [1, null, 'é 😀'] })
        expect(await ada.call('message', 'asked'), 'published')
        expect(await ada.heard(1), ['asked'])
        const outcome = await ada.call('fail', 'now').then(
          () => 'answered',
          () => 'refused',
        )
        expect(outcome, 'refused')
      }
      ada.close()
      expect(world.errors.length, 0)
    },
  },
  {
    title: 'a large message between small ones is one message',
    async check(subject) {
      await using world = await worldOf(subject)
      const ada = await world.join()
      const bodies = ['before', 'é'.repeat(200_000), 'behind']
      for (const body of bodies) await world.app.channel('room:1').publish('message', body)
      expect(await ada.heard(3), bodies)
      ada.close()
    },
  },
  {
    title: 'a message for many is encoded once',
    async check(subject) {
      await using world = await worldOf(subject)
      const clients = []
      for (const token of ['ada', 'bob', 'eve']) clients.push(await world.join(token))
      await world.app.channel('room:1').publish('message', 'hello')
      for (const client of clients) expect(await client.heard(1), ['hello'])
      const hello = [...world.observed.units].filter(
        ([event]) => event.type === 'publish' && event.body === 'hello',
      )
      expect(
        hello.map(([, units]) => units.size),
        [1],
      )
      for (const client of clients) client.close()
    },
  },
  {
    title: 'who is removed, revoked, or loses the server is told, each in its own way',
    async check(subject) {
      await using world = await worldOf(subject)
      const told = []
      const kicked = await world.join('ada')
      await world.app.user('ada').kick('room:1', 'Be nice')
      told.push(await kicked.out())
      kicked.close()
      const revoked = await world.join('bob')
      await world.app.user('bob').revoke()
      told.push(await revoked.out())
      const last = await world.join('eve')
      await world.close()
      told.push(await last.out())
      expect(new Set(told.map((what) => JSON.stringify(what))).size, 3)
    },
  },
  {
    title: 'nonsense ends at most the session of whoever says it',
    async check(subject) {
      await using world = await worldOf(subject)
      const [ada, eve] = [await world.join('ada'), await world.join('eve')]
      eve.sayNonsense()
      for (const body of texts(10)) ada.send('message', body)
      expect(await ada.heard(10), texts(10))
      expect(world.errors.length, 0)
      ada.close()
      eve.close()
    },
  },
  {
    title: 'who comes back hears what was missed, once, and then what is new',
    async check(subject) {
      await using world = await worldOf(subject)
      const ada = await world.join()
      const { publish } = world.app.channel('room:1')
      await publish('message', 'one')
      await ada.heard(1)
      if (ada.comeBack !== undefined) {
        await ada.comeBack(async () => {
          for (const body of ['two', 'three']) await publish('message', body)
        })
        await publish('message', 'four')
        expect(await ada.heard(4), ['one', 'two', 'three', 'four'])
      }
      ada.close()
    },
  },
  {
    title: 'who leaves for good leaves nothing behind',
    async check(subject) {
      await using world = await worldOf(subject)
      const ada = await world.join()
      ada.close()
      while (world.app.sessionCount > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    },
  },
]
