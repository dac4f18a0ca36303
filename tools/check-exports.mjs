// Checks what a user gets: every subpath exists with its types, the package holds what it needs and nothing else,
// and installing it installs one package.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readJson, root } from './project.mjs'

const manifest = readJson(join(root, 'package.json'))
/** @type {string[]} */
const wrong = []

/** @returns {string[]} the files named by an entry of `exports`, under any condition */
const targetsOf = (/** @type {string | Record<string, any>} */ entry) =>
  typeof entry === 'string' ? [entry] : Object.values(entry).flatMap(targetsOf)

/** A drop-in has declarations for `import` and for `require`. */
const typesComeFirst = (
  /** @type {Record<string, any>} */ { import: imported, require: required, ...entry },
) =>
  (imported === undefined ? [entry] : [imported, required]).every((part) => Object.keys(part)[0] === 'types')

for (const [subpath, entry] of Object.entries(manifest.exports)) {
  for (const target of targetsOf(entry)) {
    if (!existsSync(join(root, target))) wrong.push(`exports ${subpath}: ${target} does not exist`)
  }
  if (typeof entry === 'object' && !typesComeFirst(entry))
    wrong.push(`exports ${subpath}: types do not come first`)
}

for (const [name, target] of Object.entries(manifest.bin)) {
  const file = join(root, target)
  if (!existsSync(file)) wrong.push(`bin ${name}: ${target} does not exist`)
  else if (!readFileSync(file, 'utf8').startsWith('#!/usr/bin/env node\n'))
    wrong.push(`bin ${name}: ${target} has no #! line`)
}

for (const field of ['dependencies', 'bundleDependencies', 'optionalDependencies']) {
  if (manifest[field] !== undefined)
    wrong.push(`package.json has ${field}: installing polyplex installs one package`)
}
for (const [name, version] of Object.entries(manifest.devDependencies)) {
  if (!/^\d+\.\d+\.\d+$/.test(version)) wrong.push(`devDependencies: ${name} has no exact version`)
}

// npm leaves the packages of other platforms out of the lock file when it changes an installed tree (npm/cli#4828);
// CONTRIBUTING.md says how to write it anew.
for (const folder of ['', 'tools/runtimes']) {
  const { packages } = readJson(join(root, folder, 'package-lock.json'))
  for (const [path, { optionalDependencies = {}, resolved }] of Object.entries(packages)) {
    for (const name of Object.keys(optionalDependencies)) {
      const known = packages[`${path}/node_modules/${name}`] ?? packages[`node_modules/${name}`]
      if (known === undefined)
        wrong.push(`${join(folder, 'package-lock.json')} lacks ${name}, which ${path} may need elsewhere`)
    }
    if (resolved !== undefined) wrong.push(`${join(folder, 'package-lock.json')} names a host for ${path}`)
  }
}

const published = [
  /^dist\/.+\.(js|d\.ts|js\.map|d\.ts\.map)$/,
  /^dist\/compat\/[\w-]+\.(cjs|mjs|d\.cts|d\.mts)$/,
  /^dist\/cli\/demo\//,
  /^src\/.+\.ts$/, // what the maps in dist/ lead to
  /^[^/]+\.md$/,
  /^LICENSE$/,
  /^package\.json$/,
]
for (const file of packedFiles()) {
  if (!published.some((pattern) => pattern.test(file))) wrong.push(`the package would hold ${file}`)
}

/** @returns {string[]} */
function packedFiles() {
  const npm = process.env['npm_execpath'] ?? ''
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const { stdout, stderr } = npm.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, encoding: 'utf8' })
    : spawnSync('npm', args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' })
  try {
    const [result] = Object.values(JSON.parse(stdout))
    return result.files.map((/** @type {{ path: string }} */ { path }) => path)
  } catch {
    wrong.push(`npm pack failed: ${stderr}`)
    return []
  }
}

for (const line of wrong) console.log(line)
if (wrong.length > 0) process.exitCode = 1
