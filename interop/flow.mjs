// Runs one flow: `node interop/flow.mjs <name> [--real]`. It ends with exit code 0 if the flow did what it should, if
// everything it loaded stood on the `ws` under test, and if it left nothing open.
import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../tools/project.mjs'
import { flows } from './flows.mjs'
import { wsFolder } from './installing.mjs'

const patienceMs = 3000

const [name, ...switches] = process.argv.slice(2)
const real = switches.includes('--real')
const entry = flows.find((each) => each.name === name)
assert.ok(entry !== undefined, `there is no flow ${name}`)
const folder = join(root, 'interop', entry.folder)

const { flow } = await import(pathToFileURL(join(folder, 'flows', `${name}.mjs`)).href)
await flow()
for (const loader of ['.', ...entry.loaders]) assertLeadsToWs(loader)
assertLoadedOnlyWs()
setTimeout(() => {
  console.log(`it left open: ${process.getActiveResourcesInfo().join(', ')}`)
  process.exit(1)
}, patienceMs).unref()

/** What a package gets when it asks for `ws` lies in the folder of the one under test. */
function assertLeadsToWs(/** @type {string} */ loader) {
  const place = loader === '.' ? folder : join(folder, 'node_modules', loader)
  const found = realpathSync(createRequire(join(place, 'package.json')).resolve('ws'))
  assert.ok(found.startsWith(wsFolder(real) + sep), `${loader} loads ${found}`)
}

/** Of the two implementations, the one under test was loaded and the other was not. */
function assertLoadedOnlyWs() {
  const require = createRequire(import.meta.url)
  const loaded = Object.keys(require.cache)
  const ours = loaded.filter((path) => path === join(root, 'dist', 'compat', 'ws.cjs'))
  const theirs = loaded.filter((path) => path.endsWith(join('ws', 'lib', 'websocket.js')))
  assert.deepEqual([ours.length, theirs.length], real ? [0, 1] : [1, 0], 'not exactly the ws under test')
}
