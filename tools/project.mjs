// What the tools share: where the project is, and how its compiler is called.
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** The path of a program that an installed package brings, run with `process.execPath`. */
export const installed = (/** @type {string} */ path) => join(root, 'node_modules', path)

/** Runs the TypeScript compiler on one of the tsconfig files; its messages go to the terminal. */
export function compile(/** @type {string} */ config, /** @type {string[]} */ ...options) {
  const args = [installed('typescript/bin/tsc'), '--project', config, '--pretty', 'false', ...options]
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0
}

/** Removes the files of a folder that were written before `time`: what an earlier build left behind. */
export function removeOlder(/** @type {string} */ folder, /** @type {number} */ time) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && statSync(path).mtimeMs < time - 1000) rmSync(path)
  }
}
