import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConnectionStory } from './connection-story.ts'
import { ModelChannel } from './model-channel.ts'

const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('publish' as const), lost: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('call' as const) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('send' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('cut' as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('restart' as const) }) },
)

test('property: over cuts, restarts and losses everything comes once and in order, or it is said what did not', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 40 }),
      fc.integer({ min: 1, max: 20 }),
      async (actions, keep) => {
        const story = new ConnectionStory()
        const channel = new ModelChannel(story, keep)
        const room = story.connection.channel('room')
        const told: (number | 'reset')[] = []
        let unconfirmed = 0
        room.on('message', (body) => told.push(body as number))
        room.when('reset', () => told.push('reset'))
        story.connection.when('reset', (reset) => {
          unconfirmed += reset.unconfirmed
        })
        const joined = room.join()
        await story.pass(100)
        await joined
        const outcomes: Promise<string>[] = []
        let sends = 0
        for (const act of actions) {
          if (act.what === 'wait') await story.pass(act.ms)
          else if (act.what === 'publish') channel.publish(act.lost)
          else if (act.what === 'cut') story.network.cut()
          else if (act.what === 'restart') channel.restart()
          else if (act.what === 'send') room.send('message', sends++)
          else {
            const body = outcomes.length
            const outcome = room.call('call', body, { deadlineMs: 100_000 }).then(
              (answer) => (answer === body ? 'answered' : 'wrong'),
              (error) => error.code,
            )
            outcomes.push(outcome)
          }
        }
        await story.pass(5_000)
        // The last one shows whether anything is missing before it.
        channel.publish(false)
        for (let round = 0; round < 5; round++) await story.pass(1_000)

        // Deliveries ascend; where one is missing it was said.
        let before = 0
        let wasTold = false
        for (const one of told) {
          if (one === 'reset') wasTold = true
          else {
            assert.ok(one > before)
            assert.ok(one === before + 1 || wasTold, `nobody said that ${before + 1} is missing`)
            before = one
            wasTold = false
          }
        }
        assert.equal(before, channel.offset)
        // Calls take effect once, and in order; each has an answer, or its session was lost.
        const ends = await Promise.all(outcomes)
        assert.deepEqual(
          ends.filter((end) => end !== 'answered' && end !== 'ERR_SESSION'),
          [],
        )
        for (const effects of [channel.calls, channel.events] as number[][]) {
          assert.deepEqual(
            effects,
            [...new Set(effects)].sort((a, b) => a - b),
          )
        }
        for (const [body, end] of ends.entries())
          if (end === 'answered') assert.ok(channel.calls.includes(body))
        // Events that are missing are among those of which that was said.
        assert.ok(sends - channel.events.length <= unconfirmed)
        assert.deepEqual(story.reported, [])
      },
    ),
    { numRuns: 60, seed: 75 },
  )
})
