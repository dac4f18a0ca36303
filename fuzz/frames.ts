import { deepStrictEqual, ok } from 'node:assert/strict'
import {
  Arena,
  Connection,
  type ConnectionSettings,
  type ConnectionSink,
  isWireCloseCode,
  MessageCompression,
  type ProtocolError,
  plainText,
  type Role,
} from '../src/protocol/index.ts'
import { nodeDeflate } from '../src/runtime/node/deflate.ts'
import { readHexSample, type Target } from './target.ts'

const limits = { maxMessageBytes: 3000, maxFragments: 20, maxInflationRatio: 20 }
/** What buffers of a message may take at most: DEFLATE's overhead included. */
const mostForMessage = 3000 * 1.125 + 64 + 16 * limits.maxFragments + 4

const expectedErrors = new Set([
  'ERR_RESERVED_BIT',
  'ERR_RESERVED_OPCODE',
  'ERR_MASK_MISSING',
  'ERR_MASK_UNEXPECTED',
  'ERR_LENGTH_NOT_MINIMAL',
  'ERR_LENGTH_INVALID',
  'ERR_CONTROL_FRAGMENTED',
  'ERR_CONTROL_TOO_LONG',
  'ERR_CONTINUATION_UNEXPECTED',
  'ERR_CONTINUATION_MISSING',
  'ERR_INVALID_UTF8',
  'ERR_MESSAGE_TOO_LARGE',
  'ERR_TOO_MANY_FRAGMENTS',
  'ERR_INFLATE_FAILED',
  'ERR_INFLATION_RATIO',
  'ERR_CLOSE_PAYLOAD',
  'ERR_CLOSE_CODE',
])

class Watched implements ConnectionSink {
  readonly connection: Connection
  readonly events: string[] = []
  #ended = false
  #chunkBytes = 0

  constructor(role: Role, isCompressed: boolean, takesOver: boolean, streamed: boolean) {
    const settings: ConnectionSettings = {
      role,
      limits,
      text: plainText,
      streamed,
      maskingKey: () => 0x1234_5678,
    }
    const compression = isCompressed
      ? new MessageCompression(
          role,
          {
            serverContextTakeover: takesOver,
            clientContextTakeover: takesOver,
            serverWindowBits: 9,
            clientWindowBits: 9,
          },
          nodeDeflate,
          { thresholdBytes: 0, level: 1 },
        )
      : undefined
    this.connection = new Connection(settings, this, new Arena(256), compression)
  }

  receive(bytes: Uint8Array, chunkBytes: number): string {
    this.#chunkBytes = chunkBytes
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      this.connection.receive(new Uint8Array(bytes.subarray(at, at + chunkBytes)))
      ok(
        this.connection.heldBytes <= mostForMessage + chunkBytes + 125,
        `${this.connection.heldBytes} bytes held`,
      )
    }
    const { closeSent, output } = this.connection
    if (closeSent !== undefined) ok(closeSent.code === 1005 || isWireCloseCode(closeSent.code))
    let sent = 0
    output.flush({
      write(written) {
        sent = written.length
        return true
      },
    })
    // Nothing is answered but pings, by as much, and a close frame.
    ok(sent <= bytes.length + 4 * this.events.length + 140, `${sent} bytes sent for ${bytes.length}`)
    return `${this.events.join(' ')} ${this.connection.readyState}`
  }

  #tell(event: string): void {
    ok(!this.#ended, `${event} after the end`)
    this.events.push(event)
  }

  text(data: string): void {
    ok(data.length <= limits.maxMessageBytes)
    this.#tell(`text${data.length}`)
  }

  binary(data: Uint8Array): void {
    ok(data.length <= limits.maxMessageBytes)
    this.#tell(`binary${data.length}`)
  }

  fragment(data: Uint8Array, _type: string, _first: boolean, last: boolean): void {
    ok(data.length <= Math.max(this.#chunkBytes, limits.maxMessageBytes))
    if (last) this.#tell('stream')
  }

  ping(data: Uint8Array): void {
    this.#tell(`ping${data.length}`)
  }

  pong(data: Uint8Array): void {
    this.#tell(`pong${data.length}`)
  }

  close(code: number): void {
    this.#tell(`close${code}`)
    this.#ended = true
  }

  failed(error: ProtocolError): void {
    ok(expectedErrors.has(error.code), `${error.code} is not expected of a peer`)
    this.#tell(`${error.code} ${error.closeCode}`)
    this.#ended = true
  }
}

/**
 * The first byte chooses: bit 0 the client's role, bit 1 compression, bit 2 context takeover, bit 3 streaming, bit 4
 * that masks are put right, so that what lies behind them is reached; the second byte how long the chunks are.
 */
export const frames: Target = {
  name: 'frames',
  words: [
    '81 85 00000000',
    '01 80 00000000',
    '80 80 00000000',
    '89 80 00000000',
    '8a 84 00000000 00000000',
    '88 82 00000000 03e8',
    'c1 87 00000000 f248cdc9c90700',
    '41 83 00000000 f248cd',
    '81 fe 007e 00000000',
    '82 ff 0000000000010000 00000000',
    'c1 07 f248cdc9c90700',
    'f2 00 11 00 00',
    'e2 82 ac',
    'ed a0 80',
    'f0 9f 98 80',
  ].map(readHexSample),
  readSample: readHexSample,
  run(input) {
    const choice = input[0] ?? 0
    const chunkBytes = 1 + (input[1] ?? 0)
    const role = choice & 1 ? 'client' : 'server'
    const streamed = (choice & 8) !== 0
    const open = () => new Watched(role, (choice & 2) !== 0, (choice & 4) !== 0, streamed)
    const bytes = choice & 16 ? withRightMasks(input.subarray(2), role) : input.subarray(2)
    const whole = open()
    const outcome = whole.receive(bytes, Math.max(bytes.length, 1))
    for (const size of [1, chunkBytes]) {
      const cut = open()
      const again = cut.receive(bytes, size)
      // What was handed over of a streamed message before its fault depends on the split; what is told does not.
      deepStrictEqual(again, outcome)
    }
    return `${choice & 15} ${outcome.replace(/\d{2,}/g, (digits) => (digits.length > 3 ? digits : 'n'))}`
  },
}

/** Walks from header to header as far as they make sense, and sets or clears each mask bit as the role wants it. */
function withRightMasks(bytes: Uint8Array, role: Role): Uint8Array {
  const result = new Uint8Array(bytes)
  for (let at = 0; at + 1 < result.length; ) {
    const second = ((result[at + 1] as number) & 0x7f) | (role === 'server' ? 0x80 : 0)
    result[at + 1] = second
    const short = second & 0x7f
    const long = short === 126 ? ((result[at + 2] ?? 0) << 8) | (result[at + 3] ?? 0) : 0
    if (short === 127) break
    at += 2 + (short === 126 ? 2 + long : short) + (role === 'server' ? 4 : 0)
  }
  return result
}
