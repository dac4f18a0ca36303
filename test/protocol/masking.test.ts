import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { maskInPlace } from '../../src/protocol/mask.ts'
import { maskable, type VectorMask, vectorMask, vectors } from '../../src/protocol/vector-mask.ts'
import { openCore } from './core.ts'
import { clientFrame, frame, hex, opcodes, toHex } from './frames.ts'

const dataAndControl = [opcodes.text, opcodes.binary, opcodes.ping, opcodes.pong, opcodes.close]

for (const opcode of dataAndControl) {
  test(`§5.1 server fails a frame of opcode ${opcode} that is not masked`, () => {
    const server = openCore('server').receive(frame(opcode, opcode === opcodes.close ? '' : 'Hi'))
    assert.deepEqual(server.events, ['failed 1002 ERR_MASK_MISSING'])
    assert.deepEqual(server.sent(), ['close 1002'])
  })

  test(`§5.1 client fails a frame of opcode ${opcode} that is masked`, () => {
    const client = openCore('client').receive(clientFrame(opcode, opcode === opcodes.close ? '' : 'Hi'))
    assert.deepEqual(client.events, ['failed 1002 ERR_MASK_UNEXPECTED'])
    assert.deepEqual(client.sent(), ['close 1002'])
  })
}

test('§5.1 server fails a continuation that is not masked', () => {
  const server = openCore('server').receive(
    clientFrame(opcodes.text, 'a', { fin: false }),
    frame(opcodes.continuation, 'b'),
  )
  assert.deepEqual(server.events, ['failed 1002 ERR_MASK_MISSING'])
})

test('§5.3 server unmasks with any key, zero among them', () => {
  for (const key of [hex`00 00 00 00`, hex`ff ff ff ff`, hex`80 00 00 01`, hex`00 00 00 ff`]) {
    const server = openCore('server').receive(clientFrame(opcodes.text, 'Hello, all of you', { key }))
    assert.deepEqual(server.events, ['text "Hello, all of you"'])
  }
})

test('§5.3 client masks every frame, each with a key of its own', () => {
  const client = openCore('client')
  const { connection } = client
  connection.sendText('one')
  connection.sendText('long enough to need its length measured: '.repeat(9))
  connection.sendBinary(Uint8Array.of(1, 2, 3))
  connection.sendFragment(new Uint8Array(200), 'binary', true, false)
  connection.sendFragment(new Uint8Array(0), 'binary', false, true)
  connection.sendPing(Uint8Array.of(9))
  connection.sendPong(Uint8Array.of(10))
  connection.sendClose(1000)
  const keys = client.frames().map(({ key }) => (key === undefined ? 'none' : toHex(key)))
  assert.equal(keys.length, 8)
  assert.equal(new Set(keys).size, 8)
  assert.ok(!keys.includes('none'))
})

test('§5.1 server masks nothing', () => {
  const server = openCore('server')
  server.connection.sendText('one')
  server.connection.sendBinary(Uint8Array.of(1))
  server.connection.sendPing(Uint8Array.of(9))
  server.connection.sendClose(1000)
  for (const { key } of server.frames()) assert.equal(key, undefined)
})

function maskedByTheBook(data: Uint8Array, key: number, phase: number): Uint8Array {
  return data.map((byte, index) => byte ^ (key >>> (24 - 8 * ((index + phase) & 3))))
}

test('§5.3 masking gives the same by bytes and by words, for every length, place in memory and phase', () => {
  for (let length = 0; length < 140; length++) {
    for (let offset = 0; offset < 5; offset++) {
      for (let phase = 0; phase < 4; phase++) {
        const memory = Uint8Array.from({ length: length + 12 }, (_, index) => index * 7 + 1)
        const expected = memory.slice()
        const start = offset
        expected.set(maskedByTheBook(memory.slice(start, start + length), 0x8f12_a03c, phase), start)
        maskInPlace(memory, start, start + length, 0x8f12_a03c, phase)
        assert.deepEqual(memory, expected, `length ${length}, offset ${offset}, phase ${phase}`)
      }
    }
  }
})

test('§5.3 masking touches nothing else, whatever the buffer, view, key and phase', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 1_000, size: 'max' }),
      fc.nat(9),
      fc.nat(400),
      fc.nat(400),
      fc.integer(),
      fc.nat(7),
      (bytes, viewOffset, from, length, key, phase) => {
        const memory = new Uint8Array(viewOffset + bytes.length)
        const view = memory.subarray(viewOffset)
        view.set(bytes)
        const start = Math.min(from, view.length)
        const end = Math.min(start + length, view.length)
        const expected = memory.slice()
        expected.set(maskedByTheBook(view.slice(start, end), key, phase), viewOffset + start)
        maskInPlace(view, start, end, key, phase)
        assert.deepEqual(memory, expected)
      },
    ),
    { numRuns: 300, seed: 1 },
  )
})

test('§5.3 masking by vectors is masking by bytes, wherever the bytes lie', () => {
  const { buffer } = vectors as VectorMask
  const memory = new Uint8Array(buffer, 0, 512)
  const before = memory.slice()
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.integer({ min: 3, max: 100 }),
      fc.integer(),
      fc.nat(7),
      (bytes, at, key, phase) => {
        const expected = new Uint8Array(bytes)
        maskInPlace(expected, 0, expected.length, key, phase)
        memory.fill(0xa5)
        memory.set(bytes, at)
        maskInPlace(memory.subarray(3), at - 3, at - 3 + bytes.length, key, phase)
        assert.deepEqual(memory.slice(at, at + bytes.length), expected)
        assert.ok(memory.subarray(0, at).every((byte) => byte === 0xa5))
        assert.ok(memory.subarray(at + bytes.length).every((byte) => byte === 0xa5))
      },
    ),
  )
  memory.set(before)
})

test('without WebAssembly, or where it is forbidden, masking goes without vectors', () => {
  assert.equal(vectorMask(undefined), undefined)
  const forbidden = class {
    constructor() {
      throw new Error('Refused to compile WebAssembly')
    }
  }
  assert.equal(vectorMask({ Memory: forbidden, Module: forbidden, Instance: forbidden } as never), undefined)
})

test('when the memory for vectors is used up there is other memory', () => {
  const { buffer } = vectors as VectorMask
  const parts = Array.from({ length: 8 }, () => maskable(65_536))
  const within = parts.filter((part) => part.buffer === buffer)
  assert.ok(within.length < parts.length)
  assert.ok(parts.every((part) => part.length === 65_536 && part.every((byte) => byte === 0)))
  assert.equal(new Set(within.map(({ byteOffset }) => byteOffset)).size, within.length)
})
