import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  homeOf,
  nodeNameBytes,
  sessionName,
  sessionNameBytes,
} from '../../src/channels/relay/session-name.ts'
import { runtime } from '../../src/runtime/node/index.ts'
import { base64url } from '../../src/session/session-key.ts'

test('the name of a session tells its home', () => {
  for (let round = 0; round < 100; round++) {
    const node = base64url(runtime.randomBytes(nodeNameBytes))
    assert.equal(homeOf(sessionName(node, base64url(runtime.randomBytes(sessionNameBytes)))), node)
  }
})

for (const name of [
  '',
  '.',
  's1',
  'AAAAAAAA',
  'AAAAAAAA.',
  'AAAAAAAA.BBBBBBBBBBBBB',
  'AAAA\u0000AAA.BBBBBBBBBBBB',
  `AAAAAAAA.BBBBBBBBBBBB\n`,
])
  test(`${JSON.stringify(name)} is no name of a session`, () => assert.equal(homeOf(name), undefined))
