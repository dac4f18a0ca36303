// Ten thousand connections that do nothing: CPU of a handshake, memory of a connection.

/** @import { Scenario } from '../model.ts' */

const connections = 10_000

/** @type {Scenario} */
const scenario = {
  name: 'idle',
  title: `${connections.toLocaleString('en')} idle connections`,
  mix: 'handshakes with the header fields of a browser, 50 at a time; memory some seconds after the last',
  figures: [
    { id: 'handshake', title: 'handshake', unit: 'µs' },
    { id: 'idle-memory', title: 'memory per idle connection', unit: 'bytes' },
  ],
  peers: [
    'polyplex',
    'ws',
    'bun',
    'deno',
    'websocket',
    'nodejs-websocket',
    'python-websockets',
    'gorilla',
    'floor',
  ],
  needsFreshServer: true,
  estimateSeconds: ({ settleSeconds }) => settleSeconds + 3,
  suits: (peer) => peer.can({ kind: 'echo' }) && peer.speaks === undefined,
  async measure({ serve, load, settings }) {
    const server = await serve({ kind: 'echo' })
    const result = await load('idle-load', server, { connections, settle: settings.settleSeconds })
    return {
      ...result,
      values: { handshake: result['cpuMicroseconds'], 'idle-memory': result['bytesPerConnection'] },
    }
  },
}

export default [scenario]
