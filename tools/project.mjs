// What the tools share: where the project is, and how its compiler is called.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of package.json; the tools also run from their compiled copies in build/. */
export const root = nearestPackage(dirname(fileURLToPath(import.meta.url)))

/** @returns {string} */
function nearestPackage(/** @type {string} */ folder) {
  return existsSync(join(folder, 'package.json')) ? folder : nearestPackage(dirname(folder))
}

/** The path of a file that an installed package brings. */
export const installed = (/** @type {string} */ path) => join(root, 'node_modules', path)

/** @returns {any} */
export const readJson = (/** @type {string | URL} */ path) => JSON.parse(readFileSync(path, 'utf8'))

/** The arguments that make `node` run the TypeScript compiler on one of the tsconfig files. */
export const compilerArgs = (/** @type {string} */ config) => [
  installed('typescript/bin/tsc'),
  ...['--project', config, '--pretty', 'false'],
]

/** Runs the TypeScript compiler; its messages go to the terminal. */
export function compile(/** @type {string} */ config, /** @type {string[]} */ ...options) {
  const args = [...compilerArgs(config), ...options]
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0
}

/**
 * The files below a folder, as paths with forward slashes that start at that folder; none if it does not exist.
 * @param {string} folder
 * @param {(path: string) => boolean} [wanted]
 */
export function filesIn(folder, wanted = () => true) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, sep).length).replaceAll(sep, '/'))
    .filter(wanted)
    .sort()
}

/** Removes the files of a folder that were written before `time`: what an earlier build left behind. */
export function removeOlder(/** @type {string} */ folder, /** @type {number} */ time) {
  for (const file of filesIn(folder)) {
    const path = join(folder, file)
    if (statSync(path).mtimeMs < time - 1000) rmSync(path)
  }
}
