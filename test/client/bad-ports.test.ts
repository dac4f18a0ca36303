import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from '../../src/index.ts'
import { failureOf } from './story.ts'

const dial = (): never => {
  throw new Error('dialed')
}

for (const port of [1, 22, 25, 79, 6667, 10080]) {
  test(`blockBadPorts: port ${port} fails without a connection (Fetch, "bad port")`, async () => {
    const { error } = await failureOf(
      new WebSocket(`ws://localhost:${port}/`, [], { blockBadPorts: true, dial }),
    )
    assert.equal(error.code, 'ERR_NETWORK')
    assert.equal(error.side, 'local')
    assert.equal(error.cause, undefined)
  })
}

test('blockBadPorts: other ports, and without the option all ports, are dialed', async () => {
  for (const [port, blockBadPorts] of [
    [80, true],
    [8080, true],
    [22, false],
  ] as const) {
    const { error } = await failureOf(new WebSocket(`ws://localhost:${port}/`, [], { blockBadPorts, dial }))
    assert.equal(error.cause.message, 'dialed')
  }
})
