// Channels as a server writes them, and what the compiler must refuse.
import { channel, realtime, type StandardSchema } from 'polyplex/server'

declare const message: StandardSchema<{ text: string }, { text: string; length: number }>
declare const receipt: StandardSchema<{ offset: number }>

export const room = channel('room:{id}:{part}', {
  events: { message: { input: message, output: receipt }, note: { delivery: receipt }, free: {} },
  history: { limit: 10, ttlMs: 1_000 },
  join(ctx, params) {
    const both: [string, string] = [params.id, params.part]
    // @ts-expect-error the pattern has no such part
    const missing: unknown = params.room
    return { both, missing, who: ctx.principal.id }
  },
  on: {
    async message(ctx, body) {
      const length: number = body.length
      const { offset } = await ctx.publish('message', { text: `${length}` })
      await ctx.publish('note', { offset })
      // @ts-expect-error what is published must fit
      await ctx.publish('message', 7)
      // @ts-expect-error there is no such event
      ctx.send('missing', 7)
      const answer: { offset: number } = await ctx.call('message', { text: '' })
      return answer
    },
    async *free() {
      yield 1
    },
  },
})

channel('wrong', {
  events: { message: { output: receipt } },
  // @ts-expect-error the answer must fit
  on: { message: () => ({ offset: 'first' }) },
})

export const app = realtime({ channels: [room] })
export const pattern: 'room:{id}:{part}' = app.channels[0].pattern.text
