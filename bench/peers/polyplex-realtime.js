// Ours with channels: a call, a room, and a room with history. The folder of the built library comes as an argument.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const task = JSON.parse(process.argv[2])
const { channel, native, realtime, serve } = await import(
  pathToFileURL(join(task.library, 'index.server.js')).href
)

const room = channel('room', {
  events: { call: {}, say: {}, said: {} },
  ...(task.history && { history: { limit: 200, ttlMs: 3_600_000 } }),
  ...(task.presence && { presence: true }),
  on: {
    call: (_, body) => body,
    say: (ctx, body) => void ctx.publish('said', body),
  },
})

const server = await serve({ port: 0, app: realtime({ channels: [room] }), dialects: [native()] })
console.log(server.port)
