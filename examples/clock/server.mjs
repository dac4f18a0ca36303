// @ts-check
// Server push: tells everybody the time, without being asked. One timer and one topic serve all clients; a message
// that goes to many is framed once.
//
//   node examples/clock/server.mjs
//   npx polyplex connect ws://localhost:8080 --listen < /dev/null
import { serve } from 'polyplex/server'
import { runAsProgram } from '../program.mjs'

export async function start({ port = 0, everyMs = 5_000 } = {}) {
  const server = await serve({
    port,
    open(socket) {
      socket.send(new Date().toISOString()) // the first one at once
      socket.subscribe('time')
    },
  })
  const timer = setInterval(() => server.publish('time', new Date().toISOString()), everyMs)
  server.closed.then(() => clearInterval(timer))
  return server
}

await runAsProgram(import.meta.url, start)
