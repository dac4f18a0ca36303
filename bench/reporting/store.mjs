// The results that were kept: one file for each case and day.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../tools/project.mjs'
import { benchFolder } from '../peers.mjs'
import { scenarios } from '../scenarios/index.mjs'

/** @import { Stored } from '../model.ts' */

export const resultsFolder = join(benchFolder, 'results')

/** Answers the name of the file. */
export function store(/** @type {Stored} */ stored) {
  mkdirSync(resultsFolder, { recursive: true })
  const file = `${stored.measuredAt.slice(0, 10)}-${stored.scenario}.json`
  writeFileSync(join(resultsFolder, file), `${JSON.stringify(stored, undefined, 1)}\n`)
  return file
}

/** Puts everything into the shape that the project's formatter wants, where it is installed. */
export function formatResults() {
  spawnSync(join(root, 'node_modules', '.bin', 'biome'), ['format', '--write', resultsFolder], { cwd: root })
}

/** The newest results of every case, in the order of the table. */
export function newestResults() {
  const files = existsSync(resultsFolder) ? readdirSync(resultsFolder).sort() : []
  /** @type {Map<string, Stored>} */
  const newest = new Map()
  for (const file of files.filter((name) => /^\d{4}-\d\d-\d\d-.+\.json$/.test(name))) {
    /** @type {Stored} */
    const stored = JSON.parse(readFileSync(join(resultsFolder, file), 'utf8'))
    newest.set(stored.scenario, stored)
  }
  return scenarios.flatMap(({ name }) => newest.get(name) ?? [])
}
