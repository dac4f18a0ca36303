// Memory of a server under minutes of compressed traffic: how much it comes to, and whether it goes on growing.
import { compressed, compressedText, jsonMessage, offers } from '../measuring/messages.mjs'
import { median } from '../measuring/statistics.mjs'

/** @import { Scenario } from '../model.ts' */

const connections = 2_000
const rate = 4_000

/** @returns {Scenario} */
function memory(
  /** @type {{ name: string, compression: 'ordinary' | 'no takeover', title: string }} */ {
    name,
    compression,
    title,
  },
) {
  return {
    name,
    title,
    mix: `echo of 1024 bytes of JSON, ${connections} connections that offer permessage-deflate ${compression === 'ordinary' ? 'as browsers do' : 'without context takeover'}, ${rate} messages per second together`,
    figures: [
      { id: name, title, unit: 'MB' },
      { id: `${name}-growth`, title: `${title}: last quarter to second`, unit: '%' },
    ],
    peers: ['polyplex', 'ws', 'bun'],
    needsFreshServer: true,
    maxRounds: 1,
    estimateSeconds: ({ minutes }) => minutes * 60 + 3,
    suits: (peer) => peer.can({ kind: 'echo', compression }),
    async measure({ serve, load, frame, settings }) {
      const server = await serve({ kind: 'echo', compression })
      const seconds = settings.minutes * 60
      const result = await load('paced-load', server, {
        connections,
        rate,
        seconds,
        'warm-up': 1,
        'sample-every': Math.max(0.25, seconds / 240),
        header: offers[compression],
        frame: frame('json-1k-deflate', compressedText, compressed(jsonMessage())),
      })
      const { memory, behindSeconds, residentBytesBefore } = result
      const quarter = Math.floor(memory.length / 4)
      const last = median(memory.slice(-quarter))
      const growth = last / median(memory.slice(quarter, 2 * quarter)) - 1
      return {
        ...result,
        values: { [name]: last / 1e6, [`${name}-growth`]: growth * 100 },
        details: {
          megabytesBefore: residentBytesBefore / 1e6,
          megabytes: memory.map((/** @type {number} */ bytes) => Math.round(bytes / 1e5) / 10),
          cpuMicroseconds: result['cpuMicroseconds'],
          behindSeconds,
        },
      }
    },
  }
}

export default [
  memory({
    name: 'deflate-memory',
    compression: 'ordinary',
    title: 'memory after compressed traffic',
  }),
  memory({
    name: 'deflate-memory-no-takeover',
    compression: 'no takeover',
    title: 'memory after compressed traffic, no takeover',
  }),
]
