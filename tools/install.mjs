// Brings what a fresh clone lacks: npm packages, the programs of the distribution that tests drive, other runtimes.
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync } from 'node:fs'
import { join, relative } from 'node:path'
import { readJson, root } from './project.mjs'

/** Installs the packages of the lock file unless they are there already. Throws with npm's own words if it cannot. */
export function installPackages(folder = root) {
  if (packagesAreInstalled(folder)) return
  if (lstatSync(join(folder, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    // npm would empty the folder that somebody else uses.
    throw new Error(
      `${join(folder, 'node_modules')} is a link to packages that are not those of the lock file`,
    )
  }
  console.log(`installing npm packages ${folder === root ? '' : `for ${relative(root, folder)} `}…`)
  npm(folder, 'ci', '--ignore-scripts', '--no-audit', '--no-fund')
}

function packagesAreInstalled(/** @type {string} */ folder) {
  const written = join(folder, 'node_modules', '.package-lock.json')
  if (!existsSync(written)) return false
  const have = readJson(written).packages
  const want = Object.entries(readJson(join(folder, 'package-lock.json')).packages)
  return want.every(([path, { version, optional }]) => {
    return path === '' || have[path]?.version === version || (optional && have[path] === undefined)
  })
}

function npm(/** @type {string} */ folder, /** @type {string[]} */ ...args) {
  const script = process.env['npm_execpath']
  const windows = process.platform === 'win32'
  const result = script?.endsWith('.js')
    ? spawnSync(process.execPath, [script, ...args], { cwd: folder, encoding: 'utf8' })
    : spawnSync('npm', args, { cwd: folder, encoding: 'utf8', shell: windows })
  if (result.status !== 0)
    throw new Error(`npm ${args[0]} failed\n${result.stdout ?? ''}${result.stderr ?? ''}`)
}

/** Programs of the distribution that some tests drive, and the file that tells whether they are there. */
const programs = [
  { name: 'chromium', file: '/usr/bin/chromium' },
  { name: 'python3-websockets', file: '/usr/lib/python3/dist-packages/websockets' },
]

/** On Debian and its relatives, as root, installs missing programs. Whoever needs one looks for it afterwards. */
export function installPrograms() {
  const missing = programs.filter(({ file }) => !existsSync(file)).map(({ name }) => name)
  if (missing.length === 0 || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return
  console.log(`installing ${missing.join(', ')} with apt-get …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const options = { env, timeout: 300_000 }
  spawnSync('apt-get', ['update', '-qq'], options)
  for (const name of missing)
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], options)
}

/** Installs the runtimes of `tools/runtimes/`, about 900 MB on disk. Whoever needs one looks for it afterwards. */
export function installRuntimes() {
  try {
    installPackages(join(root, 'tools', 'runtimes'))
  } catch (error) {
    console.log(error instanceof Error ? error.message : error)
  }
}
