// Installs the packages of the flows, with the `ws` they are to run on.
import { existsSync, mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { installPackages } from '../tools/install.mjs'
import { root } from '../tools/project.mjs'

/** Our package of the name `ws`, and the one it stands in for. */
export const shim = join(root, 'shims', 'ws')
const original = join(root, 'node_modules', 'ws')

/** The folder of the `ws` under test. */
export const wsFolder = (/** @type {boolean} */ real) => realpathSync(real ? original : shim)

/**
 * Installs what a folder's lock file asks for. Its override leads every package to the shim, and the shim to the
 * build of this checkout; `real` leads them to the original instead, which tells whether a flow itself is right.
 */
export function installFlows(/** @type {string} */ folder, /** @type {boolean} */ real) {
  installPackages(join(root, 'interop', folder))
  link(join(shim, 'node_modules', 'polyplex'), root)
  link(join(root, 'interop', folder, 'node_modules', 'ws'), wsFolder(real))
}

function link(/** @type {string} */ place, /** @type {string} */ target) {
  if (existsSync(place) && realpathSync(place) === realpathSync(target)) return
  rmSync(place, { recursive: true, force: true })
  mkdirSync(dirname(place), { recursive: true })
  symlinkSync(target, place, 'junction')
}
