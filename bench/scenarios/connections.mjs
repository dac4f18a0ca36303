// More and more connections, each with one message in flight: CPU per message must not grow with their number.

/** @import { Scenario } from '../model.ts' */

/** @returns {Scenario} */
function withConnections(/** @type {number} */ connections) {
  const name = `connections-${connections}`
  const title = `echo 64 B, ${connections.toLocaleString('en')} connections`
  return {
    name,
    title,
    mix: `64 bytes of binary, ${connections} connections, 1 in flight on each`,
    figures: [{ id: name, title, unit: 'µs' }],
    peers: ['polyplex', 'ws', 'bun'],
    estimateSeconds: ({ seconds }) => seconds + 1.6 + connections / 3000,
    suits: (peer) => peer.can({ kind: 'echo' }),
    async measure({ serve, load }) {
      const server = await serve({ kind: 'echo' })
      const result = await load('echo-load', server, { connections })
      return { ...result, values: { [name]: result['cpuMicroseconds'] } }
    },
  }
}

export default [100, 1_000, 10_000].map(withConnections)
