import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect } from '../../../src/client/realtime/connect.ts'
import type { ConnectOptions } from '../../../src/client/realtime/options.ts'
import type { ConnectionState } from '../../../src/client/realtime/state.ts'
import { served } from '../../wire/served.ts'

/** The first state that is neither on the way nor open. */
async function verdictOn(response: Response, options: ConnectOptions = {}): Promise<ConnectionState> {
  await using server = await served({ admit: () => response, message() {} })
  await using connection = connect(server.url, options)
  return await new Promise((resolve) => {
    connection.state.subscribe((state) => {
      if (state.status !== 'connecting') resolve(state)
    })
  })
}

const refused = (status: number, headers: Record<string, string> = {}) =>
  new Response('no', { status, headers })

test('refused with 403 the state says so, and nothing is tried again', async () => {
  const state = await verdictOn(refused(403))
  assert.deepEqual([state.status, 'reason' in state && state.reason?.status], ['refused', 403])
})

test('refused with 401 the token is asked for once more', async () => {
  const asked: boolean[] = []
  const auth = ({ refused }: { refused: boolean }) => {
    asked.push(refused)
    return `token ${asked.length}`
  }
  const state = await verdictOn(refused(401), { auth })
  assert.deepEqual([state.status, 'reason' in state && state.reason?.status], ['refused', 401])
  assert.deepEqual(asked, [false, true])
})

test('refused with 503 it waits, at least as long as Retry-After says', async () => {
  const before = performance.timeOrigin + performance.now()
  const state = await verdictOn(refused(503, { 'retry-after': '7' }))
  assert.ok(state.status === 'waiting')
  assert.equal(state.reason.status, 503)
  assert.ok(state.until >= before + 7_000)
})

test('a server that does not speak the protocol is no server of channels', async () => {
  await using server = await served({ message() {} })
  await using connection = connect(server.url, { openTimeoutMs: 50, reconnect: false })
  await assert.rejects(connection.ready(), { code: 'ERR_CLOSED' })
  const { value } = connection.state
  assert.equal(value.status, 'closed')
})
