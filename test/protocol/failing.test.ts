import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LimitError, ProtocolError } from '../../src/protocol/index.ts'
import { openCore, roles } from './core.ts'
import { concat, opcodes, peerFrame } from './frames.ts'

for (const role of roles) {
  test(`§7.1.7 ${role} tells what had arrived whole before the fault, and nothing behind it`, () => {
    const core = openCore(role).receive(
      concat(
        peerFrame(role, opcodes.text, 'whole'),
        peerFrame(role, opcodes.ping, 'p'),
        peerFrame(role, 3, 'wrong'),
        peerFrame(role, opcodes.text, 'behind'),
      ),
    )
    core.receive(peerFrame(role, opcodes.text, 'later'), peerFrame(role, opcodes.close))
    assert.deepEqual(core.events, ['text "whole"', 'ping <70>', 'failed 1002 ERR_RESERVED_OPCODE'])
    assert.deepEqual(core.sent(), ['pong <70>', 'close 1002'])
    assert.equal(core.connection.readyState, 2)
    assert.equal(core.connection.closeComplete, false)
    assert.equal(core.connection.closeFirst, 'local')
  })

  test(`§7.1.7 ${role} that has sent its close frame fails without a second one`, () => {
    const core = openCore(role)
    core.connection.sendClose(1000)
    core.receive(peerFrame(role, 3))
    assert.deepEqual(core.events, ['failed 1002 ERR_RESERVED_OPCODE'])
    assert.deepEqual(core.sent(), ['close 1000'])
  })

  test(`§7.1.7 ${role} can be failed from outside, once`, () => {
    const core = openCore(role)
    const error = new LimitError('ERR_BACKPRESSURE', 1013, {
      message: 'The peer reads too slowly',
      side: 'local',
    })
    core.connection.fail(error)
    core.connection.fail(new ProtocolError('ERR_STATE', 1002, { message: 'again' }))
    core.receive(peerFrame(role, opcodes.text, 'unheard'))
    assert.deepEqual(core.events, ['failed 1013 ERR_BACKPRESSURE'])
    assert.equal(core.error, error)
    assert.deepEqual(core.sent(), ['close 1013'])
  })

  test(`${role} that fails within an event reads no further`, () => {
    const core = openCore(role)
    core.onEvent = (event) => {
      if (event === 'text "one"') {
        core.connection.fail(
          new ProtocolError('ERR_HANDLER', 1011, { message: 'a handler threw', side: 'local' }),
        )
      }
    }
    core.receive(concat(peerFrame(role, opcodes.text, 'one'), peerFrame(role, opcodes.text, 'two')))
    assert.deepEqual(core.events, ['text "one"', 'failed 1011 ERR_HANDLER'])
  })

  test(`${role} names the rule and the section of the standard, and blames the peer`, () => {
    const core = openCore(role).receive(peerFrame(role, opcodes.continuation))
    assert.ok(core.error instanceof ProtocolError)
    assert.equal(core.error.side, 'remote')
    assert.equal(core.error.section, 'RFC 6455 §5.4')
    assert.match(core.error.message, /RFC 6455 §5\.4/)
  })

  test(`${role} sends the reason of the failure with the close frame, cut to fit`, () => {
    const core = openCore(role)
    core.connection.fail(new ProtocolError('ERR_HANDLER', 1011, { message: '…'.repeat(99) }))
    assert.deepEqual(core.connection.closeSent, { code: 1011, reason: '…'.repeat(41) })
  })
}
