// Over TLS, and over HTTP/2: for information. The load comes from Node, which is slower than the servers it loads.
import { join } from 'node:path'
import { benchFolder } from '../peers.mjs'

/** @import { Scenario } from '../model.ts' */

/** @returns {Scenario} */
function secure(
  /** @type {{ name: string, title: string, over: 'tls' | 'http2', peers: string[], mix: string }} */ {
    name,
    title,
    over,
    peers,
    mix,
  },
) {
  return {
    name,
    title,
    mix,
    figures: [{ id: name, title, unit: 'µs' }],
    peers,
    estimateSeconds: ({ seconds }) => seconds + 2,
    suits: (peer) => peers.includes(peer.name),
    async measure({ serve, run, certificate, seconds, warmUp }) {
      const server = await serve({ kind: 'echo', tls: certificate() })
      const task = { ...server, over, connections: 100, size: 64, seconds, warmUp }
      const args = [join(benchFolder, 'load', 'secure-load.mjs'), JSON.stringify(task)]
      const result = await run({ program: process.execPath, args }, seconds + warmUp + 30)
      return { ...result, values: { [name]: result['cpuMicroseconds'] } }
    },
  }
}

export default [
  secure({
    name: 'tls',
    title: 'echo 64 B over TLS',
    over: 'tls',
    peers: ['polyplex', 'ws', 'bun'],
    mix: '64 bytes of binary, TLS 1.3, 100 connections, 1 in flight on each',
  }),
  secure({
    name: 'http2',
    title: 'echo 64 B over HTTP/2',
    over: 'http2',
    peers: ['polyplex'],
    mix: '64 bytes of binary, 100 streams on 10 connections of HTTP/2 over TLS, 1 in flight on each',
  }),
]
