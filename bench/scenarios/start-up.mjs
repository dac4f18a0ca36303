// How long a program waits for the library: the time of its import on a fresh Node.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { median } from '../measuring/statistics.mjs'
import { benchFolder } from '../peers.mjs'

/** @import { Scenario } from '../model.ts' */

/** @type {Scenario} */
const scenario = {
  name: 'start-up',
  title: 'start-up of the import',
  mix: "import of 'polyplex/server', of 'ws'; the median of 15 processes",
  figures: [{ id: 'start-up', title: 'start-up of the import', unit: 'ms' }],
  peers: ['polyplex', 'ws'],
  maxRounds: 3,
  estimateSeconds: () => 2,
  suits: (peer) => peer.name === 'polyplex' || peer.name === 'ws',
  async measure({ peer, run, library }) {
    const file =
      peer.name === 'ws'
        ? join(benchFolder, 'node_modules/ws/wrapper.mjs')
        : join(library, 'server', 'index.js')
    const code = `const began = performance.now(); await import(${JSON.stringify(pathToFileURL(file).href)})
      console.log(JSON.stringify({ ms: performance.now() - began }))`
    const times = []
    for (let i = 0; i < 15; i++) {
      const { ms } = await run({ program: process.execPath, args: ['--input-type=module', '-e', code] }, 10)
      times.push(ms)
    }
    return { values: { 'start-up': median(times) }, details: { times } }
  },
}

export default [scenario]
