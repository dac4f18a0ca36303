// npm test: installs what is missing, runs every check, and closes with one line that adds them all up.
// `npm test -- word …` runs only the test files whose path contains one of the words.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { installPackages, installPrograms, installRuntimes } from './install.mjs'
import { compilerArgs, installed, removeOlder, root } from './project.mjs'
import { coverageOf } from './testing/coverage.mjs'
import { runTestFiles, testFiles } from './testing/files.mjs'
import { run } from './testing/processes.mjs'
import { runOnRuntimes } from './testing/runtimes.mjs'

/**
 * What a step found; `note` stands beside its name when all is well.
 * @typedef {import('./testing/files.mjs').Outcome & { note?: string }} Outcome
 */

process.chdir(root)
const words = process.argv.slice(2)
const inCi = process.env['CI'] === 'true'
const total = { passed: 0, failed: 0, skipped: 0 }

async function step(/** @type {string} */ name, /** @type {() => Promise<Outcome>} */ check) {
  const begun = performance.now()
  process.stdout.write(name.padEnd(14))
  const { passed, failures, skips, note = '' } = await check()
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  total.passed += passed
  total.failed += failures.length + (inCi ? skips.length : 0)
  total.skipped += inCi ? 0 : skips.length
  const verdict = failures.length === 0 ? 'ok' : `${failures.length} FAILED`
  console.log(`${verdict}  ${note}${note === '' ? '' : '  '}${seconds} s`)
  for (const failure of failures) console.log(`\n  ✗ ${failure.trimEnd().replaceAll('\n', '\n    ')}\n`)
  for (const skip of skips)
    console.log(`  ${inCi ? '✗ skipped, which CI does not allow' : 'skipped'}: ${skip}`)
}

/** A step that is one check: a program that ends with exit code 0. */
function program(/** @type {string} */ name, /** @type {string[][]} */ ...commands) {
  return step(name, async () => {
    const failures = []
    for (const args of commands) {
      const { ok, output, ending } = await run(process.execPath, args)
      if (!ok) failures.push(`${output.trim() || `${args.join(' ')} ${ending}`}`)
    }
    return { passed: failures.length === 0 ? 1 : 0, failures, skips: [] }
  })
}

async function tests(/** @type {string[]} */ files, /** @type {NodeJS.ProcessEnv} */ env) {
  const showsProgress = process.stdout.isTTY
  const outcome = await runTestFiles(files, {
    env,
    progress: (done) =>
      showsProgress && process.stdout.write(`\r${'tests'.padEnd(14)}${done} of ${files.length} files\x1b[K`),
  })
  if (showsProgress) process.stdout.write(`\r${'tests'.padEnd(14)}\x1b[K`)
  return { ...outcome, note: `${outcome.passed} passed in ${files.length} files` }
}

async function coverage(/** @type {string} */ counts) {
  const { lines, missed } = coverageOf(counts, 'src/protocol')
  const failures = missed.length === 0 ? [] : [`never ran in any test:\n${missed.join('\n')}`]
  const note = failures.length === 0 ? `all ${lines} lines and every branch of src/protocol` : ''
  return { passed: 1 - failures.length, failures, skips: [], note }
}

async function onRuntimes() {
  installRuntimes()
  const outcome = await runOnRuntimes()
  return { ...outcome, note: `${outcome.passed} passed on ${outcome.ran.join(', ')}` }
}

try {
  installPackages()
} catch (error) {
  console.log(`${error instanceof Error ? error.message : error}\n\n0 passed, 1 failed, 0 skipped`)
  process.exit(1)
}
installPrograms()

const all = words.length === 0
const begun = Date.now()
await program('types', compilerArgs('tsconfig.json'))
if (existsSync('build')) removeOlder('build', begun)
if (all) {
  await program('lint', [
    installed('@biomejs/biome/bin/biome'),
    'check',
    '--error-on-warnings',
    '--colors=off',
  ])
  await program('layers', ['tools/check-layers.mjs'])
}
await program('build', ['tools/build.mjs'])
if (existsSync('test/browser')) await program('browser types', compilerArgs('tsconfig.browser.json'))
if (all) {
  await program('exports', ['tools/check-exports.mjs'])
  await program(
    'users’ types',
    ...['node', 'page'].map((user) => compilerArgs(`test/types/tsconfig.${user}.json`)),
  )
  await program('publint', [installed('publint/src/cli.js'), '--strict'])
  await program('attw', [
    installed('@arethetypeswrong/cli/dist/index.js'),
    '--pack',
    '.',
    '--profile',
    'esm-only',
    '--no-color',
  ])
  await program('docs', ['tools/check-docs.mjs'])
}
const counts = mkdtempSync(join(tmpdir(), 'polyplex-coverage-'))
await step('tests', () => tests(testFiles(words), all ? { NODE_V8_COVERAGE: counts } : {}))
if (all) {
  await step('coverage', () => coverage(counts))
  await step('runtimes', onRuntimes)
}
rmSync(counts, { recursive: true })

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1
