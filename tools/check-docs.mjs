// Checks the Markdown of the project: every relative link leads somewhere, every ```ts sample compiles against the
// built package, and those marked ```ts run end by themselves with exit code 0. A ```ts sketch is only read.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compilerArgs, filesIn, root } from './project.mjs'

const notOurs = /(^|\/)(node_modules|build|dist|coverage|\.git)\//

/** @typedef {{ file: string, line: number, run: boolean, code: string }} Sample */

/** @returns {Sample[]} the samples of a Markdown text; `line` is that of the opening fence */
export function samplesIn(/** @type {string} */ file, /** @type {string} */ text) {
  return [...text.matchAll(/^```ts( run)?\n([\s\S]*?)^```$/gm)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length,
    run: match[1] !== undefined,
    code: match[2] ?? '',
  }))
}

/**
 * The relative links of a Markdown text that lead nowhere, one line each.
 * @param {string} folder  the root the text's path starts at
 * @param {string} file
 * @param {string} text
 */
export function deadLinksIn(folder, file, text) {
  const prose = text
    .replace(/^```[\s\S]*?^```$/gm, (block) => block.replace(/[^\n]/g, ' '))
    .replace(/`[^`\n]*`/g, '')
  const dead = []
  for (const match of prose.matchAll(/\]\(<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)) {
    const link = /** @type {string} */ (match[1] ?? match[2])
    if (/^[a-z][a-z0-9+.-]*:/i.test(link)) continue
    const [path = '', anchor] = decodeURI(link).split('#')
    const target = path === '' ? join(folder, file) : resolve(folder, dirname(file), path)
    const line = prose.slice(0, match.index).split('\n').length
    if (!existsSync(target)) dead.push(`${file}:${line}: ${link} does not exist`)
    else if (anchor && target.endsWith('.md') && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor)) {
      dead.push(`${file}:${line}: ${link} names no heading`)
    }
  }
  return dead
}

/** The anchors that the headings of a Markdown text get on the usual hosts. */
function anchorsOf(/** @type {string} */ text) {
  const headings = [...text.matchAll(/^#{1,6}\s+(.+?)\s*$/gm)].map(
    (match) => /** @type {string} */ (match[1]),
  )
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function checkAll() {
  const files = filesIn(root, (path) => path.endsWith('.md') && !notOurs.test(path))
  const texts = files.map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))
  const dead = texts.flatMap(({ file, text }) => deadLinksIn(root, file, text))
  const samples = texts.flatMap(({ file, text }) => samplesIn(file, text))
  return [...dead, ...checkSamples(samples)]
}

/** @returns {string[]} what went wrong, with the lines of the Markdown file */
function checkSamples(/** @type {Sample[]} */ samples) {
  const folder = join(root, 'build', 'docs')
  rmSync(folder, { recursive: true, force: true })
  if (samples.length === 0) return []
  const nameOf = (/** @type {Sample} */ { file, line }) => `${file}.${line}`
  for (const sample of samples) {
    const path = join(folder, `${nameOf(sample)}.ts`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '\n'.repeat(sample.line) + sample.code) // the same line numbers as in the Markdown
  }
  const config = {
    extends: '../../tsconfig.json',
    compilerOptions: {
      lib: ['es2023', 'esnext.disposable', 'dom', 'dom.iterable'],
      rootDir: '.',
      outDir: '.',
      paths: {},
      noUnusedLocals: false,
    },
    include: ['**/*.ts'],
    exclude: [],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const compiled = spawnSync(process.execPath, compilerArgs('build/docs/tsconfig.json'), {
    cwd: root,
    encoding: 'utf8',
  })
  const wrong = []
  if (compiled.status !== 0)
    wrong.push(compiled.stdout.trim().replace(/^build\/docs\/(.+?)\.\d+\.ts\((\d+),\d+\)/gm, '$1:$2'))
  for (const sample of samples.filter(({ run }) => run)) {
    const script = join(folder, `${nameOf(sample)}.js`)
    const ran = spawnSync(process.execPath, [script], {
      cwd: root,
      encoding: 'utf8',
      timeout: 20_000,
      killSignal: 'SIGKILL',
    })
    if (ran.status !== 0) {
      const ending = ran.signal === null ? `ended with exit code ${ran.status}` : 'did not end within 20 s'
      wrong.push(`${sample.file}:${sample.line}: the sample ${ending}\n${ran.stderr.trim()}`)
    }
  }
  return wrong
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wrong = checkAll()
  for (const line of wrong) console.log(line)
  if (wrong.length > 0) process.exitCode = 1
}
