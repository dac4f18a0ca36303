// Ten thousand connections that do nothing: CPU of a handshake, memory of a connection.
import { setTimeout } from 'node:timers/promises'

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
    'polyplex-ws',
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

/** @type {Scenario} */
const warm = {
  name: 'handshake-warm',
  title: 'handshake, warm server',
  mix: `${connections} handshakes after as many have been made and closed: nothing is compiled or grown any more`,
  figures: [{ id: 'handshake-warm', title: 'handshake, warm server', unit: 'µs' }],
  peers: ['polyplex', 'ws', 'bun'],
  needsFreshServer: true,
  estimateSeconds: () => 7,
  suits: (peer) => peer.can({ kind: 'echo' }) && peer.speaks === undefined,
  async measure({ serve, load }) {
    const server = await serve({ kind: 'echo' })
    await load('idle-load', server, { connections, settle: 0.2 })
    await setTimeout(3_000) // until all of them are closed on the server's side too
    const result = await load('idle-load', server, { connections, settle: 0.2 })
    return { ...result, values: { 'handshake-warm': result['cpuMicroseconds'] } }
  },
}

/** @type {Scenario} */
const later = {
  name: 'idle-later',
  title: 'idle connections, some time later',
  mix: 'as above, but the memory is looked at 20 s after the last handshake, when V8 may have given back what only the handshakes needed',
  figures: [{ id: 'idle-memory-later', title: 'memory per idle connection, after 20 s', unit: 'bytes' }],
  peers: ['polyplex', 'ws', 'bun'],
  needsFreshServer: true,
  estimateSeconds: () => 23,
  suits: (peer) => peer.can({ kind: 'echo' }) && peer.speaks === undefined,
  async measure({ serve, load }) {
    const server = await serve({ kind: 'echo' })
    const result = await load('idle-load', server, { connections, settle: 20 })
    return { ...result, values: { 'idle-memory-later': result['bytesPerConnection'] } }
  },
}

export default [scenario, warm, later]
