import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Arena,
  Connection,
  type ConnectionSettings,
  type ConnectionSink,
  plainText,
  type TextCodec,
} from '../../src/protocol/index.ts'
import { defaultLimits } from '../../src/protocol/limits.ts'
import { concat, frame, hex, opcodes, readFrames } from './frames.ts'

const key = hex`01020304`

/** Hands text over as the bytes it came in. */
const bytesOfText: TextCodec<Uint8Array> = {
  ...plainText,
  decode: (bytes, start, end) =>
    plainText.isValid(bytes.subarray(start, end)) ? bytes.slice(start, end) : undefined,
}
const uncheckedBytes: TextCodec<Uint8Array> = {
  ...bytesOfText,
  unchecked: true,
  decode: (bytes, start, end) => bytes.slice(start, end),
}

/** A server whose text is bytes, with settings of its own. */
function serverWith(settings: Partial<ConnectionSettings<Uint8Array>>) {
  const events: unknown[][] = []
  const sink: ConnectionSink<Uint8Array> = {
    text: (data) => events.push(['text', Array.from(data)]),
    binary: (data) => events.push(['binary', data.length]),
    fragment: () => events.push(['fragment']),
    ping: () => events.push(['ping']),
    pong: () => events.push(['pong']),
    close: (code, reason) => events.push(['close', code, reason]),
    frame: (length) => events.push(['frame', length]),
    failed: (error) => events.push(['failed', error.code]),
  }
  const connection = new Connection<Uint8Array>(
    {
      role: 'server',
      limits: defaultLimits,
      text: bytesOfText,
      streamed: false,
      maskingKey: () => 0,
      ...settings,
    },
    sink,
    new Arena(),
    undefined,
  )
  const written: Uint8Array[] = []
  return {
    connection,
    events,
    receive: (...chunks: Uint8Array[]) => {
      for (const chunk of chunks) connection.receive(chunk.slice())
    },
    sent: () => {
      connection.output.flush({ write: (bytes) => written.push(bytes.slice()) > 0 })
      return readFrames(concat(...written))
    },
  }
}

const text = (payload: Uint8Array, fin = true, opcode: number = opcodes.text) =>
  frame(opcode, payload, { key, fin })

test('text is handed over as what its codec makes of it, whole or in frames', () => {
  const { events, receive } = serverWith({})
  receive(text(hex`c3bc`), text(hex`c3`, false), text(hex`bc`, true, opcodes.continuation))
  assert.deepEqual(events, [
    ['text', [0xc3, 0xbc]],
    ['frame', 1],
    ['frame', 1],
    ['text', [0xc3, 0xbc]],
  ])
})

test('text that a codec does not check may be anything', () => {
  const { events, receive } = serverWith({ text: uncheckedBytes })
  receive(text(hex`ff`), text(hex`ff`, false), text(hex`fe`, true, opcodes.continuation))
  assert.deepEqual(
    events.filter(([name]) => name === 'text'),
    [
      ['text', [0xff]],
      ['text', [0xff, 0xfe]],
    ],
  )
})

test('nor is the reason of a close frame checked then', () => {
  const { events, receive } = serverWith({ text: uncheckedBytes })
  receive(frame(opcodes.close, hex`03e841ff`, { key }))
  assert.deepEqual(events, [['close', 1000, 'A\ufffd']])
})

test('without autoPong a ping is told of, and not answered', () => {
  const { events, receive, sent } = serverWith({ autoPong: false })
  receive(frame(opcodes.ping, 'x', { key }))
  assert.deepEqual(events, [['ping']])
  assert.deepEqual(sent(), [])
})

test('a fault that is not told closes with its code alone', () => {
  const { connection, receive, sent } = serverWith({ tellsFaults: false })
  receive(frame(3, '', { key }))
  assert.deepEqual(
    sent().map(({ payload }) => Array.from(payload)),
    [[0x03, 0xea]],
  )
  assert.equal(connection.wrongHeader, 0x8380)
})

test('the close code that failed a connection can be asked for', () => {
  const { connection, events, receive } = serverWith({})
  receive(frame(opcodes.close, hex`03ec`, { key }))
  assert.deepEqual(events, [['failed', 'ERR_CLOSE_CODE']])
  assert.equal(connection.wrongCloseCode, 1004)
})
