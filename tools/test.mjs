// npm test: installs what is missing, runs every check, and closes with one line that adds them all up.
// `npm test -- word …` runs only the test files whose path contains one of the words.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { flows } from '../interop/flows.mjs'
import { runFlows } from '../interop/running.mjs'
import { installPackages, installPrograms, installRuntimes } from './install.mjs'
import { compilerArgs, installed, readJson, removeOlder, root } from './project.mjs'
import { coverageOf } from './testing/coverage.mjs'
import { runTestFiles, testFiles } from './testing/files.mjs'
import { run } from './testing/processes.mjs'
import { runOnRuntimes, runtimes } from './testing/runtimes.mjs'

/** @typedef {import('./testing/files.mjs').Outcome & { note?: string }} Outcome */

process.chdir(root)
const words = process.argv.slice(2)
const runsAll = words.length === 0
const isCi = process.env['CI'] === 'true'
const total = { passed: 0, failed: 0, skipped: 0 }
const counts = mkdtempSync(join(tmpdir(), 'polyplex-coverage-'))
process.once('exit', () => rmSync(counts, { recursive: true, force: true }))

/** Runs one step and prints it: a line when all is well, every failure whole. @returns whether all is well */
async function step(/** @type {string} */ name, /** @type {() => Promise<Outcome>} */ check) {
  const begun = performance.now()
  process.stdout.write(name.padEnd(14))
  const { passed, failures, skips, note } = await check().catch(failureOf)
  const failed = failures.length + (isCi ? skips.length : 0)
  total.passed += passed
  total.failed += failed
  total.skipped += isCi ? 0 : skips.length
  const seconds = `${((performance.now() - begun) / 1000).toFixed(1)} s`
  console.log([failed === 0 ? 'ok' : `${failed} FAILED`, note, seconds].filter(Boolean).join('  '))
  for (const failure of failures) console.log(`\n  ✗ ${failure.trimEnd().replaceAll('\n', '\n    ')}\n`)
  for (const skip of skips) console.log(`  ${isCi ? '✗ skipped, but not with CI=true' : 'skipped'}: ${skip}`)
  return failed === 0
}

/** @returns {Outcome} */
const failureOf = (/** @type {unknown} */ error) => ({
  passed: 0,
  failures: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
  skips: [],
})

/** A step of programs that each end with exit code 0 if all is well. */
function programs(/** @type {string} */ name, /** @type {string[][]} */ ...commands) {
  return step(name, async () => {
    const failures = []
    for (const args of commands) {
      const { ok, output, ending } = await run(process.execPath, args, { env: { NO_COLOR: '1' } })
      if (!ok) failures.push(output.trim() || `${args.join(' ')} ${ending}`)
    }
    return { passed: commands.length - failures.length, failures, skips: [] }
  })
}

async function tests() {
  const files = testFiles(words)
  const show = (/** @type {string} */ text) => {
    if (process.stdout.isTTY) process.stdout.write(`\r${'tests'.padEnd(14)}${text}\x1b[K`)
  }
  const outcome = await runTestFiles(files, {
    env: runsAll ? { NODE_V8_COVERAGE: counts } : {},
    progress: (done) => show(`${done} of ${files.length} files`),
  })
  show('')
  return { ...outcome, note: `${outcome.passed} passed in ${files.length} files` }
}

async function coverage() {
  const { lines, missed } = coverageOf(counts, 'src/protocol')
  if (missed.length > 0) return failureOf(`never ran in any test:\n${missed.join('\n')}`)
  return { passed: 1, failures: [], skips: [], note: `all ${lines} lines and every branch of src/protocol` }
}

/** Packages that stand on `ws`, those that install quickly; `npm run interop` has all of them. */
async function onPackages() {
  const quick = flows.filter(({ folder }) => folder === 'quick')
  /** @type {Outcome} */
  const all = { passed: 0, failures: [], skips: [] }
  for await (const { title, outcome, details } of runFlows(quick)) {
    if (outcome === 'ok') all.passed += 1
    else if (outcome === 'skipped') all.skips.push(`${title}: ${details}`)
    else all.failures.push(`${title}\n${details}`)
  }
  return { ...all, note: `${all.passed} flows of packages passed on polyplex/ws` }
}

async function onRuntimes() {
  const outcome = await runOnRuntimes()
  return { ...outcome, note: `${outcome.passed} passed on ${outcome.ran.join(', ')}` }
}

/** What depends most on the insides of Node is tested whole on every Node, with raw handles and without. */
async function onOtherNodes() {
  const files = testFiles(['test/server/', 'test/transport/', 'test/runtime/', 'test/compat/'])
  /** @type {Outcome} */
  const all = { passed: 0, failures: [], skips: [] }
  for (const { name, program } of runtimes()) {
    if (!name.startsWith('Node ') || program === undefined || program === process.execPath) continue
    const outcome = await runTestFiles(files, { program })
    all.passed += outcome.passed
    all.failures.push(...outcome.failures.map((failure) => `${name}: ${failure}`))
    all.skips.push(...outcome.skips.map((skip) => `${name}: ${skip}`))
  }
  return {
    ...all,
    note: `${all.passed} passed in ${files.length} files of server, transport, runtime and compat`,
  }
}

/** What looks at the package as it would be published; it needs a build that succeeded. */
async function packageChecks() {
  await programs('exports', ['tools/check-exports.mjs'])
  await programs(
    'users’ types',
    compilerArgs('test/types/tsconfig.node.json'),
    compilerArgs('test/types/tsconfig.page.json'),
  )
  await programs('publint', [installed('publint/src/cli.js'), '--strict'])
  const attw = installed('@arethetypeswrong/cli/dist/index.js')
  // The drop-ins answer `require` too; all else is for `import`.
  const dropIns = Object.entries(readJson('package.json').exports).flatMap(([subpath, entry]) =>
    entry.require === undefined ? [] : [subpath.slice(2)],
  )
  const pack = [attw, '--pack', '.', '--no-color']
  await programs(
    'attw',
    [...pack, '--profile', 'esm-only', '--exclude-entrypoints', ...dropIns],
    [...pack, '--profile', 'node16', '--entrypoints', ...dropIns],
  )
  await programs('docs', ['tools/check-docs.mjs'])
}

try {
  installPackages()
  installPrograms()
  if (runsAll) {
    installPackages(join(root, 'interop', 'quick'))
    installRuntimes()
  }
} catch (error) {
  console.log(`${error instanceof Error ? error.message : error}\n\n0 passed, 1 failed, 0 skipped`)
  process.exit(1)
}

const begun = Date.now()
await programs('types', compilerArgs('tsconfig.json'))
if (existsSync('build')) removeOlder('build', begun)
if (runsAll) {
  const biome = installed('@biomejs/biome/bin/biome')
  await programs('lint', [biome, 'check', '--error-on-warnings', '--colors=off'])
  await programs('layers', ['tools/check-layers.mjs'])
}
const isBuilt = await programs('build', ['tools/build.mjs'])
if (existsSync('test/browser')) await programs('browser types', compilerArgs('tsconfig.browser.json'))
if (runsAll && isBuilt) await packageChecks()
else if (runsAll) console.log('package       not checked, because the build failed')
await step('tests', tests)
if (runsAll) {
  await step('coverage', coverage)
  if (isBuilt) await step('packages', onPackages)
  await step('runtimes', onRuntimes)
  await step('other Nodes', onOtherNodes)
}

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1
