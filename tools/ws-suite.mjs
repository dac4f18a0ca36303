// npm run interop:ws-suite: runs the test suite of the package `ws` against polyplex/ws, and prints the share that passes.
// The suite is not in the npm package: it comes with Debian's source package node-ws, fetched into a folder for temporary
// files. `-- --source <folder>` takes a source tree of ws that is there; `--cases` lists what does not pass.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { readJson, root } from './project.mjs'

const { values: options } = parseArgs({
  options: { source: { type: 'string' }, cases: { type: 'boolean', default: false } },
})
const require = createRequire(import.meta.url)
const folder = join(tmpdir(), 'polyplex-ws-suite')
const suites = ['bookworm', 'trixie', 'sid']

/** Tests of modules that no program can reach: ws exports its main file alone. */
const internals = ['buffer-util.test.js', 'limiter.test.js', 'validation.test.js']

function run(/** @type {string} */ command, /** @type {string[]} */ args, /** @type {string} */ cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1e9,
    timeout: 300_000,
  })
  return { ok: status === 0, stdout, stderr }
}

/** Fetches the newest source package there is; its own lists, so that the system's stay as they are. */
function fetchSource() {
  const apt = join(folder, 'apt')
  mkdirSync(join(apt, 'lists/partial'), { recursive: true })
  mkdirSync(join(apt, 'cache/archives/partial'), { recursive: true })
  const list = join(apt, 'sources.list')
  writeFileSync(list, suites.map((suite) => `deb-src http://deb.debian.org/debian ${suite} main\n`).join(''))
  const settings = [
    `Dir::Etc::sourcelist=${list}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${join(apt, 'lists')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
  ].flatMap((setting) => ['-o', setting])
  run('apt-get', [...settings, 'update'], folder)
  const { stdout } = run('apt-cache', [...settings, 'showsrc', 'node-ws'], folder)
  const versions = [...stdout.matchAll(/^Version: (.+)$/gm)].map(([, version = '']) => version)
  for (const version of versions.sort(newestFirst)) {
    // Mirrors do not hold every part of every version; the tests are in the main archive.
    run('apt-get', [...settings, 'source', '--download-only', `node-ws=${version}`], folder)
    const upstream = version.replace(/-[^-]*$/, '')
    const archive = join(folder, `node-ws_${upstream}.orig.tar.gz`)
    if (existsSync(archive) && run('tar', ['xzf', archive], folder).ok) {
      return join(folder, `ws-${upstream.replace(/\+.*/, '')}`)
    }
  }
  throw new Error('No source package node-ws can be had: give a source tree of ws by --source')
}

/** @returns {number} */
const newestFirst = (/** @type {string} */ a, /** @type {string} */ b) =>
  b.localeCompare(a, 'en', { numeric: true })

const parts = {
  'event-target': 'events',
  extension: 'WebSocket.extension',
  'permessage-deflate': 'WebSocket.PerMessageDeflate',
  receiver: 'WebSocket.Receiver',
  sender: 'WebSocket.Sender',
  stream: 'WebSocket.createWebSocketStream',
  subprotocol: 'WebSocket.subprotocol',
  websocket: 'WebSocket',
  'websocket-server': 'WebSocket.Server',
}

/** What the tests ask of the inside of ws, as far as it shows on the outside: the classes of events, the symbol on errors. */
const inside = `
const WebSocket = require('polyplex/ws')
const events = {}
const websocket = new WebSocket(null, undefined, {})
for (const [type, ...facts] of [['open'], ['message', Buffer.alloc(0), false], ['close', 1000, Buffer.alloc(0)], ['error', new Error()]]) {
  websocket.addEventListener(type, ({ constructor }) => { events[constructor.name] = constructor })
  websocket.emit(type, ...facts)
}
let kStatusCode
new WebSocket.Receiver()._write(Buffer.from([0xff, 0xff]), '', (error) => {
  kStatusCode = Object.getOwnPropertySymbols(error)[0]
})
const constants = {
  EMPTY_BUFFER: websocket._closeMessage,
  GUID: '258EAFA5-E914-47DA-95CA-C5AB0DC85B11',
  hasBlob: typeof Blob !== 'undefined',
  kListener: Object.getOwnPropertySymbols(websocket.listeners('open')[0])[0],
  kStatusCode,
  NOOP: () => {},
}
`

/**
 * Runs the tests with \`require('..')\` and \`require('../lib/…')\` mapped.
 * @param {string} name
 * @param {string} source
 * @param {(part: string) => string} lib  the text of the module that stands for lib/<part>.js
 * @param {string} index
 */
function runSuite(name, source, lib, index) {
  const place = join(folder, name)
  rmSync(place, { recursive: true, force: true })
  mkdirSync(join(place, 'lib'), { recursive: true })
  cpSync(join(source, 'test'), join(place, 'test'), { recursive: true })
  for (const file of internals) rmSync(join(place, 'test', file), { force: true })
  writeFileSync(join(place, 'index.js'), index)
  for (const file of readdirSync(join(source, 'lib'))) {
    writeFileSync(join(place, 'lib', file), lib(file.replace(/\.js$/, '')))
  }
  const modules = join(place, 'node_modules')
  mkdirSync(modules)
  symlinkSync(root, join(modules, 'polyplex'), 'dir')
  const report = join(place, 'report.json')
  const mocha = join(folder, 'tools/node_modules/mocha/bin/mocha.js')
  const args = ['--reporter', 'json', '--reporter-option', `output=${report}`, '--exit', 'test/*.test.js']
  const { stderr } = run(process.execPath, [mocha, '--throw-deprecation', ...args], place)
  if (!existsSync(report)) throw new Error(`The tests did not run to their end: ${stderr}`)
  /** @type {{ passes: Case[], failures: Case[], pending: Case[] }} */
  const { passes, failures, pending } = readJson(report)
  return { passes: passes.map(titleOf), failures: failures.map(caseOf), pending: pending.map(titleOf) }
}

/** @typedef {{ fullTitle: string, err: { message?: string } }} Case */
const titleOf = (/** @type {Case} */ { fullTitle }) => fullTitle
const caseOf = (/** @type {Case} */ { fullTitle, err }) => ({
  title: fullTitle,
  message: (err.message ?? '').split('\n').slice(0, 4).join(' | '),
})

mkdirSync(join(folder, 'tools'), { recursive: true })
if (!existsSync(join(folder, 'tools/node_modules/mocha'))) {
  writeFileSync(join(folder, 'tools/package.json'), '{ "private": true }')
  run('npm', ['install', '--no-audit', '--no-fund', 'mocha@11'], join(folder, 'tools'))
}
const source = options.source ?? fetchSource()
const { version } = readJson(join(source, 'package.json'))
const wsFolder = dirname(require.resolve('ws/package.json'))
const real = readJson(join(wsFolder, 'package.json')).version

const baseline = runSuite(
  'real',
  source,
  (part) => `module.exports = require(${JSON.stringify(join(wsFolder, 'lib', part))})\n`,
  `module.exports = require(${JSON.stringify(wsFolder)})\n`,
)
const ours = runSuite(
  'ours',
  source,
  (part) => {
    if (part === 'constants') return `${inside}module.exports = constants\n`
    const what = /** @type {Record<string, string>} */ (parts)[part]
    return what === undefined ? '' : `${inside}module.exports = ${what}\n`
  },
  `module.exports = require('polyplex/ws')\n`,
)

const meant = new Set(baseline.passes)
const passed = ours.passes.filter((title) => meant.has(title))
const share = ((100 * passed.length) / meant.size).toFixed(1)
console.log(`the suite of ws ${version}, without ${internals.join(', ')}, on Node ${process.versions.node}`)
console.log(`ws ${real}: ${baseline.passes.length} pass, ${baseline.failures.length} fail`)
console.log(`polyplex/ws: ${ours.passes.length} pass, ${ours.failures.length} fail`)
console.log(`of those that ws ${real} passes: ${passed.length} of ${meant.size}, ${share} %`)
if (options.cases) {
  for (const { title, message } of ours.failures) {
    console.log(`\n${meant.has(title) ? '✗' : '(ws fails too)'} ${title}\n    ${message}`)
  }
}
