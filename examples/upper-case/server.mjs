// @ts-check
// Upper case: answers every text with the same text, louder. Binary messages are refused with the close code that the
// standard has for them, 1003.
//
//   node examples/upper-case/server.mjs
//   echo hello | npx polyplex connect ws://localhost:8080 --once      prints HELLO!!!
import { serve } from 'polyplex/server'
import { runAsProgram } from '../program.mjs'

export function start({ port = 0 } = {}) {
  return serve({
    port,
    message(socket, data) {
      if (typeof data === 'string') socket.send(`${data.toUpperCase()}!!!`)
      else socket.close(1003, 'Text only')
    },
  })
}

await runAsProgram(import.meta.url, start)
