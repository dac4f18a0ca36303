import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolError } from '../../src/errors.ts'
import type { Role } from '../../src/protocol/connection.ts'
import { CLOSE, close, type FrameParts, frame, TEXT } from '../wire/frames.ts'
import { openCarrier } from './carriers.ts'

type Opened = ReturnType<typeof openCarrier>

const system = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
const parts: Record<Role, FrameParts> = { server: {}, client: { mask: false } }
const closeFrame = (role: Role, code?: number, reason = ''): Buffer =>
  code === undefined
    ? frame(CLOSE, '', parts[role])
    : frame(CLOSE, Buffer.concat([Buffer.of(code >>> 8, code & 255), Buffer.from(reason)]), parts[role])

interface Case {
  how: string
  act(opened: Opened, role: Role): void
  /** code, wasClean, sent, received, first, code of the error */
  tells: [number, boolean, string, string, string, string]
}

/** Every way in which a connection can end, and what is told of it. */
const cases: Case[] = [
  {
    how: 'the peer closes, and the link ends',
    act({ link }, role) {
      link.deliver(closeFrame(role, 4000, 'theirs'))
      link.sink.ended()
      link.sink.closed(undefined)
    },
    tells: [4000, true, '4000 theirs', '4000 theirs', 'remote', ''],
  },
  {
    how: 'the peer closes without a code',
    act({ link }, role) {
      link.deliver(closeFrame(role))
      link.sink.closed(undefined)
    },
    tells: [1005, true, '1005', '1005', 'remote', ''],
  },
  {
    how: 'the peer closes, and the link is reset',
    act({ link }, role) {
      link.deliver(closeFrame(role, 1000))
      link.sink.closed(system)
    },
    tells: [1000, true, '1000', '1000', 'remote', ''],
  },
  {
    how: 'the peer closes, and never lets go of the link',
    act({ link, time }, role) {
      link.deliver(closeFrame(role, 1001))
      time.pass(5_002)
      assert.ok(link.calls.includes('destroy'))
      link.sink.closed(undefined)
    },
    tells: [1001, true, '1001', '1001', 'remote', ''],
  },
  {
    how: 'we close, and the peer answers',
    act({ carrier, link }, role) {
      carrier.sendClose(4001, 'ours')
      link.deliver(closeFrame(role, 4001, 'fine'))
      link.sink.closed(undefined)
    },
    tells: [4001, true, '4001 ours', '4001 fine', 'local', ''],
  },
  {
    how: 'we close, and the peer answers with another code',
    act({ carrier, link }, role) {
      carrier.sendClose()
      link.deliver(closeFrame(role, 1000))
      link.sink.closed(undefined)
    },
    tells: [1000, true, '1005', '1000', 'local', ''],
  },
  {
    how: 'we close, and the peer never answers',
    act({ carrier, link, time }) {
      carrier.sendClose(1001, 'going')
      time.pass(5_002)
      assert.ok(link.calls.includes('destroy'))
      link.sink.closed(undefined)
    },
    tells: [1006, false, '1001 going', '', 'local', 'ERR_CLOSE_TIMEOUT'],
  },
  {
    how: 'we close, and the peer ends the link instead',
    act({ carrier, link }) {
      carrier.sendClose(1001)
      link.sink.ended()
      link.sink.closed(undefined)
    },
    tells: [1006, false, '1001', '', 'local', 'ERR_CONNECTION_LOST'],
  },
  {
    how: 'we close, and the link is reset',
    act({ carrier, link }) {
      carrier.sendClose(1001)
      link.sink.closed(system)
    },
    tells: [1006, false, '1001', '', 'local', 'ERR_CONNECTION_LOST'],
  },
  {
    how: 'the peer breaks the protocol',
    act({ link }, role) {
      link.deliver(frame(3, '', parts[role]))
      assert.ok(link.frames().length === 0)
      link.sink.closed(undefined)
    },
    tells: [1006, false, '1002 Opcode 3 is reserved (RFC 6455 §5.2)', '', 'local', 'ERR_RESERVED_OPCODE'],
  },
  {
    how: 'the peer breaks the protocol and closes',
    act({ link }, role) {
      link.deliver(Buffer.concat([frame(3, '', parts[role]), closeFrame(role, 1000)]))
      link.sink.closed(undefined)
    },
    tells: [1006, false, '1002 Opcode 3 is reserved (RFC 6455 §5.2)', '', 'local', 'ERR_RESERVED_OPCODE'],
  },
  {
    how: 'the peer breaks the protocol after our close',
    act({ carrier, link }, role) {
      carrier.sendClose(1000)
      link.deliver(frame(3, '', parts[role]))
      link.sink.closed(undefined)
    },
    tells: [1006, false, '1000', '', 'local', 'ERR_RESERVED_OPCODE'],
  },
  {
    how: 'the application fails the connection',
    act({ carrier, link }) {
      carrier.fail(new ProtocolError('ERR_BACKPRESSURE', 1013, { message: 'too slow' }))
      link.sink.closed(undefined)
    },
    tells: [1006, false, '1013 too slow', '', 'local', 'ERR_BACKPRESSURE'],
  },
  {
    how: 'the peer ends the link',
    act({ link }) {
      link.sink.ended()
      assert.ok(link.calls.includes('end'))
      link.sink.closed(undefined)
    },
    tells: [1006, false, '', '', '', 'ERR_CONNECTION_LOST'],
  },
  {
    how: 'the peer ends the link inside a frame',
    act({ link }, role) {
      link.deliver(frame(TEXT, 'cut', parts[role]).subarray(0, 4))
      link.sink.ended()
      link.sink.closed(undefined)
    },
    tells: [1006, false, '', '', '', 'ERR_CONNECTION_LOST'],
  },
  {
    how: 'the link is reset',
    act: ({ link }) => link.sink.closed(system),
    tells: [1006, false, '', '', '', 'ERR_CONNECTION_LOST'],
  },
  {
    how: 'the link goes without a reason',
    act: ({ link }) => link.sink.closed(undefined),
    tells: [1006, false, '', '', '', 'ERR_CONNECTION_LOST'],
  },
  {
    how: 'the connection is terminated',
    act({ carrier, link }) {
      carrier.terminate()
      assert.ok(link.calls.includes('destroy'))
      link.sink.closed(undefined)
    },
    tells: [1006, false, '', '', '', 'ERR_CONNECTION_LOST'],
  },
  {
    how: 'we close and then terminate',
    act({ carrier, link }) {
      carrier.sendClose(4000)
      carrier.terminate()
      link.sink.closed(undefined)
    },
    tells: [1006, false, '4000', '', 'local', 'ERR_CONNECTION_LOST'],
  },
]

for (const role of ['server', 'client'] as const) {
  for (const { how, act, tells } of cases) {
    test(`${role}: ${how}`, () => {
      const opened = openCarrier({ role })
      act(opened, role)
      assert.equal(opened.carrier.readyState, 3)
      // Once, whatever the link may still report.
      opened.link.sink.closed(system)
      assert.equal(opened.ends.length, 1)
      const [closed] = opened.ends
      assert.ok(closed !== undefined)
      const told = (part: { code: number; reason: string } | undefined): string =>
        part === undefined ? '' : `${part.code} ${part.reason}`.trim()
      assert.deepEqual(
        [
          closed.code,
          closed.wasClean,
          told(closed.sent),
          told(closed.received),
          closed.first ?? '',
          closed.error?.code ?? '',
        ],
        tells,
      )
      assert.equal(opened.time.wheel.waiting, 0)
      assert.equal(opened.carrier.sendText('late', false), 'dropped')
    })
  }
}

test('once a connection is terminated nothing comes or goes', () => {
  const { carrier, link, happened, time } = openCarrier()
  carrier.sendText('not written yet', false)
  carrier.terminate()
  link.deliver(frame(TEXT, 'late'), close(1000))
  carrier.terminate()
  time.endTurn()
  assert.deepEqual([carrier.readyState, carrier.sendText('late', false), happened.length], [2, 'dropped', 0])
  assert.equal(link.writes.length, 0)
  assert.deepEqual(link.calls, ['start', 'destroy', 'destroy'])
})

test('the cause of a lost connection is the error of the link', () => {
  const { link, ends } = openCarrier()
  link.sink.closed(system)
  assert.equal(ends[0]?.error?.cause, system)
})

test('§7.1.1 after both close frames the server ends the link and the client waits for it', () => {
  for (const role of ['server', 'client'] as const) {
    const { link, time } = openCarrier({ role })
    link.deliver(closeFrame(role, 1000))
    time.endTurn()
    assert.equal(link.calls.includes('end'), role === 'server')
  }
})

test('the end of the link follows what was sent before it', () => {
  const { carrier, link, time } = openCarrier()
  carrier.sendText('last words', false)
  link.deliver(close(1000))
  assert.ok(!link.calls.includes('end'))
  time.endTurn()
  assert.deepEqual(
    link.frames().map(({ opcode }) => opcode),
    [TEXT, CLOSE],
  )
  assert.ok(link.calls.includes('end'))
})
