// Checks that the folders of src/ import downwards only, and that what is pure stays pure. One line per breach.
// The picture is in CONTRIBUTING.md; a new folder is added to the table below.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, posix, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { filesIn, readJson } from './project.mjs'

/** Each unit of code and its level. `name/*` makes every folder inside a unit of its own. */
const levels = /** @type {const} */ ({
  errors: 0,
  util: 0,
  codec: 1,
  protocol: 2,
  session: 2,
  topics: 2,
  rpc: 2,
  transport: 3,
  runtime: 4,
  bus: 4,
  client: 5,
  server: 5,
  channels: 5,
  'dialects/*': 6,
  'compat/*': 6,
  index: 7,
  inspector: 7,
  testing: 7,
  cli: 8,
})

const mayNameThePlatform = ['runtime', 'bus', 'compat', 'cli']
const mayShareTypes = ['client', 'server', 'channels']

const platform = /(?<![.\w$#])(process|Bun|Deno|Buffer)\b(?!\s*\??:)/g
const impure =
  /(?<![.\w$#])(setTimeout|setInterval|setImmediate|queueMicrotask|performance|crypto|fetch)\b(?=\s*[.(])|(?<![.\w$#])(Date\.now|Math\.random)\b|\bnew (Date|WebSocket|EventSource)\b/g

/** @typedef {{ line: number, specifier: string, typeOnly: boolean }} Import */

/**
 * The unit a source file belongs to and its level; undefined if the table does not know it.
 * @param {string} path  from src/, such as `protocol/frame.ts`
 */
function unitOf(path) {
  const [folder = '', inner = ''] = path.split('/')
  const name = inner === '' ? folder.replace(/(\.(browser|server))?\.ts$/, '') : folder
  const nested = /** @type {Record<string, number>} */ (levels)[`${name}/*`]
  if (nested !== undefined)
    return { name: inner.endsWith('.ts') ? name : `${name}/${inner}`, folder: name, level: nested }
  const level = /** @type {Record<string, number>} */ (levels)[name]
  return level === undefined ? undefined : { name, folder: name, level }
}

/**
 * @param {string} root  a folder with `src/` and, for the packages it may import, `package.json`
 * @returns {string[]} one line per breach: file:line, what, which rule
 */
export function breachesIn(root) {
  const folder = join(root, 'src')
  if (!existsSync(folder)) return []
  const packages = declaredPackages(root)
  return filesIn(folder, (path) => path.endsWith('.ts')).flatMap((path) => {
    return breachesOf(path, readFileSync(join(folder, path), 'utf8'), packages)
  })
}

function declaredPackages(/** @type {string} */ root) {
  const file = join(root, 'package.json')
  const { dependencies = {}, peerDependencies = {} } = existsSync(file) ? readJson(file) : {}
  return [...Object.keys(dependencies), ...Object.keys(peerDependencies)]
}

/**
 * @param {string} path
 * @param {string} source
 * @param {string[]} packages
 */
function breachesOf(path, source, packages) {
  /** @type {string[]} */
  const breaches = []
  const report = (/** @type {number} */ line, /** @type {string} */ what, /** @type {string} */ rule) =>
    breaches.push(`src/${path}:${line}: ${what} (${rule})`)

  const unit = unitOf(path)
  if (unit === undefined) {
    report(
      1,
      `${path.split('/')[0]} has no level`,
      'every folder of src/ stands in the table of tools/check-layers.mjs',
    )
    return breaches
  }
  const platformIsAllowed = mayNameThePlatform.includes(unit.folder)

  for (const { line, specifier, typeOnly } of importsOf(source)) {
    if (specifier.startsWith('node:')) {
      if (!platformIsAllowed)
        report(line, `imports ${specifier}`, `only ${mayNameThePlatform.join(', ')} name the platform`)
    } else if (specifier.startsWith('.')) {
      const target = posix.join(posix.dirname(path), specifier)
      const other = unitOf(target)
      if (target.startsWith('..')) report(line, `imports ${specifier}`, 'src/ imports nothing outside itself')
      else if (other === undefined) report(line, `imports ${target}`, 'it has no level')
      else
        breachOfDirection(unit, other, typeOnly).forEach((rule) => {
          report(line, `${unit.name} imports ${other.name}`, rule)
        })
    } else if (
      !specifier.startsWith('#') &&
      !packages.some((name) => specifier === name || specifier.startsWith(`${name}/`))
    ) {
      report(line, `imports ${specifier}`, 'the package has no such dependency')
    }
  }

  const code = blank(source, { strings: true })
  if (!platformIsAllowed) {
    for (const { line, text } of matches(code, platform))
      report(line, `names ${text}`, `only ${mayNameThePlatform.join(', ')} name the platform`)
  }
  if (unit.level <= 3) {
    for (const { line, text } of matches(code, impure))
      report(line, `uses ${text}`, 'levels 0 to 3 have no timer, clock, randomness or socket of their own')
  }
  return breaches
}

/**
 * @typedef {{ name: string, folder: string, level: number }} Unit
 * @param {Unit} from
 * @param {Unit} to
 * @param {boolean} typeOnly
 * @returns {string[]} the rule it breaks, if any
 */
function breachOfDirection(from, to, typeOnly) {
  if (from.name === to.name || to.level < from.level) return []
  if (to.level > from.level)
    return [`level ${from.level} imports no higher level, and ${to.name} is on ${to.level}`]
  if (from.name === 'util' && to.name === 'errors') return []
  if (typeOnly && mayShareTypes.includes(from.name) && mayShareTypes.includes(to.name)) return []
  return [`neighbours on level ${from.level} do not know each other`]
}

/** @returns {Import[]} */
function importsOf(/** @type {string} */ source) {
  const code = blank(source, { strings: false })
  const statement =
    /(?<![.\w$])(import|export)\s+(type\s)?(?:[\w*{}\s,$]+?\sfrom\s*)?(['"])([^'"\n]+)\3|\bimport\(\s*(['"])([^'"\n]+)\5/g
  return [...code.matchAll(statement)].map((match) => ({
    line: lineAt(code, match.index),
    specifier: /** @type {string} */ (match[4] ?? match[6]),
    typeOnly: match[2] !== undefined,
  }))
}

function matches(/** @type {string} */ code, /** @type {RegExp} */ pattern) {
  return [...code.matchAll(pattern)].map((match) => ({ line: lineAt(code, match.index), text: match[0] }))
}

const lineAt = (/** @type {string} */ code, /** @type {number} */ index) =>
  code.slice(0, index).split('\n').length

/**
 * Source text with its comments, and on request its strings, turned into blanks of the same length. Code inside
 * a template is blanked with it.
 * @param {string} source
 * @param {{ strings: boolean }} what
 */
function blank(source, { strings }) {
  const token =
    /\/\*[\s\S]*?\*\/|\/\/.*|(['"])(?:\\.|(?!\1)[^\\\n])*\1|`(?:\\[\s\S]|[^\\`])*`|(?<=[=(,:[!&|?{};\n]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//g
  return source.replace(token, (text) => {
    const isComment = text.startsWith('//') || text.startsWith('/*')
    return isComment || strings ? text.replace(/[^\n]/g, ' ') : text
  })
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const breaches = breachesIn(dirname(dirname(fileURLToPath(import.meta.url))))
  for (const breach of breaches) console.log(breach)
  if (breaches.length > 0) process.exitCode = 1
}
