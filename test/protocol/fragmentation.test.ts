import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCore, roles } from './core.ts'
import { opcodes, peerFrame } from './frames.ts'

for (const role of roles) {
  for (const [name, opcode, one, two] of [
    ['text', opcodes.text, 'text "ab"', 'text ""'],
    ['binary', opcodes.binary, 'binary <6162>', 'binary <>'],
  ] as const) {
    test(`§5.4 ${role} joins the fragments of a ${name} message`, () => {
      const core = openCore(role).receive(
        peerFrame(role, opcode, 'a', { fin: false }),
        peerFrame(role, opcodes.continuation, 'b'),
      )
      assert.deepEqual(core.events, [one])
    })

    test(`§5.4 ${role} joins fragments of which some are empty`, () => {
      const core = openCore(role).receive(
        peerFrame(role, opcode, '', { fin: false }),
        peerFrame(role, opcodes.continuation, '', { fin: false }),
        peerFrame(role, opcodes.continuation, ''),
        peerFrame(role, opcode, '', { fin: false }),
        peerFrame(role, opcodes.continuation, 'ab', { fin: false }),
        peerFrame(role, opcodes.continuation, ''),
      )
      assert.deepEqual(core.events, [two, one])
    })

    test(`§5.4 ${role} fails a ${name} message inside another`, () => {
      for (const fin of [true, false]) {
        const core = openCore(role).receive(
          peerFrame(role, opcodes.text, 'a', { fin: false }),
          peerFrame(role, opcode, 'b', { fin }),
        )
        assert.deepEqual(core.events, ['failed 1002 ERR_CONTINUATION_MISSING'])
        assert.deepEqual(core.sent(), ['close 1002'])
      }
    })
  }

  test(`§5.4 ${role} fails a continuation frame that continues nothing`, () => {
    for (const fin of [true, false]) {
      const core = openCore(role).receive(peerFrame(role, opcodes.continuation, 'a', { fin }))
      assert.deepEqual(core.events, ['failed 1002 ERR_CONTINUATION_UNEXPECTED'])
      assert.deepEqual(core.sent(), ['close 1002'])
    }
  })

  test(`§5.4 ${role} fails a continuation frame after a message has ended`, () => {
    const core = openCore(role).receive(
      peerFrame(role, opcodes.text, 'a', { fin: false }),
      peerFrame(role, opcodes.continuation, 'b'),
      peerFrame(role, opcodes.continuation, 'c'),
    )
    assert.deepEqual(core.events, ['text "ab"', 'failed 1002 ERR_CONTINUATION_UNEXPECTED'])
  })

  test(`§5.4 ${role} takes a message in a thousand fragments`, () => {
    const core = openCore(role).receive(peerFrame(role, opcodes.binary, 'x', { fin: false }))
    for (let count = 2; count < 1000; count++)
      core.receive(peerFrame(role, opcodes.continuation, 'x', { fin: false }))
    core.receive(peerFrame(role, opcodes.continuation, 'x'))
    assert.deepEqual(core.events, ['binary <78>*1000'])
  })

  test(`§5.4 ${role} sends fragments: the first carries the type, the last FIN`, () => {
    const core = openCore(role)
    const { connection } = core
    connection.sendFragment(Uint8Array.of(0x61), 'text', true, false)
    connection.sendFragment(Uint8Array.of(0x62), 'text', false, false)
    connection.sendFragment(Uint8Array.of(0x63), 'text', false, true)
    connection.sendFragment(Uint8Array.of(1), 'binary', true, true)
    assert.deepEqual(core.sent(), ['text- <61>', 'continuation- <62>', 'continuation <63>', 'binary <01>'])
  })

  test(`a message whose frames come in many pieces takes no more memory than its length`, () => {
    const owners: number[] = []
    const core = openCore(role)
    core.binary = (data) => owners.push(data.buffer.byteLength)
    const bytes = peerFrame(role, opcodes.binary, new Uint8Array(300_000))
    for (let at = 0; at < bytes.length; at += 10_000) core.receive(bytes.subarray(at, at + 10_000))
    assert.deepEqual(owners, [300_000])
  })
}
