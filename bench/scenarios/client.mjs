// The other side: what a client costs per message, against the same server (an epoll loop in C).
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { benchFolder, bunProgram } from '../peers.mjs'

/** @import { Peer, Scenario } from '../model.ts' */

const programs = join(benchFolder, 'clients')

/** @returns {Peer} */
const client = (
  /** @type {string} */ name,
  /** @type {string} */ label,
  /** @type {string | undefined} */ program,
  /** @type {string} */ version,
) => ({
  name,
  label,
  can: () => true,
  find: (library) => {
    if (program === undefined) return { missing: 'npm has no program for this machine' }
    if (name === 'polyplex-client' && !existsSync(join(library, 'index.js')))
      return { missing: 'not there yet' }
    return {
      version,
      command: (task) => ({
        program,
        args: [join(programs, `${name.replace(/-client$/, '')}.js`), JSON.stringify({ ...task, library })],
      }),
    }
  },
})

/** Our client and the others; none of them is a server. */
export const clients = [
  client('polyplex-client', 'Polyplex', process.execPath, ''),
  client('ws-client', 'ws + bufferutil', process.execPath, ''),
  client('undici-client', 'undici (Node’s own)', process.execPath, ''),
  client('bun-client', 'Bun', bunProgram(), ''),
]

/** @returns {Scenario} */
function clientEcho(
  /** @type {{ name: string, title: string, inFlight: number }} */ { name, title, inFlight },
) {
  return {
    name,
    title,
    mix: `64 bytes of binary, 100 connections of one client program, ${inFlight} in flight on each; CPU of the client`,
    figures: [{ id: name, title, unit: 'µs' }],
    peers: clients.map((peer) => peer.name),
    estimateSeconds: ({ seconds }) => seconds + 1.6,
    suits: (peer) => clients.includes(peer),
    async measure({ command, floor, run, seconds, warmUp }) {
      const server = await floor('echo')
      const task = { port: server.port, connections: 100, inFlight, size: 64, seconds, warmUp }
      const result = await run(command(/** @type {any} */ (task)), seconds + warmUp + 30)
      return { values: { [name]: result['cpuMicroseconds'] }, details: result }
    },
  }
}

export default [
  clientEcho({ name: 'client', title: 'client: echo 64 B, 1 in flight', inFlight: 1 }),
  clientEcho({ name: 'client-16', title: 'client: echo 64 B, 16 in flight', inFlight: 16 }),
]
