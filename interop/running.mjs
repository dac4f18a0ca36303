// Runs flows, each in a process of its own.
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { readJson, root } from '../tools/project.mjs'
import { run } from '../tools/testing/processes.mjs'
import { installFlows } from './installing.mjs'

/** @import { Flow } from './flows.mjs' */

/**
 * @typedef {object} Result
 * @property {string} title     names and versions of the packages
 * @property {'ok' | 'failed' | 'skipped'} outcome
 * @property {string} details   why it failed or was skipped
 * @property {number} milliseconds
 */

/**
 * Installs what is missing, then yields a result for each flow in turn.
 *
 * @param {Flow[]} flows
 * @param {{ real?: boolean }} [options]  `real`: on the original `ws`
 * @returns {AsyncGenerator<Result, void>}
 */
export async function* runFlows(flows, { real = false } = {}) {
  for (const folder of new Set(flows.map((flow) => flow.folder))) installFlows(folder, real)
  for (const flow of flows) yield await runFlow(flow, real)
}

/** @returns {Promise<Result>} */
async function runFlow(/** @type {Flow} */ flow, /** @type {boolean} */ real) {
  const title = titleOf(flow)
  const missing = flow.missing?.()
  if (missing !== undefined) return { title, outcome: 'skipped', details: missing, milliseconds: 0 }
  const begun = performance.now()
  const args = [join(root, 'interop', 'flow.mjs'), flow.name, ...(real ? ['--real'] : [])]
  const { ok, output, ending, left } = await run(process.execPath, args, { timeoutMs: 20_000 })
  const milliseconds = Math.round(performance.now() - begun)
  if (ok && left.length === 0) return { title, outcome: 'ok', details: '', milliseconds }
  const details = [output.trim(), ok ? `left running: ${left.join(', ')}` : ending].filter(Boolean).join('\n')
  return { title, outcome: 'failed', details, milliseconds }
}

function titleOf(/** @type {Flow} */ { folder, packages }) {
  const place = join(root, 'interop', folder, 'node_modules')
  return packages.map((name) => `${name} ${readJson(join(place, name, 'package.json')).version}`).join(', ')
}
