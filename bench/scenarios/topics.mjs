// More and more topics: publishing to one with a single subscriber must not cost more because there are others.

/** @import { Scenario } from '../model.ts' */

const connections = 10

/** @returns {Scenario} */
function withTopics(/** @type {number} */ topics) {
  const name = `topics-${topics}`
  const title = `publish to one of ${topics.toLocaleString('en')} topics`
  return {
    name,
    title,
    mix: `64 bytes of binary, ${connections} connections with ${topics / connections} topics each, 16 in flight on each`,
    figures: [{ id: name, title, unit: 'µs' }],
    peers: ['polyplex', 'bun'],
    estimateSeconds: ({ seconds }) => seconds + 1.6 + topics / 100_000,
    suits: (peer) => peer.can({ kind: 'topics' }),
    async measure({ serve, load }) {
      const server = await serve({ kind: 'topics', topicsEach: topics / connections })
      const result = await load('echo-load', server, { connections, 'in-flight': 16 })
      return { ...result, values: { [name]: result['cpuMicroseconds'] } }
    },
  }
}

export default [10, 1_000, 100_000].map(withTopics)
