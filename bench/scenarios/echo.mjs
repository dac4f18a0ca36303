// Every message comes back: CPU of the server per message.

/** @import { Scenario } from '../model.ts' */

/** @typedef {{ name: string, title: string, size: number, type?: 'text', connections?: number, inFlight?: number }} Case */

/** @type {Case[]} */
const cases = [
  { name: 'echo-64-binary', title: 'echo 64 B binary, 1 in flight', size: 64 },
  { name: 'echo-64-binary-16', title: 'echo 64 B binary, 16 in flight', size: 64, inFlight: 16 },
  { name: 'echo-64-text', title: 'echo 64 B text, 1 in flight', size: 64, type: 'text' },
  { name: 'echo-64-text-16', title: 'echo 64 B text, 16 in flight', size: 64, type: 'text', inFlight: 16 },
  { name: 'echo-4k', title: 'echo 4 KiB binary', size: 4096 },
  { name: 'echo-64k', title: 'echo 64 KiB binary', size: 65_536, connections: 20 },
  { name: 'echo-1m', title: 'echo 1 MiB binary', size: 1_048_576, connections: 4 },
]

const everybody = [
  'polyplex',
  'polyplex-ws',
  'ws',
  'bun',
  'deno',
  'uwebsockets',
  'websocket',
  'nodejs-websocket',
  'engine.io',
  'python-websockets',
  'gorilla',
  'floor',
]

/** @returns {Scenario} */
function echo(/** @type {Case} */ { name, title, size, type, connections = 100, inFlight = 1 }) {
  return {
    name,
    title,
    mix: `${size} bytes of ${type === 'text' ? 'ASCII text' : 'binary'}, ${connections} connections, ${inFlight} in flight on each`,
    figures: [{ id: name, title, unit: 'µs' }],
    peers: everybody,
    // What the C library gives back to the system, and takes again, depends on what a server has done before.
    needsFreshServer: size >= 65_536,
    estimateSeconds: ({ seconds }) => seconds + 1.6,
    suits: (peer) => peer.can({ kind: 'echo' }),
    async measure({ peer, serve, load, frame }) {
      const server = await serve({ kind: 'echo', size })
      const { path = '/', greetings = 0, textPrefix = '' } = peer.speaks ?? {}
      const content = { size, type: type ?? 'binary' }
      const prefixed =
        type === 'text' && textPrefix !== ''
          ? { frame: frame(`${name}-${peer.name}`, 0x81, Buffer.from(textPrefix + 'x'.repeat(size))) }
          : undefined
      const result = await load('echo-load', server, {
        connections,
        'in-flight': inFlight,
        path,
        greetings,
        ...(prefixed ?? content),
      })
      return { ...result, values: { [name]: result['cpuMicroseconds'] } }
    },
  }
}

export default cases.map(echo)
