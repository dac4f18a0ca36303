import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ChaosOptions, type ChaosReport, runChaos, transportNames } from './run.ts'

// The short form of `npm run chaos`.
const small: ChaosOptions = {
  seed: 5,
  clients: 12,
  channels: 6,
  messages: 2_000,
  nodes: 1,
  windowMs: 600_000,
  transports: transportNames,
  heartbeat: { everyMs: 200, graceMs: 600 },
  faults: { openingRate: 0.1, faultAfterMs: 400, spellMs: 600 },
  awayMs: 20,
  paceMs: 20,
  maxMs: 100_000,
}

function assertNothingWrong({ violations, counts, faults }: ChaosReport): void {
  assert.deepEqual(violations.examples, [])
  assert.ok((counts['resumes'] as number) > 0)
  assert.ok(Object.values(faults).reduce((sum, count) => sum + count, 0) > 20)
}

test('over a network that does everything wrong nothing is lost, doubled or reordered, and no session is reset', async () => {
  const report = await runChaos(small)
  assertNothingWrong(report)
  assert.equal(report.resets.size, 0)
})

test('on two servers too, where every connection reaches one of them by chance', async () => {
  const report = await runChaos({ ...small, seed: 7, nodes: 2, messages: 800 })
  assertNothingWrong(report)
  assert.equal(report.resets.size, 0)
})

test('where sessions are kept for a moment only, each reset was due, and history catches up', async () => {
  const report = await runChaos({ ...small, seed: 6, messages: 800, windowMs: 1, awayMs: 1_200 })
  assertNothingWrong(report)
  assert.deepEqual([...report.resets.keys()], ['unknown: away for longer than the window'])
})
