// @ts-check
// Video: 25 binary frames per second to every viewer. Whoever is behind skips frames instead of getting them late, and
// nobody else notices. A frame only goes to those for whom nothing waits; `bufferedAmount` says so.
//
//   node examples/video-stream/server.mjs
//   npx polyplex connect ws://localhost:8080 --json --listen < /dev/null
import { serve } from 'polyplex/server'
import { runAsProgram } from '../program.mjs'

/** @typedef {{ sent: number, skipped: number }} Count */

/** @type {import('polyplex/server').RouteOptions<Count>} */
export const viewing = {
  admit: () => ({ data: { sent: 0, skipped: 0 } }),
  close({ data }) {
    console.log(`a viewer left: ${data.sent} frames sent, ${data.skipped} skipped`)
  },
}

/**
 * Sends a frame to everybody who has room for it.
 *
 * @param {Iterable<import('polyplex/server').Socket<Count>>} viewers
 * @param {Uint8Array} frame
 */
export function show(viewers, frame) {
  for (const viewer of viewers) {
    if (viewer.bufferedAmount > 0) viewer.data.skipped++
    else {
      viewer.send(frame)
      viewer.data.sent++
    }
  }
}

/** What a camera would take; here the number of the frame has to do. */
export function frame(number = 0, bytes = 40_000) {
  const pixels = new Uint8Array(bytes)
  new DataView(pixels.buffer).setUint32(0, number)
  return pixels
}

export async function start({ port = 0, framesPerSecond = 25 } = {}) {
  const server = await serve({ port, ...viewing })
  let number = 0
  const timer = setInterval(() => show(server.sockets, frame(number++)), 1000 / framesPerSecond)
  server.closed.then(() => clearInterval(timer))
  return server
}

await runAsProgram(import.meta.url, start)
