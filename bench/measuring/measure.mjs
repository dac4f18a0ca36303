// Measures scenarios: every peer in turn, round after round, so that whatever else the machine does hits all of them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { binFolder } from '../peers.mjs'
import { makeCertificate } from './builder.mjs'
import { runForResult, startServer } from './processes.mjs'

/** @import { Command, Measuring, Peer, Reading, Scenario, Settings, Task } from '../model.ts' */
/** @import { Served } from './processes.mjs' */

/** A peer that is there. @typedef {{ peer: Peer, version: string, command: (task: Task) => Command }} Present */

/** The servers of one case: ended after every measurement, or kept for the next round. */
export class Servers {
  /** @type {Map<string, Served>} */
  #running = new Map()

  async start(/** @type {Command} */ command) {
    const key = JSON.stringify(command)
    const server = this.#running.get(key) ?? (await startServer(command))
    this.#running.set(key, server)
    return server
  }

  async stop() {
    const running = [...this.#running.values()]
    this.#running.clear()
    await Promise.all(running.map((server) => server.stop()))
  }
}

/**
 * What a scenario measures with.
 * @returns {Measuring}
 */
export function measuringOf(
  /** @type {Present} */ { peer, command },
  /** @type {Servers} */ servers,
  /** @type {Pick<Measuring, 'library' | 'prepared' | 'seconds' | 'settings' | 'warmUp'>} */ given,
) {
  return {
    ...given,
    peer,
    command,
    serve: (task) => servers.start(command(task)),
    floor: (kind) => servers.start({ program: join(binFolder, 'floor'), args: [kind] }),
    load(generator, { port, pid }, options, hellos = []) {
      const all = { port, pid, ...paceOf(generator, given), ...options }
      const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)])
      if (hellos.length > 0) args.push('--', ...hellos)
      const wait = Number(options['seconds'] ?? given.seconds) + 60
      return runForResult({ program: join(binFolder, generator), args }, wait)
    },
    run: runForResult,
    frame(name, firstByte, payload) {
      const folder = join(binFolder, 'frames')
      mkdirSync(folder, { recursive: true })
      const file = join(folder, name)
      writeFileSync(file, Buffer.concat([Uint8Array.of(firstByte), payload]))
      return file
    },
    certificate: makeCertificate,
  }
}

const paceOf = (
  /** @type {string} */ generator,
  /** @type {{ seconds: number, warmUp: number }} */ { seconds, warmUp },
) => (generator === 'idle-load' ? {} : { seconds, 'warm-up': warmUp })

/**
 * Measures one scenario.
 *
 * @param {Scenario} scenario
 * @param {Present[]} present
 * @param {Settings & { library: string, keepServers?: boolean }} settings  `keepServers`: for all rounds, where that
 *   makes no difference; quicker, and less independent
 * @param {{ begins(peer: Peer, round: number): void, ended(peer: Peer, reading: Reading | Error): void }} progress
 * @returns {Promise<Map<Peer, Reading[]>>} without peers that failed
 */
export async function measureScenario(scenario, present, settings, progress) {
  const { library, rounds, seconds, keepServers = false } = settings
  const given = { library, seconds, warmUp: 0.7, settings, prepared: Number.NaN }
  const servers = new Servers()
  const against = present.find(({ peer }) => peer.name === 'ws')
  if (scenario.prepare !== undefined && against !== undefined) {
    try {
      given.prepared = await scenario.prepare(measuringOf(against, servers, given))
    } finally {
      await servers.stop()
    }
  }
  /** @type {Map<Peer, Reading[]>} */
  const readings = new Map(present.map(({ peer }) => [peer, []]))
  for (let round = 0; round < Math.min(rounds, scenario.maxRounds ?? rounds); round++) {
    // Another one begins in every round.
    const order = present.map((_, at) => /** @type {Present} */ (present[(at + round) % present.length]))
    for (const one of order) {
      const so = readings.get(one.peer)
      if (so === undefined) continue
      progress.begins(one.peer, round)
      // A server that has been measured before is warm.
      if (keepServers && round > 0) given.warmUp = 0.25
      try {
        const { values, serverCpu, generatorCpu, otherCpu, details } = await scenario.measure(
          measuringOf(one, servers, given),
        )
        const reading = { values, serverCpu, generatorCpu, otherCpu, details }
        so.push(/** @type {Reading} */ (reading))
        progress.ended(one.peer, /** @type {Reading} */ (reading))
      } catch (error) {
        readings.delete(one.peer)
        progress.ended(one.peer, /** @type {Error} */ (error))
      } finally {
        if (!keepServers || scenario.needsFreshServer) await servers.stop()
      }
    }
  }
  await servers.stop()
  return readings
}
