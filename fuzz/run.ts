// node build/fuzz/run.js [--minutes N] [--seed S] [--target NAME]
// Feeds each target for its share of the time and ends with 1 if something is wrong; what was at fault is written to
// the target's corpus, so that every later run begins with it.
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { fuzz } from './fuzz.ts'
import { latin1 } from './target.ts'
import { corpusOf, targets } from './targets.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    target: { type: 'string' },
  },
})
const seed = Number(values.seed)
const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target)
const forMs = (Number(values.minutes) * 60_000) / chosen.length
if (chosen.length === 0 || !(forMs > 0) || !Number.isInteger(seed)) {
  console.error(
    `--target is one of ${targets.map(({ name }) => name).join(', ')}; --minutes and --seed are numbers`,
  )
  process.exit(2)
}

console.log(`seed ${seed}`)
for (const target of chosen) {
  const { inputs, outcomes, fault, input } = await fuzz({
    target: target.name,
    seed,
    inputs: Number.POSITIVE_INFINITY,
    forMs,
  })
  console.log(`${target.name.padEnd(18)}${inputs} inputs, ${outcomes} different outcomes`)
  if (fault === undefined || input === undefined) continue
  const isHex = ['frames', 'inflate'].includes(target.name)
  const text = isHex ? `${Buffer.from(input).toString('hex')}\n` : latin1(input)
  const name = `found-${createHash('sha1').update(input).digest('hex').slice(0, 8)}.${isHex ? 'hex' : 'txt'}`
  writeFileSync(new URL(name, corpusOf(target)), text, 'latin1')
  console.error(
    `${fault}\nThe input is in fuzz/corpus/${target.name}/${name}; give it a name that says what it is.`,
  )
  process.exitCode = 1
}
