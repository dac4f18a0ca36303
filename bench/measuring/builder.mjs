// Builds what the measurements need: load generators, the floor, a copy of the library, a certificate.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { benchFolder, binFolder } from '../peers.mjs'

const compilers = ['cc', 'gcc', 'clang']

/** Compiles what is older than its source. Throws a sentence where that cannot be done. */
export function buildGenerators() {
  if (process.platform !== 'linux')
    throw new Error('the benchmarks read /proc and use epoll: they need Linux')
  mkdirSync(binFolder, { recursive: true })
  const load = join(benchFolder, 'load')
  const shared = [join(load, 'load.c'), join(load, 'load.h')]
  const programs = readdirSync(load).filter((file) => file.endsWith('-load.c'))
  for (const file of programs) compile([join(load, file), shared[0] ?? ''], shared)
  compile([join(benchFolder, 'peers', 'floor.c')], [])
}

function compile(/** @type {string[]} */ sources, /** @type {string[]} */ needs) {
  const program = join(binFolder, basename(sources[0] ?? '', '.c'))
  const changed = Math.max(...[...sources, ...needs].map((file) => statSync(file).mtimeMs))
  if (existsSync(program) && statSync(program).mtimeMs > changed) return
  const compiler = compilers.find((name) => spawnSync(name, ['--version']).status === 0)
  if (compiler === undefined)
    throw new Error('a C compiler is needed (Debian: apt-get install gcc libc6-dev)')
  const ran = spawnSync(compiler, ['-O2', '-o', program, ...sources], { encoding: 'utf8' })
  if (ran.status !== 0) throw new Error(`${compiler} failed on ${sources[0]}\n${ran.stderr}`)
}

/** A copy of the built library: a build in the middle of the measurements must not change what is measured. */
export function copyLibrary(/** @type {string} */ from, name = 'library') {
  if (!existsSync(join(from, 'server', 'index.js')))
    throw new Error(`${from} has no server/index.js: build it first`)
  const to = join(binFolder, name)
  rmSync(to, { recursive: true, force: true })
  cpSync(from, to, { recursive: true })
  writeFileSync(join(to, 'package.json'), '{ "type": "module" }\n')
  return to
}

/** A fresh key and certificate for localhost. */
export function makeCertificate() {
  const [key, cert] = [join(binFolder, 'key.pem'), join(binFolder, 'cert.pem')]
  if (existsSync(key) && existsSync(cert)) return { key, cert }
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const args = [
    'req',
    '-x509',
    ...curve,
    '-keyout',
    key,
    '-out',
    cert,
    '-days',
    '30',
    '-subj',
    '/CN=localhost',
  ]
  const ran = spawnSync('openssl', args, { encoding: 'utf8' })
  if (ran.status !== 0) throw new Error('the program openssl is needed for a certificate')
  return { key, cert }
}
