import type { Bus } from '../../src/bus/contract.ts'
import { channel } from '../../src/channels/channel.ts'
import type { ChannelContext } from '../../src/channels/context.ts'
import type { Core } from '../../src/channels/core.ts'
import { type Realtime, realtime } from '../../src/channels/realtime.ts'
import { native } from '../../src/dialects/native/index.ts'
import { type Server, serve } from '../../src/server/serve.ts'
import { Sequence, type Violations } from './violations.ts'

/** What everybody does: `[who, number]`, the number counted by whoever does it. */
export type Mark = readonly [who: string, number: number]

/** What is known of a session, whoever asks later why it could not go on. */
export interface SessionFacts {
  readonly node: number
  readonly client: string
  /** Why it ended, and for how long it had been without a carrier then. */
  ended: { readonly why: string; readonly aloneMs: number } | undefined
  /** Why it could not be taken up, where it was asked and still there. */
  refused: string | undefined
  aloneSince: number | undefined
}

/** A member of a channel, as the server sees it. */
export interface Member {
  readonly key: string
  readonly session: string
  readonly ctx: ChannelContext
  /** Hints sent to it alone. */
  hints: number
}

export interface NodesOptions {
  readonly bus: Bus
  readonly count: number
  readonly windowMs: number
  readonly heartbeat: { readonly everyMs: number; readonly graceMs: number }
  readonly violations: Violations
}

/** One application on one or more nodes, which notes what reaches it. */
export class Nodes implements AsyncDisposable {
  readonly apps: Realtime[] = []
  readonly errors: Error[] = []
  readonly sessions = new Map<string, SessionFacts>()
  /** Members now, by client and channel. */
  readonly members = new Map<string, Member>()
  /** Hints to sessions that are gone or left the channel, by session and channel. */
  readonly hints = new Map<string, number>()
  /** What came from each client in each channel. */
  readonly arrived = new Map<string, Sequence>()
  readonly #options: NodesOptions
  readonly #servers: Server[] = []

  constructor(options: NodesOptions) {
    this.#options = options
  }

  async open(): Promise<this> {
    const { bus, count } = this.#options
    for (let node = 0; node < count; node++) {
      const app = realtime({
        channels: [this.#channel()],
        bus,
        authenticate: ({ token }) => ({ id: token as string }),
        limits: { windowMs: this.#options.windowMs, maxBytes: 33_554_432, maxAgeMs: 3_600_000 },
        onError: (error) => this.errors.push(error),
      })
      this.#watch(app.core, node)
      this.apps.push(app)
      const { heartbeat } = this.#options
      this.#servers.push(await serve({ app, dialects: [native({ heartbeat, pollMs: 1_000 })] }))
    }
    return this
  }

  get bus(): Bus {
    return this.#options.bus
  }

  get urls(): string[] {
    return this.#servers.map(({ url }) => url)
  }

  /** What is published by somebody who is in no channel. */
  publish(node: number, name: string, mark: Mark): Promise<unknown> {
    return (this.apps[node] as Realtime).channel(name).publish('posted', mark)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()))
  }

  /** Notes what a client has said in a channel: it must come once and in order. */
  #note(ctx: ChannelContext, [who, number]: Mark): void {
    const name = `${who} in ${ctx.channel} to the server`
    let sequence = this.arrived.get(name)
    if (sequence === undefined) {
      sequence = new Sequence(name, this.#options.violations)
      this.arrived.set(name, sequence)
    }
    sequence.take(number)
  }

  #channel() {
    const note = (ctx: ChannelContext, mark: unknown): void => this.#note(ctx, mark as Mark)
    return channel('room:{id}', {
      events: { post: {}, posted: {}, echo: {}, ask: {}, hint: {}, count: {}, sum: {} },
      history: { limit: 1_000_000, ttlMs: 3_600_000 },
      presence: true,
      join: (ctx) => {
        const key = `${ctx.principal.id} in ${ctx.channel}`
        this.members.set(key, { key, session: ctx.session, ctx: ctx as ChannelContext, hints: 0 })
      },
      leave: (ctx) => {
        const key = `${ctx.principal.id} in ${ctx.channel}`
        if (this.members.get(key)?.session === ctx.session) this.members.delete(key)
      },
      on: {
        post: async (ctx, body) => {
          note(ctx, body)
          return (await ctx.publish('posted', body)).offset
        },
        echo: (ctx, body) => {
          note(ctx, body)
          return body
        },
        async *count(ctx, body) {
          const [mark, to] = body as [Mark, number]
          note(ctx, mark)
          for (let item = 1; item <= to; item++) yield item
        },
        sum: async (ctx, body) => {
          note(ctx, body)
          const items: unknown[] = []
          for await (const item of ctx.items ?? []) items.push(item)
          return items
        },
      },
    })
  }

  /** Follows every session, so that a reset can be explained. */
  #watch(core: Core, node: number): void {
    const open = core.open.bind(core) as Core['open']
    core.open = async (encoder, credentials) => {
      const opened = await open(encoder, credentials)
      const { session } = opened
      const client = session.principal.id as string
      const facts: SessionFacts = {
        node,
        client,
        ended: undefined,
        refused: undefined,
        aloneSince: core.now(),
      }
      this.sessions.set(session.id, facts)
      let current: unknown
      const attach = session.attach.bind(session)
      session.attach = (carrier, position) => {
        const attachment = attach(carrier, position)
        if (attachment.resumed) {
          current = carrier
          facts.aloneSince = undefined
        } else facts.refused = attachment.reason
        return attachment
      }
      const detach = session.detach.bind(session)
      session.detach = (carrier) => {
        if (carrier === current) facts.aloneSince = core.now()
        detach(carrier)
      }
      const end = session.end.bind(session)
      session.end = (ending) => {
        facts.ended ??= { why: ending.why, aloneMs: core.now() - (facts.aloneSince ?? core.now()) }
        end(ending)
      }
      return opened
    }
  }
}
