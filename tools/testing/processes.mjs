// Runs programs so that nothing of them survives: each in a process group of its own, with a limit of time.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { root } from '../project.mjs'

/**
 * @typedef {object} Ended
 * @property {boolean} ok        it ended by itself with exit code 0
 * @property {string} output     all it printed, standard output and errors in the order they came
 * @property {string} ending     how it ended, in words
 * @property {string[]} left     the command lines of programs it started and left running; they are ended too
 */

/** @type {Set<() => void>} */
const running = new Set()
let runs = 0

/** @type {NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
for (const [index, signal] of signals.entries()) {
  process.once(signal, () => {
    for (const end of running) end()
    process.exit([130, 143, 129][index])
  })
}
process.once('exit', () => {
  for (const end of running) end()
})

/**
 * @param {string} program
 * @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {Promise<Ended>}
 */
export function run(program, args, { env = {}, timeoutMs = 120_000 } = {}) {
  const mark = `/${process.pid}.${++runs}/`
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env, POLYPLEX_RUN: `${process.env['POLYPLEX_RUN'] ?? ''}${mark}` },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    let timedOut = false
    const end = () => killAll(child.pid, mark)
    const timer = setTimeout(() => {
      timedOut = true
      end()
    }, timeoutMs)
    running.add(end)
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        if (output.length < 1_000_000) output += text
      })
    }
    child.once('error', (error) => {
      output += `${error.message}\n`
    })
    /** @type {Promise<string[]>} */
    let leftovers = Promise.resolve([])
    child.once('exit', () => {
      clearTimeout(timer)
      leftovers = stillRunning(mark).finally(end) // whoever is left holds the pipes, and then `close` would not come
    })
    child.once('close', async (code, signal) => {
      clearTimeout(timer)
      const left = await leftovers
      running.delete(end)
      const ending = timedOut
        ? `did not end within ${timeoutMs / 1000} s`
        : `ended with ${signal ?? `exit code ${code}`}`
      resolve({ ok: code === 0 && !timedOut, output, ending, left })
    })
  })
}

/** Ends a process group and everything that carries the mark in its environment (Chromium leaves the group). */
function killAll(/** @type {number | undefined} */ group, /** @type {string} */ mark) {
  const victims = [...marked(mark).keys()]
  if (group !== undefined) victims.unshift(-group)
  for (const victim of victims) {
    try {
      process.kill(victim, 'SIGKILL')
    } catch {
      // it is gone already
    }
  }
}

/** What still runs after a program has ended; processes on their way out get two seconds. */
async function stillRunning(/** @type {string} */ mark) {
  for (let tries = 0; tries < 40 && marked(mark).size > 0; tries += 1) await wait(50)
  return [...marked(mark).values()]
}

/** The living processes started with a mark, by id, with their command lines; known on Linux only. */
function marked(/** @type {string} */ mark) {
  /** @type {Map<number, string>} */
  const found = new Map()
  if (process.platform !== 'linux') return found
  for (const id of readdirSync('/proc')) {
    if (!/^\d+$/.test(id)) continue
    try {
      const environment = readFileSync(`/proc/${id}/environ`, 'latin1').split('\0')
      const marks = environment.find((variable) => variable.startsWith('POLYPLEX_RUN='))
      if (marks === undefined || !marks.includes(mark)) continue
      found.set(
        Number(id),
        readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 160),
      )
    } catch {
      // it ended while we looked, or it is not ours to read
    }
  }
  return found
}
