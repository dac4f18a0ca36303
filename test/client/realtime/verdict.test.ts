import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verdictOfEnd, verdictOfFrame } from '../../../src/client/realtime/verdict.ts'
import { closeCodes, type Why } from '../../../src/codec/frame.ts'

/** The table of PROTOCOL.md. */
const table: Readonly<Record<Why, string>> = {
  normal: 'never',
  goingAway: 'yes',
  restart: 'yes',
  overload: 'yes',
  tooBig: 'yes',
  timeout: 'yes',
  protocolError: 'never',
  unauthorized: 'token',
  kicked: 'never',
  replaced: 'never',
}

for (const [why, again] of Object.entries(table) as [Why, string][]) {
  test(`why ${why}: ${again}`, () => {
    assert.equal(verdictOfFrame({ type: 'close', why }).again, again)
    // Anybody between may close with 1000.
    const verdict = verdictOfEnd({ code: closeCodes[why] }, true)
    assert.equal(verdict.again, why === 'normal' ? 'yes' : again)
  })
}

test('the frame may say otherwise', () => {
  assert.equal(verdictOfFrame({ type: 'close', why: 'restart', reconnect: false }).again, 'never')
  assert.equal(verdictOfFrame({ type: 'close', why: 'kicked', reconnect: true }).again, 'yes')
  assert.equal(verdictOfFrame({ type: 'close', why: 'unauthorized', reconnect: true }).again, 'token')
  assert.equal(verdictOfFrame({ type: 'close', why: 'unauthorized', reconnect: false }).again, 'token')
})

for (const [status, again] of [
  [200, 'yes'],
  [401, 'token'],
  [403, 'asked'],
  [404, 'asked'],
  [408, 'yes'],
  [426, 'yes'],
  [429, 'yes'],
  [500, 'yes'],
  [503, 'yes'],
] as const) {
  test(`HTTP status ${status}: ${again}`, () => {
    const verdict = verdictOfEnd({ status, retryAfterMs: 5 }, false)
    assert.deepEqual([verdict.again, verdict.reason.status, verdict.afterMs], [again, status, 5])
  })
}

test('without a word it was lost where it was open, and is unreachable where it was not', () => {
  assert.equal(verdictOfEnd({ code: 1006 }, true).reason.why, 'lost')
  assert.equal(verdictOfEnd({ code: 1006 }, false).reason.why, 'unreachable')
})
