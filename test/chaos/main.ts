// What `npm run chaos` runs: see the help below.
import { parseArgs } from 'node:util'
import { type ChaosReport, runChaos, transportNames } from './run.ts'

const help = `npm run chaos -- [options]

  --seed N         of everything that is left to chance (random; it is printed)
  --clients N      (50)
  --channels N     (20)
  --messages N     messages and calls, both ways together (100 000)
  --nodes N        1 or 2 servers over one bus; each connection reaches one of them by chance (1)
  --window MS      how long sessions are kept (600 000; with 1 000 many begin anew, and catch up)
  --transport NAME only this one (several times for several; all: ${transportNames.join(', ')})
  --away MS        how long a client stays away at most when it has lost its connection (20)
  --pace MS        what each waits at most before the next (200; 0 is as fast as it goes)
  --minutes M      when to give up (10)
  --quiet          no progress
`

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    clients: { type: 'string', default: '50' },
    channels: { type: 'string', default: '20' },
    messages: { type: 'string', default: '100000' },
    nodes: { type: 'string', default: '1' },
    window: { type: 'string', default: '600000' },
    transport: { type: 'string', multiple: true, default: [...transportNames] },
    away: { type: 'string', default: '20' },
    pace: { type: 'string', default: '200' },
    minutes: { type: 'string', default: '10' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(help)
else {
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
  console.log(`seed ${seed}`)
  const report = await runChaos({
    seed,
    clients: Number(values.clients),
    channels: Number(values.channels),
    messages: Number(values.messages),
    nodes: values.nodes === '2' ? 2 : 1,
    windowMs: Number(values.window),
    transports: values.transport,
    heartbeat: { everyMs: 500, graceMs: 3_000 },
    faults: { openingRate: 0.15, faultAfterMs: 3_000, spellMs: 4_000 },
    awayMs: Number(values.away),
    paceMs: Number(values.pace),
    maxMs: Number(values.minutes) * 60_000,
    progress: values.quiet ? undefined : (line) => console.log(line),
  })
  console.log(tableOf(report))
  if (report.violations.total > 0) {
    console.log(report.violations.examples.join('\n'))
    console.log(`again with --seed ${seed}`)
    process.exitCode = 1
  }
}

function tableOf({ violations, counts, faults, resets, seconds }: ChaosReport): string {
  const rows: [string, number | string][] = [
    ...Object.entries(counts),
    ...Object.entries(faults).map(([name, count]): [string, number] => [`fault: ${name}`, count]),
    ...[...resets].map(([name, count]): [string, number] => [`reset, ${name}`, count]),
    ...['lost', 'doubled', 'out of order', 'reset not explained', 'wrong'].map((kind): [string, number] => [
      kind,
      violations.of(kind),
    ]),
    ['seconds', seconds.toFixed(1)],
  ]
  return rows.map(([name, count]) => `${name.padEnd(52)}${String(count).padStart(10)}`).join('\n')
}
