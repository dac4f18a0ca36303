// Starts the programs that are measured and those that measure, and ends them again.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** @import { Command, LoadResult, RunningServer } from '../model.ts' */

/** Everything that runs, so that nothing is left behind. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => process.exit(130))

function start(/** @type {Command} */ { program, args }) {
  // Ten thousand connections are ten thousand files; the shell becomes the program, so the process id stays.
  const raise = 'ulimit -n "$(ulimit -Hn)"; exec "$0" "$@"'
  const child = spawn('/bin/sh', ['-c', raise, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors = (errors + text).slice(-4000)
  })
  return { child, errors: () => errors.trim() }
}

/** @typedef {RunningServer & { stop(): Promise<void> }} Served */

/**
 * Starts a server, which prints its port.
 * @returns {Promise<Served>}
 */
export function startServer(/** @type {Command} */ command) {
  const { child, errors } = start(command)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
  }
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`the server did not print its port within 15 s\n${errors()}`))
    }, 15_000)
    child.once('error', reject)
    child.once('exit', () => {
      clearTimeout(late)
      reject(new Error(`the server ended\n${errors()}`))
    })
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      printed += text
      const port = /^(\d+)\s/.exec(printed)?.[1]
      if (port === undefined) return
      clearTimeout(late)
      resolve({ port: Number(port), pid: /** @type {number} */ (child.pid), stop })
    })
  })
}

/**
 * Runs a program that prints one line of JSON.
 * @returns {Promise<LoadResult>}
 */
export function runForResult(/** @type {Command} */ command, /** @type {number} */ timeoutSeconds) {
  const { child, errors } = start(command)
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => child.kill('SIGKILL'), timeoutSeconds * 1000)
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      printed += text
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(late)
      if (code === 0) resolve(JSON.parse(printed))
      else reject(new Error(errors() || (signal === null ? `ended with ${code}` : `ended by ${signal}`)))
    })
  })
}

/** Processor time that all programs of the machine have used, in seconds. */
export function machineCpu() {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)
    .join()
    .split(/\s+/)
    .map(Number)
  return (user + nice + system + irq + softirq) / 100
}

/** Processor time of a process, user and system, in seconds. */
export function processCpu(/** @type {number} */ pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  return fields.slice(11, 13).reduce((sum, ticks) => sum + ticks, 0) / 100
}
