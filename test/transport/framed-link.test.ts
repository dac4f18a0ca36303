import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FramedLink, type FrameWatcher } from '../../src/transport/framed-link.ts'
import type { LinkSink } from '../../src/transport/link.ts'
import { BINARY, CLOSE, CONTINUATION, frame, PING, TEXT } from '../wire/frames.ts'
import { MemoryLink } from './carriers.ts'

/** A framed link on one the test delivers to, and everything that is told, in order. */
function watched(watcher: Partial<FrameWatcher> = {}) {
  const link = new MemoryLink()
  const told: string[] = []
  const received: Buffer[] = []
  const framed = new FramedLink(link, {
    begins({ firstByte, masked, length }) {
      told.push(`begins ${firstByte.toString(16)} ${masked ? 'masked' : 'plain'} ${length}`)
      return true
    },
    handedOn: () => void told.push('handed on'),
    ...watcher,
  })
  const sink: LinkSink = {
    received: (bytes) => {
      received.push(Buffer.from(bytes))
      told.push(`received ${bytes.length}`)
    },
    drained: () => void told.push('drained'),
    ended: () => void told.push('ended'),
    closed: () => void told.push('closed'),
  }
  framed.start(sink)
  return { link, framed, told, received }
}

const session = [
  frame(TEXT, 'hello'),
  frame(PING),
  frame(BINARY, Buffer.alloc(200, 1), { fin: false }),
  frame(CONTINUATION, Buffer.alloc(70_000, 2), { mask: false }),
  frame(CLOSE, '\u0003\u00e8'),
]

test('frames are told of as they begin, and handed on one by one', () => {
  const { link, told } = watched()
  link.deliver(Buffer.concat([frame(TEXT, 'hello'), frame(PING), frame(BINARY, 'x').subarray(0, 3)]))
  assert.deepEqual(told, [
    'begins 81 masked 5',
    'received 11',
    'handed on',
    'begins 89 masked 0',
    'received 6',
    'handed on',
    'received 3',
  ])
})

test('any split of the input gives the same frames and the same bytes', () => {
  const all = Buffer.concat(session)
  const run = (pieces: Buffer[]): unknown => {
    const payloads: string[] = []
    const { link, told, received } = watched({
      whole: (_head, payload) => void payloads.push(Buffer.from(payload).toString('base64')),
    })
    link.deliver(...pieces)
    return [
      payloads,
      told.filter((line) => !line.startsWith('received')),
      Buffer.concat(received).equals(all),
    ]
  }
  const whole = run([all])
  const pieces = (size: number): Buffer[] =>
    Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
      all.subarray(index * size, (index + 1) * size),
    )
  for (const size of [1, 2, 3, 7, 13, 1000, 65_536]) assert.deepEqual(run(pieces(size)), whole)
})

test('payloads are gathered without their mask', () => {
  const payloads: string[] = []
  const { link } = watched({ whole: (_head, payload) => void payloads.push(String(Buffer.from(payload))) })
  const bytes = frame(TEXT, 'hello')
  link.deliver(bytes.subarray(0, 8), bytes.subarray(8), frame(PING), frame(TEXT, 'plain', { mask: false }))
  assert.deepEqual(payloads, ['hello', '', 'plain'])
})

test('nothing of a frame that is refused is handed on, nor anything behind it', () => {
  const { link, received } = watched({ begins: ({ length }) => length < 10 })
  const fine = frame(TEXT, 'fine')
  link.deliver(Buffer.concat([fine, frame(TEXT, 'much too long'), frame(TEXT, 'fine')]), frame(TEXT, 'fine'))
  assert.ok(Buffer.concat(received).equals(fine))
})

test('while it is paused nothing is handed on; what was read comes with resume, in order', () => {
  const { link, framed, told, received } = watched({
    handedOn: () => received.length === 1 && framed.pause(),
  })
  const [one, two] = [frame(TEXT, 'one'), frame(TEXT, 'two')]
  link.deliver(Buffer.concat([one, two.subarray(0, 4)]), two.subarray(4))
  assert.ok(Buffer.concat(received).equals(one))
  assert.deepEqual(link.calls, ['start', 'pause'])
  framed.resume()
  assert.ok(Buffer.concat(received).equals(Buffer.concat([one, two])))
  assert.deepEqual(link.calls, ['start', 'pause', 'resume'])
  assert.equal(told.filter((line) => line.startsWith('begins')).length, 2)
})

test('paused again by what it hands on, it stays paused', () => {
  const { link, framed, received } = watched({ handedOn: () => framed.pause() })
  link.deliver(Buffer.concat([frame(TEXT, 'a'), frame(TEXT, 'b')]))
  framed.resume()
  assert.equal(received.length, 2)
  assert.deepEqual(link.calls, ['start', 'pause', 'pause'])
})

test('everything else passes through', () => {
  const { link, framed, told } = watched()
  link.peerReads = false
  assert.equal(framed.write(Buffer.from('abc')), false)
  assert.equal(framed.bufferedBytes, 3)
  link.drain()
  link.sink.ended()
  link.sink.closed(undefined)
  framed.end()
  framed.destroy()
  assert.deepEqual(told, ['drained', 'ended', 'closed'])
  assert.deepEqual(link.calls, ['start', 'end', 'destroy'])
})
