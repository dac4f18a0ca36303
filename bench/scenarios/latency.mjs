// Latency at half of the load that ws can take at most: the same rate for everybody.

/** @import { Scenario } from '../model.ts' */

const connections = 100

/** @type {Scenario} */
const scenario = {
  name: 'latency',
  title: 'latency at half load',
  mix: 'echo 64 bytes of binary, 100 connections in turn at half the rate that ws reaches with one message in flight on each',
  figures: [
    { id: 'latency-p50', title: 'latency at half load, median', unit: 'µs' },
    { id: 'latency-p99', title: 'latency at half load, 99th percentile', unit: 'µs' },
  ],
  peers: ['polyplex', 'ws', 'bun', 'deno'],
  estimateSeconds: ({ seconds }) => 2 * seconds + 1.6,
  suits: (peer) => peer.can({ kind: 'echo' }) && peer.speaks === undefined,
  async prepare({ serve, load }) {
    const server = await serve({ kind: 'echo' })
    const { messagesPerSecond } = await load('echo-load', server, { connections, seconds: 1 })
    return Math.round(messagesPerSecond / 2)
  },
  async measure({ serve, load, prepared, seconds }) {
    const rate = prepared
    const server = await serve({ kind: 'echo' })
    const result = await load('paced-load', server, { connections, rate, seconds: 2 * seconds })
    const { p50Microseconds, p99Microseconds, p999Microseconds } = result
    return {
      ...result,
      values: { 'latency-p50': p50Microseconds, 'latency-p99': p99Microseconds },
      details: { rate, p999Microseconds },
    }
  },
}

export default [scenario]
