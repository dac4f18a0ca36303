// @ts-check
// Heartbeat: a pulled cable sends no goodbye, and TCP alone may take hours to notice. Here a peer that is silent for 2 s
// is pinged, and cut 2 s later if it still says nothing; every WebSocket client answers pings by itself.
// The defaults are 25 s and 20 s. Whatever the peer says counts, so a busy connection is never pinged.
//
//   node examples/heartbeat/server.mjs
//   npx polyplex connect ws://localhost:8080     stop it with Ctrl+Z, which is as good as a pulled cable
import { serve } from 'polyplex/server'
import { runAsProgram } from '../program.mjs'

/** @typedef {import('polyplex/server').Closed} Closed */

export function start({ port = 0, everyMs = 2_000, graceMs = 2_000, left = report } = {}) {
  return serve({
    port,
    heartbeat: { everyMs, graceMs },
    open: (socket) => console.log(`${socket.request.remoteAddress} came`),
    close: (_socket, closed) => left(closed),
    error() {}, // the reason also comes with `close`
  })
}

/** @param {Closed} closed */
function report({ code, error }) {
  // 1006 is never sent: it says that the connection ended without a close frame.
  if (error?.code === 'ERR_HEARTBEAT_TIMEOUT') console.log(`gone without a word: ${error.message}`)
  else console.log(`left with ${code}`)
}

await runAsProgram(import.meta.url, start)
