import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outgoing, Upstream } from '../../../src/client/realtime/upstream.ts'

const call = (event: string, deadline?: number) => outgoing({ type: 'call', event }, { deadline })

function takeAll(upstream: Upstream): unknown[] {
  const frames: unknown[] = []
  for (let text = upstream.take(0); text !== undefined; text = upstream.take(0)) frames.push(JSON.parse(text))
  return frames
}

test('a frame gets its number when it is first taken, and keeps it', () => {
  const upstream = new Upstream(1_000)
  for (const event of ['a', 'b', 'c']) upstream.push(call(event), false)
  assert.equal(upstream.take(0), '{"id":1,"type":"call","event":"a"}')
  assert.equal(upstream.take(0), '{"id":2,"type":"call","event":"b"}')
  upstream.rewind(1)
  assert.deepEqual(takeAll(upstream), [
    { id: 2, type: 'call', event: 'b' },
    { id: 3, type: 'call', event: 'c' },
  ])
})

test('what belongs to a call names it by the number it has by then', () => {
  const upstream = new Upstream(1_000)
  const upload = call('upload')
  upstream.push(call('first'), false)
  upstream.push(upload, false)
  upstream.push(outgoing({ type: 'item', body: 1 }, { of: upload }), false)
  assert.deepEqual(takeAll(upstream).at(-1), { id: 3, of: 2, type: 'item', body: 1 })
})

test('a deadline counts from when the frame is sent', () => {
  const upstream = new Upstream(1_000)
  upstream.push(call('late', 5_000), false)
  assert.deepEqual(JSON.parse(upstream.take(1_500) as string).deadlineMs, 3_500)
  upstream.rewind(0)
  assert.deepEqual(JSON.parse(upstream.take(9_000) as string).deadlineMs, 1)
})

test('a frame is what it was when it was sent, whatever becomes of its body', () => {
  const upstream = new Upstream(1_000)
  const body = { text: 'before' }
  upstream.push(outgoing({ type: 'send', channel: 'room', event: 'message', body }), false)
  body.text = 'after'
  assert.match(upstream.take(0) as string, /before/)
})

test('a frame that nobody took can be withdrawn with all that belongs to it', () => {
  const upstream = new Upstream(1_000)
  const upload = call('upload')
  upstream.push(upload, false)
  upstream.push(outgoing({ type: 'item', body: 1 }, { of: upload }), false)
  assert.equal(upstream.withdraw(upload), true)
  assert.deepEqual([upstream.size, upstream.bytes], [0, 0])
  upstream.push(upload, false)
  upstream.take(0)
  assert.equal(upstream.withdraw(upload), false)
})

test('another session gets what nobody took, without what only the one before could understand', () => {
  const upstream = new Upstream(1_000)
  const taken = call('taken')
  upstream.push(taken, false)
  upstream.push(outgoing({ type: 'send', channel: 'room', event: 'unconfirmed' }), false)
  upstream.take(0)
  upstream.take(0)
  const fresh = call('fresh')
  upstream.push(outgoing({ type: 'item' }, { of: taken }), false)
  upstream.push(outgoing({ type: 'reply', to: 4 }, { bound: true }), false)
  upstream.push(fresh, false)
  upstream.push(outgoing({ type: 'item', body: 1 }, { of: fresh }), false)
  assert.equal(upstream.renew(), 1)
  upstream.putFirst([outgoing({ type: 'join', channel: 'room' })])
  assert.deepEqual(takeAll(upstream), [
    { id: 3, type: 'join', channel: 'room' },
    { id: 4, type: 'call', event: 'fresh' },
    { id: 5, of: 4, type: 'item', body: 1 },
  ])
})

test('bytes are those of UTF-8', () => {
  for (const text of ['a', 'é', '€', '😀', 'a😀é€']) {
    const frame = outgoing({ type: 'call', event: text })
    assert.equal(frame.bytes, new TextEncoder().encode(frame.text).length, text)
  }
})

for (const [room, fits] of [
  [-1, false],
  [0, true],
  [1, true],
] as const) {
  test(`a frame ${fits ? 'fits' : 'does not fit'} with ${room} bytes more than it needs`, () => {
    const frame = call('a')
    const upstream = new Upstream(frame.bytes + room)
    assert.equal(upstream.push(frame, false), fits)
    assert.equal(upstream.bytes, fits ? frame.bytes : 0)
  })
}

test('what the server has is forgotten, and no more', () => {
  const upstream = new Upstream(1_000)
  for (const event of ['a', 'b', 'c']) upstream.push(call(event), false)
  takeAll(upstream)
  upstream.acknowledge(2)
  assert.equal(upstream.size, 1)
  upstream.acknowledge(1)
  assert.equal(upstream.size, 1)
  upstream.acknowledge(3)
  assert.deepEqual([upstream.size, upstream.bytes], [0, 0])
})
