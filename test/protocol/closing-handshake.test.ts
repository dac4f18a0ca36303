import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RealtimeError } from '../../src/errors.ts'
import { isWireCloseCode } from '../../src/protocol/index.ts'
import { openCore, roles } from './core.ts'
import { concat, opcodes, peerFrame, utf8 } from './frames.ts'

function closeBody(code: number, reason: string | Uint8Array = ''): Uint8Array {
  return concat(Uint8Array.of(code >> 8, code & 0xff), typeof reason === 'string' ? utf8(reason) : reason)
}

const allowed = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
]
const forbidden = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 32_768, 65_535]

test('§7.4 the codes that may be on the wire are 1000–1003, 1007–1014 and 3000–4999', () => {
  for (let code = 0; code < 65_536; code++) {
    const expected =
      (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999)
    assert.equal(isWireCloseCode(code), expected, `${code}`)
  }
})

for (const role of roles) {
  for (const code of allowed) {
    test(`§7.4 ${role} takes close code ${code} and answers with the same, and its reason`, () => {
      const core = openCore(role).receive(peerFrame(role, opcodes.close, closeBody(code, 'so it ends')))
      assert.deepEqual(core.events, [`close ${code} "so it ends"`])
      assert.deepEqual(core.sent(), [`close ${code}`])
      assert.deepEqual([...(core.frames()[0]?.payload ?? [])], [...closeBody(code, 'so it ends')])
      assert.equal(core.connection.closeComplete, true)
    })
  }

  for (const code of forbidden) {
    test(`§7.4 ${role} fails close code ${code}`, () => {
      const core = openCore(role).receive(peerFrame(role, opcodes.close, closeBody(code)))
      assert.deepEqual(core.events, ['failed 1002 ERR_CLOSE_CODE'])
      assert.deepEqual(core.sent(), ['close 1002'])
      assert.equal(core.connection.closeReceived, undefined)
    })
  }

  test(`§7.1.5 ${role} takes a close frame without a code as 1005, and answers without one`, () => {
    const core = openCore(role).receive(peerFrame(role, opcodes.close))
    assert.deepEqual(core.events, ['close 1005'])
    assert.deepEqual(core.sent(), ['close'])
    assert.deepEqual(core.connection.closeReceived, { code: 1005, reason: '' })
    assert.deepEqual(core.connection.closeSent, { code: 1005, reason: '' })
    assert.equal(core.connection.closeFirst, 'remote')
  })

  test(`§5.5.1 ${role} fails a close frame of one byte`, () => {
    const core = openCore(role).receive(peerFrame(role, opcodes.close, Uint8Array.of(3)))
    assert.deepEqual(core.events, ['failed 1002 ERR_CLOSE_PAYLOAD'])
  })

  test(`§5.5.1 ${role} takes a reason of 0, 122 and 123 bytes, and fails 124`, () => {
    for (const length of [0, 122, 123]) {
      const core = openCore(role).receive(peerFrame(role, opcodes.close, closeBody(1000, 'x'.repeat(length))))
      assert.deepEqual(core.connection.closeReceived, { code: 1000, reason: 'x'.repeat(length) })
    }
    const core = openCore(role).receive(peerFrame(role, opcodes.close, closeBody(1000, 'x'.repeat(124))))
    assert.deepEqual(core.events, ['failed 1002 ERR_CONTROL_TOO_LONG'])
  })

  test(`§5.5.1 ${role} fails a reason that is not UTF-8`, () => {
    for (const reason of [Uint8Array.of(0xff), Uint8Array.of(0xce), Uint8Array.of(0x61, 0xed, 0xa0, 0x80)]) {
      const core = openCore(role).receive(peerFrame(role, opcodes.close, closeBody(1000, reason)))
      assert.deepEqual(core.events, ['failed 1007 ERR_INVALID_UTF8'])
    }
  })

  test(`§1.4 ${role} looks at nothing behind the peer's close frame`, () => {
    const core = openCore(role).receive(
      concat(
        peerFrame(role, opcodes.close, closeBody(1000)),
        peerFrame(role, opcodes.text, 'too late'),
        peerFrame(role, opcodes.ping),
        Uint8Array.of(0xff, 0xff),
      ),
    )
    core.receive(peerFrame(role, opcodes.text, 'later still'))
    assert.deepEqual(core.events, ['close 1000'])
    assert.deepEqual(core.sent(), ['close 1000'])
  })

  test(`§7.1.2 ${role} starts the closing handshake, and still takes what was on its way`, () => {
    const core = openCore(role)
    core.connection.sendClose(3210, 'enough')
    assert.equal(core.connection.readyState, 2)
    assert.equal(core.connection.closeFirst, 'local')
    core.receive(peerFrame(role, opcodes.text, 'on its way'), peerFrame(role, opcodes.ping))
    assert.equal(core.connection.closeComplete, false)
    core.receive(peerFrame(role, opcodes.close, closeBody(3210)))
    assert.deepEqual(core.events, ['text "on its way"', 'ping <>', 'close 3210'])
    assert.deepEqual(core.sent(), ['close 3210'])
    assert.equal(core.connection.closeComplete, true)
    assert.equal(core.connection.closeFirst, 'local')
    assert.equal(core.connection.readyState, 2)
    core.connection.linkClosed()
    assert.equal(core.connection.readyState, 3)
  })

  test(`§7.1.2 ${role} sends one close frame only`, () => {
    const core = openCore(role)
    core.connection.sendClose(1000, 'first')
    core.connection.sendClose(1001, 'second')
    core.receive(peerFrame(role, opcodes.close, closeBody(1001)))
    assert.deepEqual(core.sent(), ['close 1000'])
    assert.deepEqual(core.connection.closeSent, { code: 1000, reason: 'first' })
    assert.deepEqual(core.connection.closeReceived, { code: 1001, reason: '' })
  })

  test(`§5.5.1 ${role} writes no frame after its close frame`, () => {
    const core = openCore(role)
    core.connection.sendClose(1000)
    core.connection.sendText('late')
    core.connection.sendBinary(Uint8Array.of(1))
    core.connection.sendFragment(Uint8Array.of(1), 'binary', true, true)
    core.connection.sendPing(Uint8Array.of(1))
    core.connection.sendPong(Uint8Array.of(1))
    core.connection.sendFrame(Uint8Array.of(0x82, 0), 0, 2)
    assert.deepEqual(core.sent(), ['close 1000'])
  })

  test(`§7.4 ${role} refuses to send a code that must not be sent`, () => {
    for (const code of [...forbidden.filter((one) => one !== 1005), -1, 1.5, 70_000, Number.NaN]) {
      const core = openCore(role)
      assert.throws(() => core.connection.sendClose(code), { code: 'ERR_CLOSE_CODE', side: 'local' })
      assert.throws(() => core.connection.sendClose(code), RealtimeError)
      assert.deepEqual(core.sent(), [])
      assert.equal(core.connection.readyState, 1)
    }
  })

  test(`§7.4.1 ${role} sends 1005 as a close frame without code or reason`, () => {
    const core = openCore(role)
    core.connection.sendClose(1005, 'nobody will read this')
    assert.deepEqual(core.sent(), ['close'])
    assert.deepEqual(core.connection.closeSent, { code: 1005, reason: '' })
  })

  const reasons: readonly [given: string, sent: string][] = [
    ['x'.repeat(123), 'x'.repeat(123)],
    ['x'.repeat(124), 'x'.repeat(123)],
    ['é'.repeat(100), 'é'.repeat(61)],
    ['€'.repeat(100), '€'.repeat(41)],
    [`${'x'.repeat(121)}😀`, 'x'.repeat(121)],
    [`${'x'.repeat(119)}😀`, `${'x'.repeat(119)}😀`],
    [`${'x'.repeat(120)}😀 and more`, 'x'.repeat(120)],
  ]
  for (const [given, sent] of reasons) {
    test(`§5.5.1 ${role} cuts a reason of ${utf8(given).length} bytes to whole characters in 123 bytes`, () => {
      const core = openCore(role)
      core.connection.sendClose(1000, given)
      const payload = core.frames()[0]?.payload ?? new Uint8Array(0)
      assert.equal(new TextDecoder('utf-8', { fatal: true }).decode(payload.subarray(2)), sent)
      assert.deepEqual(core.connection.closeSent, { code: 1000, reason: sent })
    })
  }

  test(`§7.1.4 ${role} whose link is gone writes nothing and takes nothing`, () => {
    const core = openCore(role)
    core.connection.sendText('never sent')
    core.connection.linkClosed()
    assert.equal(core.connection.readyState, 3)
    core.connection.sendText('never written')
    core.connection.sendClose(1000)
    core.connection.linkClosed()
    core.receive(peerFrame(role, opcodes.text, 'never read'))
    assert.deepEqual(core.events, [])
    assert.equal(core.connection.output.pending, 0)
    assert.equal(core.connection.closeSent, undefined)
    assert.equal(core.connection.closeFirst, undefined)
  })

  test(`§7.1.4 ${role} whose link goes while it tells of a message tells nothing more`, () => {
    const core = openCore(role)
    core.onEvent = () => core.connection.linkClosed()
    core.receive(concat(peerFrame(role, opcodes.text, 'one'), peerFrame(role, opcodes.text, 'two')))
    assert.deepEqual(core.events, ['text "one"'])
  })

  test(`${role} that is abandoned tells nothing of what had been read, and sends nothing`, () => {
    const core = openCore(role)
    core.onEvent = () => {
      core.connection.sendText('an answer')
      core.connection.abandon()
    }
    core.receive(concat(peerFrame(role, opcodes.text, 'one'), peerFrame(role, opcodes.text, 'two')))
    core.connection.sendText('late')
    assert.deepEqual(core.events, ['text "one"'])
    assert.deepEqual(core.sent(), [])
    assert.equal(core.connection.readyState, 2)
    core.connection.linkClosed()
    assert.equal(core.connection.readyState, 3)
  })
}
