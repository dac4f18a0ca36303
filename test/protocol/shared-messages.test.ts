import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Arena, type Deflate, MessageCompression, plainText } from '../../src/protocol/index.ts'
import { type FrameRegion, SharedMessage } from '../../src/protocol/shared-message.ts'
import { nodeDeflate } from '../../src/runtime/node/deflate.ts'
import { opcodes, readFrames, utf8 } from './frames.ts'

/** Compression without context takeover, and how often it was used. */
function counted(serverWindowBits: number): { compression: MessageCompression; key: number; uses(): number } {
  let uses = 0
  const deflate: Deflate = {
    ...nodeDeflate,
    deflate(...args) {
      uses += 1
      return nodeDeflate.deflate(...args)
    },
  }
  const agreed = {
    serverContextTakeover: false,
    clientContextTakeover: false,
    serverWindowBits,
    clientWindowBits: 15,
  }
  const compression = new MessageCompression('server', agreed, deflate, { thresholdBytes: 0, level: 6 })
  return { compression, key: compression.broadcastKey as number, uses: () => uses }
}

function frameIn({ bytes, start, end }: FrameRegion) {
  const [frame] = readFrames(bytes.subarray(start, end))
  assert.ok(frame !== undefined)
  return frame
}

/** The message in a compressed frame (RFC 7692 §7.2.2). */
function inflated(region: FrameRegion): Uint8Array {
  const { compression } = counted(15)
  const { payload } = frameIn(region)
  const whole = new Uint8Array([...payload, 0x00, 0x00, 0xff, 0xff])
  const message = compression.inflate(whole, 1_000_000, 1_000)
  assert.ok(message instanceof Uint8Array)
  return message
}

test('the length of a shared message is that of its bytes, of text in UTF-8', () => {
  const text = new SharedMessage('größer 😀', plainText)
  assert.equal(text.byteLength, utf8('größer 😀').length)
  assert.equal(text.byteLength, utf8('größer 😀').length)
  assert.equal(new SharedMessage(Uint8Array.of(1, 2, 3), plainText).byteLength, 3)
  assert.equal(new SharedMessage('', plainText).byteLength, 0)
})

const words = 'again and again and again'
for (const { kind, data, opcode } of [
  { kind: 'text', data: words, opcode: opcodes.text },
  { kind: 'binary', data: utf8(words), opcode: opcodes.binary },
]) {
  test(`RFC 7692 §6.1 shared ${kind} is a compressed frame of its type, with RSV1`, () => {
    const { compression, key } = counted(15)
    const region = new SharedMessage(data, plainText).compressedFrame(new Arena(), compression, key)
    const { rsv, opcode: found } = frameIn(region)
    assert.deepEqual([rsv, found], [4, opcode])
    assert.deepEqual(inflated(region), utf8(words))
  })
}

test('a shared message is compressed once in a turn for each way of compressing', () => {
  const arena = new Arena()
  const message = new SharedMessage(words, plainText)
  const [wide, alike, narrow] = [counted(15), counted(15), counted(9)]
  assert.equal(wide.key, alike.key)
  assert.notEqual(wide.key, narrow.key)

  const first = message.compressedFrame(arena, wide.compression, wide.key)
  assert.equal(message.compressedFrame(arena, alike.compression, alike.key), first)
  const other = message.compressedFrame(arena, narrow.compression, narrow.key)
  assert.notEqual(other, first)
  assert.deepEqual([wide.uses(), alike.uses(), narrow.uses()], [1, 0, 1])
  assert.deepEqual(inflated(first), utf8(words))
  assert.deepEqual(inflated(other), utf8(words))
  assert.deepEqual(frameIn(message.frame(arena)).payload, utf8(words))
})

test('in another turn a shared message is compressed again: its room may be in use', () => {
  const arena = new Arena()
  const message = new SharedMessage(words, plainText)
  const { compression, key, uses } = counted(15)
  const first = message.compressedFrame(arena, compression, key)
  arena.recycle()
  new SharedMessage('something else', plainText).frame(arena)
  const second = message.compressedFrame(arena, compression, key)
  assert.notEqual(second.start, first.start)
  assert.equal(uses(), 2)
  assert.deepEqual(inflated(second), utf8(words))
})
