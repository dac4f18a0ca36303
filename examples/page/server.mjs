// @ts-check
// A page: `index.html` talks through the browser's own `new WebSocket`; the same server hands it out and answers it.
// No build step, no library in the page.
//
//   node examples/page/server.mjs      then open http://localhost:8080
import { readFile } from 'node:fs/promises'
import { serve } from 'polyplex/server'
import { runAsProgram } from '../program.mjs'

export function start({ port = 0 } = {}) {
  return serve({
    port,
    async fetch(request) {
      if (new URL(request.url).pathname !== '/') return new Response('Not found\n', { status: 404 })
      const page = await readFile(new URL('index.html', import.meta.url))
      return new Response(page, { headers: { 'Content-Type': 'text/html; charset=utf-8' } })
    },
    message(socket, data) {
      socket.send(typeof data === 'string' ? `You said: ${data}` : data)
    },
  })
}

await runAsProgram(import.meta.url, start)
