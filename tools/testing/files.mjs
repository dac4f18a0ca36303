// Runs compiled test files, each in a process of its own, two or more at a time.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { filesIn, root } from '../project.mjs'
import { run } from './processes.mjs'

/** @typedef {{ passed: number, failures: string[], skips: string[] }} Outcome */

const build = join(root, 'build', 'test')
const reporter = pathToFileURL(join(root, 'tools', 'testing', 'reporter.mjs')).href

/** The compiled test files whose path below `test/` contains one of the words; all of them without words. */
export function testFiles(/** @type {string[]} */ words = []) {
  return filesIn(build, (path) => path.endsWith('.test.js')).filter(
    (path) => words.length === 0 || words.some((word) => `test/${path}`.includes(word)),
  )
}

/** Where the reporters write, one file per run of a test file. */
const results = mkdtempSync(join(tmpdir(), 'polyplex-tests-'))
process.once('exit', () => rmSync(results, { recursive: true, force: true }))
let runs = 0

/**
 * @typedef {object} Settings
 * @property {string} [folder]      where the files are
 * @property {string} [program]     the Node that runs them, if not this one
 * @property {NodeJS.ProcessEnv} [env]
 * @property {number} [timeoutMs]   for each file; whoever is not done by then is ended
 * @property {(done: number) => void} [progress]
 */

/** @returns {Promise<Outcome>} */
export async function runTestFiles(/** @type {string[]} */ files, /** @type {Settings} */ settings = {}) {
  /** @type {Outcome} */
  const total = { passed: 0, failures: [], skips: [] }
  const waiting = [...files]
  let done = 0
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const outcome = await runTestFile(file, settings)
      total.passed += outcome.passed
      total.failures.push(...outcome.failures)
      total.skips.push(...outcome.skips)
      settings.progress?.(++done)
    }
  }
  await Promise.all(Array.from({ length: Math.min(8, Math.max(2, availableParallelism())) }, worker))
  return total
}

/**
 * @param {string} file
 * @param {Settings} settings
 */
async function runTestFile(file, settings) {
  const { folder = build, program = process.execPath, env = {}, timeoutMs = 120_000 } = settings
  const lines = join(results, String(++runs))
  const source = `test/${file.replace(/js$/, 'ts')}`
  const ended = await run(
    program,
    [
      '--enable-source-maps',
      ...['--test-reporter', reporter, '--test-reporter-destination', lines],
      join(folder, file),
    ],
    { env, timeoutMs },
  )
  /** @type {Outcome} */
  const outcome = { passed: 0, failures: [], skips: [] }
  for (const { title, result, detail } of readResults(lines)) {
    const name = `${title.join(' › ')} (${source})`
    if (result === 'passed') outcome.passed += 1
    else if (result === 'skipped') outcome.skips.push(`${name}: ${detail}`)
    else outcome.failures.push(`${name}\n${detail}`)
  }
  const none = outcome.passed + outcome.failures.length + outcome.skips.length === 0
  if (!ended.ok && outcome.failures.length === 0) outcome.failures.push(`${source} ${ended.ending}`)
  else if (none) outcome.failures.push(`${source} holds no test`)
  if (ended.left.length > 0) outcome.failures.push(`${source} left running: ${ended.left.join(', ')}`)
  if (outcome.failures.length > 0 && ended.output.trim() !== '') {
    outcome.failures.push(`${outcome.failures.pop()}\n  printed by ${source}:\n${ended.output.trim()}`)
  }
  return outcome
}

/** @returns {import('./reporter.mjs').TestLine[]} */
function readResults(/** @type {string} */ path) {
  try {
    return readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  } catch {
    return []
  }
}
