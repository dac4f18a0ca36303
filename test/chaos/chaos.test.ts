import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ChaosOptions, type ChaosReport, runChaos, transportNames } from './run.ts'

// The short form of `npm run chaos`. It mostly waits for what stalls, so that all of it goes at a time.
const small: ChaosOptions = {
  seed: 5,
  clients: 8,
  channels: 4,
  messages: 400,
  nodes: 1,
  windowMs: 600_000,
  transports: transportNames,
  heartbeat: { everyMs: 150, graceMs: 450 },
  faults: { openingRate: 0.1, faultAfterMs: 400, spellMs: 300 },
  awayMs: 20,
  paceMs: 20,
  // A machine may be as slow as it likes.
  maxMs: 600_000,
}

function assertNothingWrong({ violations, counts, faults }: ChaosReport): void {
  assert.deepEqual(violations.examples, [])
  assert.ok((counts['resumes'] as number) > 0)
  assert.ok(Object.values(faults).reduce((sum, count) => sum + count, 0) > 20)
}

async function assertUnbroken(options: Partial<ChaosOptions>): Promise<void> {
  const report = await runChaos({ ...small, ...options })
  assertNothingWrong(report)
  assert.equal(report.resets.size, 0)
}

describe('chaos', { concurrency: true }, () => {
  test('over a network that does everything wrong nothing is lost, doubled or reordered, and no session is reset', () =>
    assertUnbroken({ messages: 800 }))

  for (const transport of transportNames) {
    test(`over one transport alone too: ${transport}`, () =>
      assertUnbroken({ seed: 8, transports: [transport], messages: 200 }))
  }

  test('on two servers too, where every connection reaches one of them by chance', () =>
    assertUnbroken({ seed: 7, nodes: 2 }))

  test('where sessions are kept for a moment only, each reset was due, and history catches up', async () => {
    const forgetful = { seed: 6, windowMs: 1, awayMs: 1_200, transports: ['websocket'] }
    const report = await runChaos({ ...small, ...forgetful, messages: 300 })
    assertNothingWrong(report)
    assert.deepEqual([...report.resets.keys()], ['unknown: away for longer than the window'])
  })
})
