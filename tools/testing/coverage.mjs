// Which code of a folder no test ever ran: V8's own counts, added up over all processes and shown in the TypeScript
// source. V8 counts blocks, so the untaken side of a condition is found, not only whole lines.
import { readdirSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { filesIn, readJson, root } from '../project.mjs'

/**
 * @typedef {{ count: number, startOffset: number, endOffset: number }} Range
 * @typedef {{ url: string, functions: { ranges: Range[] }[] }} Script
 */

/**
 * @param {string} counts  the folder V8 wrote to (NODE_V8_COVERAGE)
 * @param {string} folder  the folder of sources, from the root of the project: `src/protocol`
 * @param {string} build   where the compiler put them
 * @returns {{ lines: number, missed: string[] }} how many lines hold code, and the places that never ran
 */
export function coverageOf(counts, folder, build = join(root, 'build')) {
  const built = join(build, folder)
  /** @type {Map<string, { code: string, ran: Uint8Array }>} */
  const scripts = new Map()
  for (const file of filesIn(built, (path) => path.endsWith('.js'))) {
    const code = readFileSync(join(built, file), 'utf8')
    scripts.set(pathToFileURL(join(built, file)).href, { code, ran: new Uint8Array(code.length) })
  }
  for (const name of readdirSync(counts)) {
    for (const { url, functions } of /** @type {Script[]} */ (readJson(join(counts, name)).result)) {
      const script = scripts.get(url)
      if (script !== undefined) addCounts(script.ran, functions)
    }
  }
  let lines = 0
  const missed = []
  for (const [url, { code, ran }] of scripts) {
    const plain = withoutComments(code)
    lines += plain.split('\n').filter((line) => !isScaffold(line)).length
    const file = url.slice(pathToFileURL(built).href.length).replace(/\.js$/, '.ts')
    if (!ran.includes(1)) {
      if (!isScaffold(plain)) missed.push(`${folder}${file}  no test loads it`)
      continue
    }
    const map = new SourceMap(readJson(new URL(`${url}.map`)))
    for (const [start, end] of gaps(plain, ran)) {
      missed.push(`${folder}${file}:${positionOf(map, code, start)}  ${excerpt(code.slice(start, end))}`)
    }
  }
  return { lines, missed }
}

/** V8 lists outer functions and blocks before inner ones, so later ranges are the more precise. */
function addCounts(/** @type {Uint8Array} */ ran, /** @type {Script['functions']} */ functions) {
  const here = new Uint8Array(ran.length)
  for (const { ranges } of functions) {
    for (const { count, startOffset, endOffset } of ranges)
      here.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  }
  for (let index = 0; index < ran.length; index += 1) ran[index] = Number(ran[index]) | Number(here[index])
}

/** The stretches that never ran and hold more than brackets and blanks. @returns {[number, number][]} */
function gaps(/** @type {string} */ code, /** @type {Uint8Array} */ ran) {
  /** @type {[number, number][]} */
  const found = []
  for (let start = ran.indexOf(0); start !== -1; start = ran.indexOf(0, start)) {
    const end = ran.indexOf(1, start) === -1 ? ran.length : ran.indexOf(1, start)
    const lead = code.slice(start, end).search(/\S/)
    if (!isScaffold(code.slice(start, end))) found.push([start + lead, end])
    start = end
  }
  return found
}

const isScaffold = (/** @type {string} */ code) => /^(?:[\s{}()[\];,]|export|else)*$/.test(code)

/** Comments become blanks; a slash inside a string is rare enough in this code to be left to the reader. */
const withoutComments = (/** @type {string} */ code) =>
  code.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*/g, (comment) => comment.replace(/[^\n]/g, ' '))

function positionOf(/** @type {SourceMap} */ map, /** @type {string} */ code, /** @type {number} */ offset) {
  const before = code.slice(0, offset).split('\n')
  const entry = map.findEntry(before.length - 1, /** @type {string} */ (before.at(-1)).length)
  return 'originalLine' in entry
    ? `${entry.originalLine + 1}:${entry.originalColumn + 1}`
    : `(line ${before.length} when built)`
}

const excerpt = (/** @type {string} */ code) => code.trim().replace(/\s+/g, ' ').slice(0, 80)
