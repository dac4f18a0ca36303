import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import type { IBufferList } from '../../../src/compat/websocket/index.ts'
import { original, ours } from './pairs.ts'

const BufferList = createRequire(import.meta.url)('websocket/vendor/FastBufferList') as {
  new (): IBufferList & { write(bytes: Uint8Array): void }
}

const config = { maxReceivedFrameSize: 100_000 }
const sizes = [0, 1, 125, 126, 65_535, 65_536]

test('a frame is the same bytes as the original makes of it', () => {
  for (const size of sizes) {
    for (const opcode of [1, 8]) {
      const made = [ours, original].map(({ frame: Frame }) => {
        const frame = new Frame(Buffer.alloc(4), Buffer.alloc(10), config)
        frame.fin = true
        frame.mask = true
        frame.rsv2 = true
        frame.opcode = opcode
        frame.closeStatus = 1000
        frame.binaryPayload = Buffer.alloc(size, 7)
        const bytes = frame.toBuffer(true)
        return [bytes.toString('base64'), frame.length]
      })
      assert.deepEqual(made[0], made[1])
    }
  }
})

test('a frame is read back from bytes that come one by one', () => {
  for (const size of sizes) {
    const written = new ours.frame()
    written.fin = true
    written.mask = true
    written.opcode = 2
    written.binaryPayload = Buffer.alloc(size, 7)
    const bytes = written.toBuffer()
    const list = new BufferList()
    const read = new ours.frame(Buffer.alloc(4), Buffer.alloc(10), config)
    for (let at = 0; at < bytes.length - 1; at++) {
      list.write(bytes.subarray(at, at + 1))
      if (at < 20) assert.equal(read.addData(list), false)
    }
    list.write(bytes.subarray(-1))
    assert.equal(read.addData(list), true)
    assert.equal(read.length, size)
    assert.ok(read.binaryPayload?.equals(Buffer.alloc(size, 7)))
    assert.match(String(read), /Opcode: 2, fin: true, length: \d+, hasPayload: true, masked: true/)
  }
})

test('what is wrong with a frame is found as by the original', () => {
  for (const bytes of [
    [0x89, 0x7e, 0x01, 0x00],
    [0x09, 0x01, 0x00],
    [0x82, 0x7f, 0, 0, 0, 1, 0, 0, 0, 0],
    [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0x86, 0xa1],
    [0x88, 0x01, 0x00],
    [0x88, 0x04, 0x03, 0xe8, 0x61, 0x62],
    [0x88, 0x00],
  ]) {
    const found = [ours, original].map(({ frame: Frame }) => {
      const frame = new Frame(Buffer.alloc(4), Buffer.alloc(10), config)
      const list = new BufferList()
      list.write(Buffer.from(bytes))
      const done = frame.addData(list)
      const { protocolError, frameTooLarge, dropReason, closeStatus, invalidCloseFrameLength } = frame
      return { done, protocolError, frameTooLarge, dropReason, closeStatus, invalidCloseFrameLength }
    })
    assert.deepEqual(found[0], found[1])
  }
})

test('a payload can be thrown away', () => {
  const list = new BufferList()
  const frame = new ours.frame()
  frame.length = 3
  list.write(Buffer.from('ab'))
  assert.equal(frame.throwAwayPayload(list), false)
  list.write(Buffer.from('cd'))
  assert.equal(frame.throwAwayPayload(list), true)
  assert.equal(list.length, 1)
})

test('a warning is printed once, unless warnings are off', (context) => {
  const printed = context.mock.method(console, 'warn', () => {})
  const { deprecation } = ours
  deprecation.deprecationWarningMap['old'] = 'it goes'
  deprecation.disableWarnings = true
  deprecation.warn('old')
  deprecation.disableWarnings = false
  deprecation.warn('old')
  deprecation.warn('old')
  deprecation.warn('unknown')
  delete deprecation.deprecationWarningMap['old']
  assert.deepEqual(
    printed.mock.calls.map(({ arguments: [text] }) => text),
    ['DEPRECATION WARNING: it goes'],
  )
})

test('the names of the package are those of the original', () => {
  assert.deepEqual(Object.keys(ours).sort(), Object.keys(original).sort())
  assert.equal(ours.version, original.version)
  const statics = (library: typeof ours): Record<string, unknown> =>
    Object.fromEntries(Object.entries(library.connection).filter(([name]) => name.startsWith('CLOSE_')))
  assert.deepEqual(statics(ours), statics(original))
})
