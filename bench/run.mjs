// npm run bench: measures ours and every peer that is there, side by side, and writes down what came out.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { installPackages } from '../tools/install.mjs'
import { root } from '../tools/project.mjs'
import { buildGenerators, copyLibrary } from './measuring/builder.mjs'
import { machine } from './measuring/machine.mjs'
import { measureScenario } from './measuring/measure.mjs'
import { Progress } from './measuring/progress.mjs'
import { benchFolder, peers, polyplexBuild } from './peers.mjs'
import { charts } from './reporting/chart.mjs'
import { medianOf, withUnit } from './reporting/figures.mjs'
import { formatResults, newestResults, resultsFolder, store } from './reporting/store.mjs'
import { channelTable, fullTable, isOfChannels, page, ratioTable } from './reporting/table.mjs'
import { clients } from './scenarios/client.mjs'
import { scenarios } from './scenarios/index.mjs'

/** @import { Peer, Scenario, Settings, Stored } from './model.ts' */
/** @import { Present } from './measuring/measure.mjs' */

const help = `npm run bench -- [options]

  --case NAME      only this case, or all whose names begin so (several times for several)
  --peer NAME      only these peers, and ours (several times for several)
  --rounds N       how often each is measured; the median counts (3)
  --seconds S      how long one measurement takes (2)
  --minutes M      how long the memory under compressed traffic is watched (10)
  --library DIR    measure another build of Polyplex than dist/
  --against DIR    and this build beside it, to see what a change did (several times for several)
  --gorilla        install Go and Gorilla from Debian where they are missing
  --save           keep results of a part too; whole cases of 3 rounds are always kept
  --report         measure nothing, write table and chart anew from the results that are kept
  --list           names of all cases and peers
`

const { values: options } = parseArgs({
  options: {
    case: { type: 'string', multiple: true },
    peer: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    minutes: { type: 'string', default: '10' },
    library: { type: 'string' },
    against: { type: 'string', multiple: true },
    gorilla: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** @returns {never} */
function stop(/** @type {string} */ message) {
  console.error(message)
  process.exit(2)
}

function number(/** @type {'rounds' | 'seconds' | 'minutes'} */ name) {
  const value = Number(options[name])
  if (!(value > 0)) stop(`--${name} must be a number above 0`)
  return value
}

/** @returns {Scenario[]} */
function wantedScenarios() {
  const wanted = options.case ?? ['']
  for (const name of wanted) {
    if (!scenarios.some((scenario) => scenario.name.startsWith(name)))
      stop(`There is no case ${name}; --list names them`)
  }
  const exact = (/** @type {string} */ name) => scenarios.some((scenario) => scenario.name === name)
  return scenarios.filter(({ name }) =>
    wanted.some((begin) => (exact(begin) ? name === begin : name.startsWith(begin))),
  )
}

/** Whether a peer was asked for; without a wish, those that every scenario names. */
function isWanted(/** @type {Peer} */ { name, extra }) {
  if (options.peer === undefined && options.against === undefined) return extra !== true
  const ours = name === 'polyplex' || name === 'polyplex-client'
  return ours || options.peer?.some((wanted) => name === wanted || name === `${wanted}-client`) === true
}

function installGorilla() {
  const packages = ['golang-go', 'golang-github-gorilla-websocket-dev']
  const ran = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (ran.status !== 0) console.log(`apt-get could not install ${packages.join(' ')}`)
}

function writeReport() {
  const results = newestResults()
  writeFileSync(join(resultsFolder, 'README.md'), page(results))
  for (const [name, svg] of Object.entries(charts(results))) writeFileSync(join(resultsFolder, name), svg)
  formatResults()
}

/** Whether ws or Bun was measured too. */
const isAgainst = (/** @type {Stored[]} */ results) =>
  results.some(({ peers }) => peers.some(({ name }) => /^(ws|bun)/.test(name)))

async function main() {
  if (options.help) return console.log(help)
  if (options.list) {
    for (const { name, mix } of scenarios) console.log(`${name.padEnd(28)} ${mix}`)
    return console.log(`\n${[...peers, ...clients].map(({ name }) => name).join(' ')}`)
  }
  if (options.report) return writeReport()
  const everybody = [...peers, ...clients]
  for (const name of options.peer ?? []) {
    if (!everybody.some((peer) => peer.name === name)) stop(`There is no peer ${name}; --list names them`)
  }

  const chosen = wantedScenarios()
  /** @type {Settings} */
  const settings = {
    rounds: number('rounds'),
    seconds: number('seconds'),
    minutes: number('minutes'),
    settleSeconds: 6,
  }
  installPackages(benchFolder)
  if (options.gorilla) installGorilla()
  if (options.library === undefined) {
    console.log('building …')
    const built = spawnSync(process.execPath, [join(root, 'tools', 'build.mjs')], { stdio: 'inherit' })
    if (built.status !== 0) stop('the library does not build')
  }
  buildGenerators()
  const library = copyLibrary(options.library ?? join(root, 'dist'))

  /** @type {Map<Peer, Present>} */
  const present = new Map()
  /** @type {Map<Peer, string>} */
  const missing = new Map()
  for (const peer of everybody.filter(isWanted)) {
    const found = await peer.find(library)
    if ('missing' in found) missing.set(peer, found.missing)
    else present.set(peer, { peer, ...found })
  }

  const otherBuilds = (options.against ?? []).map((folder, at) => {
    const name = `against-${at + 1}`
    const build = polyplexBuild(name, folder, copyLibrary(folder, name))
    present.set(build.peer, build)
    return build.peer
  })

  const plan = chosen.map((scenario) => {
    const named = [...scenario.peers, ...(options.peer ?? [])]
    const wanted = (/** @type {Peer} */ peer) =>
      scenario.suits(peer) && (named.includes(peer.name) || otherBuilds.includes(peer))
    const takingPart = [...present.values()].filter(({ peer }) => wanted(peer))
    const without = [...missing].filter(([peer]) => wanted(peer))
    const rounds = Math.min(settings.rounds, scenario.maxRounds ?? settings.rounds)
    const seconds = scenario.estimateSeconds(settings) + 0.3
    return { scenario, takingPart, without, rounds, seconds }
  })
  for (const [{ label }, why] of new Map(plan.flatMap(({ without }) => without))) {
    console.log(`without ${label}: ${why}`)
  }
  const total = plan.reduce(
    (sum, { takingPart, rounds, seconds }) => sum + takingPart.length * rounds * seconds,
    0,
  )
  const progress = new Progress(total)
  progress.say(`${plan.length} cases, about ${Math.ceil(total / 60)} min\n`)

  /** @type {Stored[]} */
  const results = []
  let kept = 0
  for (const { scenario, takingPart, without, rounds, seconds } of plan) {
    const readings = await measureScenario(
      scenario,
      takingPart,
      { ...settings, library },
      {
        begins: ({ label }, round) =>
          progress.begin(`${scenario.title} · ${label} · round ${round + 1} of ${rounds}`, seconds),
        ended({ label }, reading) {
          progress.step()
          if (reading instanceof Error)
            progress.say(`  ${scenario.name}: ${label} failed: ${reading.message}`)
        },
      },
    )
    /** @type {Stored} */
    const stored = {
      scenario: scenario.name,
      title: scenario.title,
      mix: scenario.mix,
      figures: scenario.figures,
      measuredAt: new Date().toISOString(),
      machine: machine(),
      settings,
      peers: takingPart.flatMap(({ peer, version }) => {
        const own = readings.get(peer)
        return own === undefined ? [] : [{ name: peer.name, label: peer.label, version, readings: own }]
      }),
      missing: without.map(([{ name, label }, why]) => ({ name, label, why })),
    }
    results.push(stored)
    for (const figure of scenario.figures) {
      const values = stored.peers.map(
        ({ label, readings }) => `${label} ${withUnit(medianOf(readings, figure.id), figure.unit)}`,
      )
      progress.say(`${figure.title.padEnd(44)} ${values.join('   ')}`)
    }
    const isWhole =
      options.peer === undefined &&
      options.against === undefined &&
      rounds >= Math.min(3, scenario.maxRounds ?? 3)
    if (isWhole || options.save) {
      store(stored)
      kept += 1
    }
  }
  progress.end()
  const ofChannels = results.filter(isOfChannels)
  const others = results.filter((stored) => !isOfChannels(stored))
  if (others.length > 0) console.log(`\n${isAgainst(others) ? ratioTable(others) : fullTable(others)}\n`)
  if (ofChannels.length > 0) console.log(`\n${channelTable(ofChannels)}\n`)
  if (kept === 0) return console.log('A part only: nothing was kept (--save keeps it).')
  writeReport()
  console.log(`${kept} results, the table and the chart are in bench/results/.`)
}

try {
  await main()
} catch (error) {
  stop(error instanceof Error ? error.message : String(error))
}
