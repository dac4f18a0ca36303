// @ts-check
// A chat on channels: rooms with history, presence and names; a page that stays connected; and `curl` beside it.
//
//   node examples/realtime-chat/server.mjs      then open http://localhost:8080 in two windows
//   curl -N localhost:8080/channels/room:lobby
//   curl -d hello 'localhost:8080/channels/room:lobby'
import { readFile } from 'node:fs/promises'
import { channel, native, plain, realtime, serve } from 'polyplex/server'
import { runAsProgram } from '../program.mjs'

const room = channel('room:{id}', {
  events: { message: {} },
  history: { limit: 100, ttlMs: 3_600_000 },
  presence: true,
  rate: { perSecond: 5, burst: 20 },
  on: {
    message: (ctx, text) =>
      ctx.publish('message', { name: ctx.principal.id ?? 'somebody', text: String(text) }),
  },
})

const app = realtime({
  channels: [room],
  authenticate: ({ token }) => (token ? { id: token } : undefined),
})

/** The page, and the files of the package that it imports. @param {Request} request */
async function page(request) {
  const { pathname } = new URL(request.url)
  const [, module] = /^\/polyplex\/((?:index\.browser|shared\/[\w-]+)\.js)$/.exec(pathname) ?? []
  if (module === undefined && pathname !== '/') return new Response('Not found\n', { status: 404 })
  const file = module
    ? new URL(module, import.meta.resolve('polyplex'))
    : new URL('index.html', import.meta.url)
  const headers = { 'Content-Type': module ? 'text/javascript' : 'text/html; charset=utf-8' }
  return new Response(await readFile(file), { headers })
}

export function start({ port = 0 } = {}) {
  return serve({ port, app, dialects: [native(), plain()], fetch: page })
}

await runAsProgram(import.meta.url, start)
