import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { untilAborted } from '../../src/util/until-aborted.ts'

test('without an abort it is the promise, and the signal is let go', async () => {
  const { signal } = new AbortController()
  assert.equal(await untilAborted(Promise.resolve(5), signal), 5)
  await assert.rejects(untilAborted(Promise.reject(new Error('mine')), signal), { message: 'mine' })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

test('it rejects with the reason of a signal that is aborted before or first', async () => {
  const reason = new Error('enough')
  await assert.rejects(untilAborted(Promise.reject(new Error('late')), AbortSignal.abort(reason)), reason)
  const controller = new AbortController()
  const waiting = untilAborted(new Promise(() => {}), controller.signal)
  controller.abort(reason)
  await assert.rejects(waiting, reason)
})
