import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesText, openCore, roles } from './core.ts'
import { hex, opcodes, peerFrame, toHex } from './frames.ts'

/** Payload length and the header a server writes before it. */
const shortest: readonly [length: number, header: string][] = [
  [0, '8200'],
  [1, '8201'],
  [125, '827d'],
  [126, '827e007e'],
  [127, '827e007f'],
  [255, '827e00ff'],
  [256, '827e0100'],
  [65_535, '827effff'],
  [65_536, '827f0000000000010000'],
  [100_000, '827f00000000000186a0'],
]

for (const [length, header] of shortest) {
  test(`§5.2 a payload of ${length} bytes has its length in the fewest bytes`, () => {
    const server = openCore('server')
    server.connection.sendBinary(new Uint8Array(length))
    assert.equal(toHex(server.written().subarray(0, header.length / 2)), header)
    assert.equal(server.written().length, header.length / 2 + length)

    const client = openCore('client')
    client.connection.sendBinary(new Uint8Array(length))
    assert.equal(client.written().length, header.length / 2 + 4 + length)
    assert.equal(client.frames()[0]?.payload.length, length)
  })

  for (const role of roles) {
    test(`§5.2 ${role} reads a frame of ${length} bytes, in the fewest bytes of length`, () => {
      const payload = Uint8Array.from({ length }, (_, index) => index)
      const core = openCore(role).receive(peerFrame(role, opcodes.binary, payload))
      assert.deepEqual(core.events, [`binary ${bytesText(payload)}`])
    })
  }
}

const longer: readonly [length: number, lengthBits: 16 | 64][] = [
  [0, 16],
  [125, 16],
  [0, 64],
  [125, 64],
  [126, 64],
  [65_535, 64],
]

for (const role of roles) {
  for (const [length, lengthBits] of longer) {
    test(`§5.2 ${role} fails a length of ${length} written in ${lengthBits} bits`, () => {
      const core = openCore(role).receive(
        peerFrame(role, opcodes.binary, new Uint8Array(length), { lengthBits }),
      )
      assert.deepEqual(core.events, ['failed 1002 ERR_LENGTH_NOT_MINIMAL'])
      assert.deepEqual(core.sent(), ['close 1002'])
    })
  }

  test(`§5.2 ${role} fails a 64-bit length whose highest bit is set`, () => {
    for (const declared of [1n << 63n, (1n << 64n) - 1n]) {
      const core = openCore(role, { limits: { maxMessageBytes: Number.POSITIVE_INFINITY } })
      core.receive(peerFrame(role, opcodes.binary, '', { declared }))
      assert.deepEqual(core.events, ['failed 1002 ERR_LENGTH_INVALID'])
    }
  })

  test(`§5.2 ${role} without a limit waits for the largest length there is`, () => {
    const core = openCore(role, { limits: { maxMessageBytes: Number.POSITIVE_INFINITY } })
    core.receive(peerFrame(role, opcodes.binary, 'only a start', { declared: (1n << 63n) - 1n }))
    assert.deepEqual(core.events, [])
    assert.deepEqual(core.sent(), [])
  })

  test(`§5.2 ${role} fails a wrong length as soon as it is there, before the key and the payload`, () => {
    const mask = role === 'server' ? 0x80 : 0
    const core = openCore(role).receive(Uint8Array.of(0x82, mask | 126, 0, 125))
    assert.deepEqual(core.events, ['failed 1002 ERR_LENGTH_NOT_MINIMAL'])
  })
}

test('§5.7 the examples of the standard are read', () => {
  const client = openCore('client')
  client.receive(hex`81 05 48 65 6c 6c 6f`, hex`01 03 48 65 6c`, hex`80 02 6c 6f`, hex`89 05 48 65 6c 6c 6f`)
  assert.deepEqual(client.events, ['text "Hello"', 'text "Hello"', 'ping <48656c6c6f>'])

  const server = openCore('server')
  server.receive(hex`81 85 37 fa 21 3d 7f 9f 4d 51 58`, hex`8a 85 37 fa 21 3d 7f 9f 4d 51 58`)
  assert.deepEqual(server.events, ['text "Hello"', 'pong <48656c6c6f>'])
})
