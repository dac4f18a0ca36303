// The servers that are compared: how each is found and started.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @import { Peer, Task } from './model.ts' */

export const benchFolder = dirname(fileURLToPath(import.meta.url))
const programs = join(benchFolder, 'peers')
const installed = join(benchFolder, 'node_modules')
export const binFolder = join(benchFolder, 'bin')

/** Node with a program of ours. */
const node = (/** @type {string} */ file, /** @type {object} */ task) => ({
  program: process.execPath,
  args: [join(programs, file), JSON.stringify(task)],
})

/** The peers that are packages of npm on this Node. */
const onNode =
  (/** @type {string} */ name, /** @type {string} */ file = `${name}.js`) =>
  () =>
    existsSync(join(installed, name))
      ? { version: versionOf(name), command: (/** @type {Task} */ task) => node(file, task) }
      : { missing: 'could not be installed from npm' }

const versionOf = (/** @type {string} */ name) => readPackage(join(installed, name)).version

/** @returns {{ version: string }} */
const readPackage = (/** @type {string} */ folder) =>
  JSON.parse(readText(process.execPath, ['-p', `JSON.stringify(require('${folder}/package.json'))`]) ?? '{}')

/** What a program prints, or undefined where it fails. */
function readText(/** @type {string} */ program, /** @type {string[]} */ args, env = process.env) {
  const ran = spawnSync(program, args, { encoding: 'utf8', env })
  return ran.status === 0 ? ran.stdout.trim() : undefined
}

/** A runtime that npm installs as a program of its own: the package that suits this machine. */
export function runtimeProgram(/** @type {string} */ scope, /** @type {string} */ file) {
  const folder = join(installed, scope)
  const names = existsSync(folder) ? readdirSync(folder) : []
  return names.map((name) => join(folder, name, file)).find((path) => existsSync(path))
}

export const bunProgram = () => runtimeProgram('@oven', 'bin/bun')

/** Ours, with changes for those who ask for them. */
const ours = (/** @type {Pick<Peer, 'name' | 'label'>} */ who, /** @type {object} */ changes) => ({
  ...who,
  can: () => true,
  find: (/** @type {string} */ library) => ({
    version: readPackage(join(benchFolder, '..')).version,
    command: (/** @type {Task} */ task) =>
      node(task.kind === 'room' ? 'polyplex-realtime.js' : 'polyplex.js', { ...task, library, ...changes }),
  }),
})

const plainSocketsOnly = (/** @type {Task} */ task) =>
  (task.kind === 'echo' || task.kind === 'fan-out') && !task.compression && !task.tls

/** Another build of ours. */
export function polyplexBuild(
  /** @type {string} */ name,
  /** @type {string} */ label,
  /** @type {string} */ library,
) {
  /** @type {Peer} */
  const peer = { name, label, can: () => true, find: () => ({ missing: 'is given as a folder' }) }
  return { peer, ...ours(peer, {}).find(library) }
}

/** @type {Peer[]} */
export const peers = [
  ours({ name: 'polyplex', label: 'Polyplex' }, {}),
  { ...ours({ name: 'polyplex-plain', label: 'Polyplex, rawHandles: false' }, { plain: true }), extra: true },
  {
    name: 'ws',
    label: 'ws + bufferutil',
    can: ({ kind }) => kind !== 'topics' && kind !== 'room',
    find: onNode('ws'),
  },
  {
    name: 'polyplex-ws',
    label: 'polyplex/ws',
    can: ({ kind }) => kind !== 'topics' && kind !== 'room',
    find: (library) => ({
      version: readPackage(join(benchFolder, '..')).version,
      command: (/** @type {Task} */ task) => node('ws.js', { ...task, library }),
    }),
  },
  {
    name: 'bun',
    label: 'Bun',
    can: ({ kind }) => kind !== 'room',
    find() {
      const program = bunProgram()
      if (program === undefined) return { missing: 'npm has no program for this machine' }
      return {
        version: readText(program, ['--version']) ?? '',
        command: (task) => ({ program, args: [join(programs, 'bun.js'), JSON.stringify(task)] }),
      }
    },
  },
  {
    name: 'deno',
    label: 'Deno',
    can: plainSocketsOnly,
    find() {
      const program = runtimeProgram('@deno', 'deno')
      if (program === undefined) return { missing: 'npm has no program for this machine' }
      return {
        version: /\d+\.\d+\.\d+/.exec(readText(program, ['--version']) ?? '')?.[0] ?? '',
        command: (task) => ({
          program,
          args: [
            'run',
            '--quiet',
            '--no-config',
            '--allow-net',
            join(programs, 'deno.js'),
            JSON.stringify(task),
          ],
        }),
      }
    },
  },
  {
    name: 'uwebsockets',
    label: 'uWebSockets.js',
    can: plainSocketsOnly,
    find: () => ({ missing: 'npm does not have it: it is published elsewhere' }),
  },
  { name: 'websocket', label: 'websocket', can: plainSocketsOnly, find: onNode('websocket') },
  {
    name: 'nodejs-websocket',
    label: 'nodejs-websocket',
    can: plainSocketsOnly,
    find: onNode('nodejs-websocket'),
  },
  {
    name: 'engine.io',
    label: 'Engine.IO (Socket.IO)',
    can: plainSocketsOnly,
    find: onNode('engine.io'),
    speaks: { path: '/engine.io/?EIO=4&transport=websocket', greetings: 1, textPrefix: '4' },
  },
  {
    name: 'polyplex-topic',
    label: 'bare topic of ours',
    can: ({ kind, history = false }) => kind === 'room' && history,
    find: (library) => ({
      version: readPackage(join(benchFolder, '..')).version,
      command: (/** @type {Task} */ task) => node('polyplex.js', { ...task, kind: 'fan-out', library }),
    }),
  },
  {
    name: 'socket.io',
    label: 'Socket.IO',
    can: ({ kind, history = false, presence = false }) => kind === 'room' && !history && !presence,
    find: onNode('socket.io'),
  },
  {
    name: 'python-websockets',
    label: 'python3-websockets',
    can: plainSocketsOnly,
    find() {
      const program = '/usr/bin/python3'
      const version = readText(program, ['-c', 'import websockets; print(websockets.__version__)'])
      if (version === undefined) return { missing: 'not installed (Debian: python3-websockets)' }
      return {
        version,
        command: (task) => ({
          program,
          args: [join(programs, 'python-websockets.py'), JSON.stringify(task)],
        }),
      }
    },
  },
  {
    name: 'gorilla',
    label: 'Gorilla (Go)',
    can: (task) => task.kind === 'echo' && plainSocketsOnly(task),
    find() {
      const env = {
        ...process.env,
        GO111MODULE: 'off',
        GOPATH: '/usr/share/gocode',
        GOCACHE: join(binFolder, 'go'),
      }
      const version = readText('go', ['version'])
      if (version === undefined || !existsSync('/usr/share/gocode/src/github.com/gorilla/websocket')) {
        return { missing: 'not installed (Debian: golang-go golang-github-gorilla-websocket-dev)' }
      }
      const program = join(binFolder, 'gorilla')
      mkdirSync(binFolder, { recursive: true })
      const built = readText('go', ['build', '-o', program, join(programs, 'gorilla', 'main.go')], env)
      if (built === undefined) return { missing: 'it does not compile here' }
      const package_ = readText('dpkg-query', ['--show', 'golang-github-gorilla-websocket-dev'])?.split(
        '\t',
      )[1]
      return {
        version: `${package_ ?? ''}, ${/go\d[\d.]*/.exec(version)?.[0]}`,
        command: (task) => ({ program, args: [JSON.stringify(task)] }),
      }
    },
  },
  {
    name: 'floor',
    label: 'bare epoll in C',
    can: plainSocketsOnly,
    find: () => ({
      version: '',
      command: ({ kind }) => ({ program: join(binFolder, 'floor'), args: [kind] }),
    }),
  },
]
