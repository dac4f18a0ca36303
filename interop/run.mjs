// npm run interop: real packages that stand on `ws` run on `polyplex/ws` in its place, a line for each.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { installPackages, installPrograms } from '../tools/install.mjs'
import { root } from '../tools/project.mjs'
import { flows } from './flows.mjs'
import { runFlows } from './running.mjs'

const help = `npm run interop -- [options] [word …]

  word …     only the flows whose name contains one of the words
  --quick    only those that npm test runs too
  --real     on the original ws, which tells whether a flow itself is right
`

const { values: options, positionals: words } = parseArgs({
  options: { quick: { type: 'boolean' }, real: { type: 'boolean' }, help: { type: 'boolean' } },
  allowPositionals: true,
})
if (options.help) {
  console.log(help)
  process.exit()
}
const real = options.real ?? false
const chosen = flows.filter(({ name, folder }) => {
  return (
    (!options.quick || folder === 'quick') &&
    (words.length === 0 || words.some((word) => name.includes(word)))
  )
})

installPackages()
installPrograms()
if (!real) {
  const built = spawnSync(process.execPath, [join(root, 'tools', 'build.mjs')], { stdio: 'inherit' })
  if (built.status !== 0) process.exit(1)
}

const total = { ok: 0, failed: 0, skipped: 0 }
for await (const { title, outcome, details, milliseconds } of runFlows(chosen, { real })) {
  const counted = outcome === 'skipped' && process.env['CI'] === 'true' ? 'failed' : outcome
  total[counted] += 1
  console.log(`${title.padEnd(52)}  ${counted.padEnd(7)}  ${String(milliseconds).padStart(5)} ms`)
  if (details !== '') console.log(`\n  ${details.replaceAll('\n', '\n  ')}\n`)
}
console.log(`\n${total.ok} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 && chosen.length > 0 ? 0 : 1
