// One connection sends, everybody gets it: CPU of the server per delivery.
import { compressed, compressedText, jsonMessage, offers } from '../measuring/messages.mjs'

/** @import { Scenario } from '../model.ts' */

const plain = [
  'polyplex',
  'polyplex-ws',
  'ws',
  'bun',
  'deno',
  'websocket',
  'nodejs-websocket',
  'python-websockets',
  'floor',
]

/** @returns {Scenario} */
function fanOut(/** @type {{ name: string, title: string, inFlight: number }} */ { name, title, inFlight }) {
  return {
    name,
    title,
    mix: `128 bytes of binary to 500 subscribers, ${inFlight} in flight; per delivery`,
    figures: [{ id: name, title, unit: 'µs' }],
    peers: plain,
    estimateSeconds: ({ seconds }) => seconds + 2.2,
    suits: (peer) => peer.can({ kind: 'fan-out' }),
    async measure({ serve, load }) {
      const server = await serve({ kind: 'fan-out' })
      const result = await load('fanout-load', server, { subscribers: 500, size: 128, 'in-flight': inFlight })
      return { ...result, values: { [name]: result['cpuMicroseconds'] } }
    },
  }
}

/** @type {Scenario} */
const compressedFanOut = {
  name: 'fan-out-deflate',
  title: 'fan-out 1 KB JSON to 200, deflate',
  mix: '1024 bytes of JSON to 200 subscribers, permessage-deflate without context takeover, 1 in flight; per delivery',
  figures: [{ id: 'fan-out-deflate', title: 'fan-out 1 KB JSON to 200, deflate', unit: 'µs' }],
  peers: ['polyplex', 'polyplex-ws', 'ws', 'bun'],
  estimateSeconds: ({ seconds }) => seconds + 2.2,
  suits: (peer) => peer.can({ kind: 'fan-out', compression: 'no takeover' }),
  async measure({ serve, load, frame }) {
    const server = await serve({ kind: 'fan-out', compression: 'no takeover' })
    const result = await load('fanout-load', server, {
      subscribers: 200,
      header: offers['no takeover'],
      frame: frame('json-1k-deflate', compressedText, compressed(jsonMessage())),
    })
    return { ...result, values: { 'fan-out-deflate': result['cpuMicroseconds'] } }
  },
}

export default [
  fanOut({ name: 'fan-out', title: 'fan-out 128 B to 500, 1 in flight', inFlight: 1 }),
  fanOut({ name: 'fan-out-8', title: 'fan-out 128 B to 500, 8 in flight', inFlight: 8 }),
  compressedFanOut,
]
