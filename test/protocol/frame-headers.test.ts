import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compressions, openCore, roles } from './core.ts'
import { opcodes, peerFrame, utf8 } from './frames.ts'

const reserved = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]

for (const role of roles) {
  for (const opcode of reserved) {
    test(`§5.2 ${role} fails opcode ${opcode}, which is reserved`, () => {
      const core = openCore(role)
      core.receive(peerFrame(role, opcodes.text, 'before'), peerFrame(role, opcode, 'x'))
      core.receive(peerFrame(role, opcodes.text, 'after'))
      assert.deepEqual(core.events, ['text "before"', 'failed 1002 ERR_RESERVED_OPCODE'])
      assert.deepEqual(core.sent(), ['close 1002'])
    })
  }

  for (let rsv = 1; rsv < 8; rsv++) {
    for (const [name, opcode] of Object.entries(opcodes)) {
      test(`§5.2 ${role} without an extension fails a ${name} frame with RSV bits ${rsv}`, () => {
        const core = openCore(role)
        if (opcode === opcodes.continuation) core.receive(peerFrame(role, opcodes.text, 'a', { fin: false }))
        core.receive(peerFrame(role, opcode, '', { rsv }))
        assert.deepEqual(core.events, ['failed 1002 ERR_RESERVED_BIT'])
        assert.deepEqual(core.sent(), ['close 1002'])
      })
    }
  }

  for (let rsv = 1; rsv < 8; rsv++) {
    for (const [name, opcode] of Object.entries(opcodes)) {
      const isAllowed = rsv === 4 && (opcode === opcodes.text || opcode === opcodes.binary)
      if (isAllowed) continue
      test(`RFC 7692 §6 ${role} with compression fails a ${name} frame with RSV bits ${rsv}`, () => {
        const core = openCore(role, { compression: compressions()[role] })
        if (opcode === opcodes.continuation) core.receive(peerFrame(role, opcodes.text, 'a', { fin: false }))
        core.receive(peerFrame(role, opcode, '', { rsv }))
        assert.deepEqual(core.events, ['failed 1002 ERR_RESERVED_BIT'])
      })
    }
  }

  test(`§5.2 ${role} fails a bad header at its second byte, before any payload`, () => {
    const mask = role === 'server' ? 0x80 : 0
    assert.deepEqual(openCore(role).receive(Uint8Array.of(0x83, mask | 126)).events, [
      'failed 1002 ERR_RESERVED_OPCODE',
    ])
  })

  test(`§5.2 ${role} waits for the rest of a header`, () => {
    const bytes = peerFrame(role, opcodes.text, 'a'.repeat(70_000))
    const core = openCore(role)
    for (const byte of bytes.subarray(0, role === 'server' ? 14 : 10)) core.receive(Uint8Array.of(byte))
    assert.deepEqual(core.events, [])
    core.receive(bytes.subarray(role === 'server' ? 14 : 10))
    assert.deepEqual(core.events, ['text "a"*70000'])
  })

  test(`${role} takes an input of no bytes`, () => {
    const core = openCore(role).receive(new Uint8Array(0))
    assert.deepEqual(core.events, [])
  })

  test(`${role} keeps nothing of its input: a chunk may be written over after the call`, () => {
    const core = openCore(role)
    const bytes = Buffer.from(peerFrame(role, opcodes.binary, utf8('twelve bytes')))
    const chunk = Buffer.alloc(5)
    for (let at = 0; at < bytes.length; at += 5) {
      const length = bytes.copy(chunk, 0, at)
      core.connection.receive(chunk.subarray(0, length))
      chunk.fill(0xee)
    }
    assert.deepEqual(core.events, ['binary <7477656c7665206279746573>'])
  })
}
