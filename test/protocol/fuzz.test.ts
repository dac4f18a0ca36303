import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from '../../fuzz/fuzz.ts'
// Built with the tests, so that `node build/fuzz/run.js --minutes N` feeds them for longer.
import type {} from '../../fuzz/run.ts'
import { targets } from '../../fuzz/targets.ts'

for (const { name } of targets) {
  test(`${name} stand arbitrary input: no exception but the named, no hang, bounded memory`, async () => {
    const { inputs, fault, input } = await fuzz({ target: name, seed: 1, inputs: 6000, forMs: 100_000 })
    assert.equal(fault, undefined, `with ${Buffer.from(input ?? []).toString('hex')}`)
    assert.equal(inputs, 6000)
  })
}
