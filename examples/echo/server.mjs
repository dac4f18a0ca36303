// @ts-check
// Echo: whatever a client sends comes back, text as text and binary as binary.
//
//   node examples/echo/server.mjs
//   npx polyplex connect ws://localhost:8080
import { serve } from 'polyplex/server'
import { runAsProgram } from '../program.mjs'

export function start({ port = 0 } = {}) {
  return serve({
    port,
    message(socket, data) {
      socket.send(data)
    },
  })
}

await runAsProgram(import.meta.url, start)
