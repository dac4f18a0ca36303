import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect } from '../../../src/client/realtime/connect.ts'

const wrong: readonly (readonly [string, object])[] = [
  ['ERR_OPTION_UNKNOWN', { tokens: 'x' }],
  ['ERR_OPTION_INVALID', { auth: 7 }],
  ['ERR_OPTION_INVALID', { transports: [] }],
  ['ERR_OPTION_INVALID', { transports: ['pigeon'] }],
  ['ERR_OPTION_INVALID', { reconnect: true }],
  ['ERR_OPTION_UNKNOWN', { reconnect: { afterMs: 1 } }],
  ['ERR_OPTION_INVALID', { reconnect: { firstMs: -1 } }],
  ['ERR_OPTION_INVALID', { queue: 7 }],
  ['ERR_OPTION_INVALID', { queue: { maxBytes: 0.5 } }],
  ['ERR_OPTION_INVALID', { callDeadlineMs: 0 }],
  ['ERR_OPTION_INVALID', { openTimeoutMs: 0 }],
  ['ERR_OPTION_INVALID', { onError: 'log' }],
]

for (const [code, options] of wrong) {
  test(`${JSON.stringify(options)} is refused with ${code}`, () => {
    assert.throws(() => connect('ws://127.0.0.1:1/', options), { code })
  })
}

for (const url of ['', 'nowhere', '/relative', 'ftp://example.com/', 'javascript:1']) {
  test(`'${url}' is refused as a URL`, () => {
    assert.throws(() => connect(url), { code: 'ERR_OPTION_INVALID' })
  })
}
