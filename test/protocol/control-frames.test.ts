import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesText, openCore, roles } from './core.ts'
import { opcodes, peerFrame, utf8 } from './frames.ts'

for (const role of roles) {
  for (const length of [0, 1, 124, 125]) {
    const payload = Uint8Array.from({ length }, (_, index) => index)
    test(`§5.5.3 ${role} answers a ping of ${length} bytes with the same bytes`, () => {
      const core = openCore(role).receive(peerFrame(role, opcodes.ping, payload))
      assert.deepEqual(core.events, [`ping ${bytesText(payload)}`])
      assert.deepEqual(core.sent(), [`pong ${bytesText(payload)}`])
    })

    test(`§5.5.3 ${role} takes a pong of ${length} bytes nobody asked for, and answers nothing`, () => {
      const core = openCore(role).receive(peerFrame(role, opcodes.pong, payload))
      assert.deepEqual(core.events, [`pong ${bytesText(payload)}`])
      assert.deepEqual(core.sent(), [])
    })
  }

  for (const [name, opcode] of [
    ['ping', opcodes.ping],
    ['pong', opcodes.pong],
    ['close', opcodes.close],
  ] as const) {
    for (const length of [126, 127, 65_536]) {
      test(`§5.5 ${role} fails a ${name} frame of ${length} bytes`, () => {
        const core = openCore(role).receive(peerFrame(role, opcode, new Uint8Array(length)))
        assert.deepEqual(core.events, ['failed 1002 ERR_CONTROL_TOO_LONG'])
        assert.deepEqual(core.sent(), ['close 1002'])
      })
    }

    test(`§5.5 ${role} fails a ${name} frame in fragments`, () => {
      const core = openCore(role).receive(peerFrame(role, opcode, '', { fin: false }))
      assert.deepEqual(core.events, ['failed 1002 ERR_CONTROL_FRAGMENTED'])
      assert.deepEqual(core.sent(), ['close 1002'])
    })
  }

  test(`§5.5.2 ${role} answers pings in order, each with its own bytes`, () => {
    const core = openCore(role)
    core.receive(...['a', 'b', 'c'].map((payload) => peerFrame(role, opcodes.ping, payload)))
    assert.deepEqual(core.sent(), ['pong <61>', 'pong <62>', 'pong <63>'])
  })

  test(`§5.5.3 ${role} that is behind owes only the newest pong`, () => {
    const core = openCore(role)
    core.connection.holdPongs = true
    core.receive(peerFrame(role, opcodes.ping, 'old'), peerFrame(role, opcodes.ping, 'new'))
    assert.deepEqual(core.sent(), [])
    core.connection.holdPongs = false
    core.connection.payPong()
    core.connection.payPong()
    assert.deepEqual(core.sent(), [`pong ${bytesText(utf8('new'))}`])
  })

  test(`§5.5.1 ${role} owes no pong any more once it has sent its close frame`, () => {
    const core = openCore(role)
    core.connection.holdPongs = true
    core.receive(peerFrame(role, opcodes.ping, 'late'))
    core.connection.sendClose(1000)
    core.connection.payPong()
    core.receive(peerFrame(role, opcodes.ping, 'later'))
    core.connection.payPong()
    assert.deepEqual(core.sent(), ['close 1000'])
  })

  test(`§5.4 ${role} takes control frames between the fragments of a message`, () => {
    const core = openCore(role).receive(
      peerFrame(role, opcodes.text, 'Hel', { fin: false }),
      peerFrame(role, opcodes.ping, '1'),
      peerFrame(role, opcodes.continuation, 'l', { fin: false }),
      peerFrame(role, opcodes.pong, '2'),
      peerFrame(role, opcodes.continuation, 'o'),
    )
    assert.deepEqual(core.events, ['ping <31>', 'pong <32>', 'text "Hello"'])
    assert.deepEqual(core.sent(), ['pong <31>'])
  })

  test(`§5.5.2 ${role} sends pings and pongs with the bytes given`, () => {
    const core = openCore(role)
    core.connection.sendPing(utf8('are you there'))
    core.connection.sendPong(utf8('I am'))
    assert.deepEqual(core.sent(), [
      `ping ${bytesText(utf8('are you there'))}`,
      `pong ${bytesText(utf8('I am'))}`,
    ])
  })
}
