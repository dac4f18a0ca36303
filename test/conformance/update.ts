// Writes what the core does now into cases.txt as what is expected: `node build/test/conformance/update.js`.
// Look at every changed line before it is kept: the table is the judge of the core, not the other way round.
import { type Outcome, Run } from './run.ts'
import { readCases, updateCases } from './table.ts'

const outcomes = new Map<number, Outcome>()
let changed = 0
for (const one of readCases()) {
  const runs = one.roles.flatMap((role) => one.modes.map((mode) => new Run(one, role, mode).outcome()))
  const [first, ...others] = runs as [Outcome, ...Outcome[]]
  if (others.some(({ events, sent }) => events !== first.events || sent !== first.sent)) {
    console.error(
      `cases.txt:${one.line}: ${one.name} differs between roles or modes; give each a line of its own`,
    )
    process.exitCode = 1
    continue
  }
  outcomes.set(one.line, first)
  if (first.events === one.events && first.sent === one.sent) continue
  changed += 1
  console.log(
    `cases.txt:${one.line}: ${one.name}\n  was ${one.events} | ${one.sent}\n  is  ${first.events} | ${first.sent}`,
  )
}
updateCases(outcomes)
console.log(`${changed} of ${outcomes.size} expectations changed`)
