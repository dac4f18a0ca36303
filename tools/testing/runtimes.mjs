// Runs the short programs of test/runtimes/ on every runtime we support. Each prints a line per check:
// `ok <sentence>` or `not ok <sentence>`, and ends with exit code 0.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { filesIn, root } from '../project.mjs'
import { run } from './processes.mjs'

const brought = join(root, 'tools', 'runtimes', 'node_modules')

/** @typedef {{ name: string, program: string | undefined, args: string[] }} Runtime */

/** @returns {Runtime[]} */
export function runtimes() {
  const nodes = [20, 22, 24, 26].map((major) => {
    const here = process.versions.node.startsWith(`${major}.`)
    return {
      name: `Node ${major}`,
      program: here ? process.execPath : find('', `node-${major}-`, 'bin/node'),
      args: [],
    }
  })
  return [
    ...nodes,
    { name: 'Bun', program: find('@oven', 'bun-', 'bin/bun'), args: ['run'] },
    { name: 'Deno', program: find('@deno', '', 'deno'), args: ['run', '--quiet', '--allow-all'] },
  ]
}

/** npm has kept the one package that suits this machine. */
function find(/** @type {string} */ scope, /** @type {string} */ prefix, /** @type {string} */ file) {
  const folder = join(brought, scope)
  if (!existsSync(folder)) return undefined
  const name = readdirSync(folder).find(
    (entry) => entry.startsWith(prefix) && existsSync(join(folder, entry, file)),
  )
  return name === undefined ? undefined : join(folder, name, file)
}

/** @returns {Promise<import('./files.mjs').Outcome & { ran: string[] }>} */
export async function runOnRuntimes() {
  const folder = join(root, 'build', 'test', 'runtimes')
  const entries = existsSync(folder)
    ? filesIn(folder, (path) => path.endsWith('.js') && !path.includes('.test.'))
    : []
  const outcome = {
    passed: 0,
    failures: /** @type {string[]} */ ([]),
    skips: /** @type {string[]} */ ([]),
    ran: /** @type {string[]} */ ([]),
  }
  for (const { name, program, args } of runtimes()) {
    if (program === undefined) {
      outcome.skips.push(`${name} could not be installed on this machine`)
      continue
    }
    outcome.ran.push(name)
    for (const entry of entries) {
      const ended = await run(program, [...args, join(folder, entry)], { timeoutMs: 60_000 })
      const lines = ended.output.split('\n')
      const failed = lines.filter((line) => line.startsWith('not ok '))
      const passed = lines.filter((line) => line.startsWith('ok ')).length
      outcome.passed += passed
      outcome.failures.push(...failed.map((line) => `${name}: ${line.slice(7)}`))
      if (failed.length === 0 && passed === 0) outcome.failures.push(`${name}: ${entry} checked nothing`)
      else if (failed.length === 0 && !ended.ok) outcome.failures.push(`${name}: ${entry} ${ended.ending}`)
      if (ended.left.length > 0)
        outcome.failures.push(`${name}: ${entry} left running: ${ended.left.join(', ')}`)
      if (!ended.ok || failed.length > 0)
        outcome.failures.push(`${outcome.failures.pop()}\n${ended.output.trim()}`)
    }
  }
  return outcome
}
