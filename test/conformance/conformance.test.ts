import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Run } from './run.ts'
import { type Case, readCases } from './table.ts'

const cases = readCases()
const groups = new Map<string, Case[]>()
for (const one of cases) {
  const [group = ''] = one.name.split('/')
  groups.set(group, [...(groups.get(group) ?? []), one])
}

test('the table has at least 500 cases, each with a name of its own', () => {
  assert.ok(cases.length >= 500, `${cases.length} cases`)
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length)
})

/** Ways to cut `length` bytes: not at all, everywhere, at every place of a short session, at some of a long one. */
function waysToCut(length: number): number[][] {
  const everywhere = (step: number) =>
    Array.from({ length: Math.floor(length / step) }, (_, index) => (index + 1) * step)
  const ways: number[][] = [[], everywhere(length <= 5000 ? 1 : 1009)]
  if (length <= 200) for (let cut = 1; cut < length; cut++) ways.push([cut])
  else {
    const atEnds = length < 70_000 ? 16 : 4
    for (let cut = 1; cut <= atEnds; cut++) ways.push([cut], [length - cut])
    // Spread over the rest, the same at every run.
    for (let seed = 1; seed <= 6; seed++) ways.push([1 + ((seed * 0x9e37_79b1) % (length - 1))])
  }
  return ways
}

for (const [group, members] of groups) {
  test(`${members.length} cases of ${group}: every role, mode and split as expected`, () => {
    const differences: string[] = []
    for (const one of members) {
      for (const role of one.roles) {
        for (const mode of one.modes) {
          const run = new Run(one, role, mode)
          for (const cuts of waysToCut(run.length)) {
            const { events, sent } = run.outcome(cuts)
            if (events === one.events && sent === one.sent) continue
            const split =
              cuts.length === 0 ? 'whole' : cuts.length > 3 ? `in ${cuts.length} pieces` : `cut at ${cuts}`
            differences.push(
              `cases.txt:${one.line}: ${one.name} (${role}, ${mode}, ${split})\n` +
                `  expected ${one.events} | ${one.sent}\n` +
                `  got      ${events} | ${sent}`,
            )
            break
          }
        }
      }
    }
    if (differences.length > 0)
      assert.fail(`${differences.length} differences\n${differences.slice(0, 20).join('\n')}`)
  })
}
