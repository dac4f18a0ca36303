import { CallError, type ChannelContext, channel } from '../../index.server.ts'
import { Pace } from './pace.ts'
import { known, nameOf, optional, type Said, saidOf } from './schema.ts'

/** Rooms there are; nobody can make more. */
export const roomNames: readonly string[] = ['lobby', 'kitchen', 'workshop', 'rooftop']

const mostCharacters = 1_000
const mostOfAName = 32
/** Somebody who types says so every other second; whoever stopped, or vanished, is forgotten after this. */
const typingMs = 4_000

/** What everybody in a room hears. */
export interface Message {
  readonly user: string
  readonly name: string
  readonly text: string
  /** The dialect it was said in. */
  readonly via: string
  readonly key?: string | undefined
}

/** What others see of somebody who is here. */
export interface Meta {
  readonly name: string
  readonly via: string
  readonly typing: boolean
}

const events = {
  message: { input: saidOf(mostCharacters), delivery: known<Message>() },
  typing: { input: known<boolean>() },
  rename: { input: nameOf(mostOfAName) },
} as const

type Context = ChannelContext<typeof events>

/** What is kept of a member. */
interface Kept {
  name: string
  typing?: NodeJS.Timeout | undefined
}

const kept = (ctx: Context): Kept => ctx.data as unknown as Kept

/** As presence has it. */
const userOf = (ctx: Context): string => ctx.principal.id ?? ctx.session

function show(ctx: Context): void {
  const { name, typing } = kept(ctx)
  ctx.presence.set({ name, via: ctx.dialect, typing: typing !== undefined } satisfies Meta)
}

function setTyping(ctx: Context, types: boolean): void {
  const data = kept(ctx)
  const before = data.typing !== undefined
  clearTimeout(data.typing)
  data.typing = types ? setTimeout(() => setTyping(ctx, false), typingMs).unref() : undefined
  if (before !== types) show(ctx)
}

/** Chat rooms: names, presence, typing marks, history. */
export function rooms() {
  const paces = new Map(roomNames.map((name) => [name, new Pace({ perSecond: 10, burst: 50 })]))
  return channel('room:{id}', {
    events,
    params: optional('name', nameOf(mostOfAName)),
    history: { limit: 200, ttlMs: 86_400_000 },
    presence: true,
    rate: { perSecond: 5, burst: 30 },
    join(ctx, params) {
      if (!roomNames.includes(params.id)) {
        const message = `There is no such room; there are ${roomNames.join(', ')}`
        throw new CallError('ERR_APPLICATION', { message, reason: 'no-such-room' })
      }
      const { name = `Guest ${ctx.session.slice(0, 4)}` } = params as { readonly name?: string }
      kept(ctx).name = name
      show(ctx)
      return { user: userOf(ctx) }
    },
    on: {
      async message(ctx, { text, key }: Said) {
        paces.get(ctx.params['id'] ?? '')?.take()
        setTyping(ctx, false)
        const user = userOf(ctx)
        const message = { user, name: kept(ctx).name, text, via: ctx.dialect, ...(key && { key }) }
        const { offset } = await ctx.publish(
          'message',
          message,
          key === undefined ? {} : { id: `${user} ${key}` },
        )
        return { offset }
      },
      typing: (ctx, types) => void setTyping(ctx, types === true),
      rename(ctx, name) {
        kept(ctx).name = name
        show(ctx)
      },
    },
    leave: (ctx) => clearTimeout(kept(ctx).typing),
  })
}
