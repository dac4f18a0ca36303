import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AgreedCompression, MessageCompression, Role } from '../../src/protocol/index.ts'
import { bytesText, type Core, compressions, openCore, quoted, roles } from './core.ts'
import { concat, frame, opcodes, utf8 } from './frames.ts'

/** A frame of a session; most are right, some are not. */
interface Part {
  readonly opcode: number
  readonly payload: Uint8Array
  readonly fin: boolean
  readonly rsv: number
  readonly isMaskedRight: boolean
}

const payload = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'binary', maxLength: 40, size: 'max' }).map(utf8) },
  {
    weight: 2,
    arbitrary: fc.uint8Array({ maxLength: 40, size: 'max' }).map((bytes) => new Uint8Array(bytes)),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 120, max: 130 }).map((length) => new Uint8Array(length).fill(0x61)),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 300, max: 70_000 }).map((length) => new Uint8Array(length).fill(0x62)),
  },
)
const part: fc.Arbitrary<Part> = fc
  .record({
    opcode: fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom(0, 1, 2, 9, 10) },
      { weight: 1, arbitrary: fc.nat(15) },
    ),
    payload,
    fin: fc.boolean(),
    rsv: fc.oneof({ weight: 40, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(7) }),
    isMaskedRight: fc.oneof(
      { weight: 60, arbitrary: fc.constant(true) },
      { weight: 1, arbitrary: fc.constant(false) },
    ),
  })
  .map((one) => (one.opcode >= 8 ? { ...one, fin: true, payload: one.payload.subarray(0, 125) } : one))

const closing = fc.oneof(
  fc.constant(undefined),
  fc.tuple(fc.constantFrom(1000, 1001, 1005, 2999, 4999), fc.string({ maxLength: 20, size: 'max' })),
)

/** The session as bytes: continuations are put where they belong, and messages compressed where that was agreed. */
function bytesOf(
  parts: readonly Part[],
  end: [number, string] | undefined,
  role: Role,
  peer?: MessageCompression,
) {
  const frames: Uint8Array[] = []
  let inMessage = false
  let isCompressed = false
  const write = (opcode: number, body: Uint8Array, fin: boolean, rsv: number, isMaskedRight = true) => {
    const isMasked = (role === 'server') === isMaskedRight
    frames.push(
      frame(opcode, body, { fin, rsv, key: isMasked ? Uint8Array.of(1, 0x80, 0xff, 7) : undefined }),
    )
  }
  for (const { opcode: wanted, payload: body, fin, rsv, isMaskedRight } of parts) {
    const isData = wanted <= opcodes.binary
    const opcode = !isData ? wanted : inMessage ? opcodes.continuation : wanted === 0 ? opcodes.text : wanted
    if (!isData) {
      write(opcode, body, fin, rsv, isMaskedRight)
      continue
    }
    if (!inMessage) isCompressed = peer !== undefined && body.length % 3 !== 0
    const compressed = isCompressed && peer !== undefined ? peer.compress(body, fin, !inMessage) : body
    write(opcode, compressed, fin, rsv | (isCompressed && !inMessage ? 4 : 0), isMaskedRight)
    inMessage = !fin
  }
  if (end !== undefined) {
    const [code, reason] = end
    write(opcodes.close, concat(Uint8Array.of(code >> 8, code & 0xff), utf8(reason)), true, 0)
  }
  return concat(...frames)
}

/** Pieces of streamed messages are told joined, as they depend on the split; those of a failed message not at all. */
function gathered(core: Core): Core {
  let parts: Uint8Array[] = []
  core.fragment = (data, type, first, last) => {
    if (first) parts = []
    parts.push(data.slice())
    const whole = concat(...parts)
    if (last)
      core.events.push(
        `${type} ${type === 'text' ? quoted(new TextDecoder().decode(whole)) : bytesText(whole)}`,
      )
  }
  return core
}

for (const streamed of [false, true]) {
  test(`any split of any session tells and sends the same${streamed ? ', streamed' : ''}`, () => {
    const agreement: fc.Arbitrary<AgreedCompression | undefined> = fc.option(
      fc.record({
        serverContextTakeover: fc.boolean(),
        clientContextTakeover: fc.boolean(),
        serverWindowBits: fc.integer({ min: 8, max: 15 }),
        clientWindowBits: fc.integer({ min: 8, max: 15 }),
      }),
      { nil: undefined },
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...roles),
        agreement,
        fc.array(part, { maxLength: 8 }),
        closing,
        fc.array(fc.nat(1_000_000), { maxLength: 6 }),
        fc.boolean(),
        (role, agreed, parts, end, cuts, pauses) => {
          const peer = agreed && compressions(agreed)[role === 'client' ? 'server' : 'client']
          const session = bytesOf(parts, end, role, peer)
          const open = () =>
            gathered(
              openCore(role, {
                streamed,
                limits: { maxMessageBytes: 60_000, maxFragments: 4 },
                ...(agreed && { compression: compressions(agreed)[role] }),
              }),
            )
          const whole = open().receive(session)

          const places = [...cuts.map((cut) => cut % (session.length + 1)), session.length].sort(
            (a, b) => a - b,
          )
          const cut = open()
          if (pauses) cut.onEvent = () => cut.connection.pause()
          let at = 0
          for (const place of places) {
            cut.receive(session.subarray(at, place))
            at = place
          }
          for (let turns = 0; cut.connection.paused && turns < 50; turns++) cut.connection.resume()
          assert.deepEqual(cut.events, whole.events)
          assert.deepEqual(cut.sent(), whole.sent())
          assert.equal(cut.connection.readyState, whole.connection.readyState)

          const byBytes = open()
          if (session.length < 3000) {
            for (const byte of session) byBytes.receive(Uint8Array.of(byte))
            assert.deepEqual(byBytes.events, whole.events)
            assert.deepEqual(byBytes.sent(), whole.sent())
          }
        },
      ),
      { numRuns: 300, seed: 40 },
    )
  })
}

test('what one side sends the other is told, whatever is sent and however it is cut', () => {
  type Deed =
    | { readonly do: 'text'; readonly data: string }
    | { readonly do: 'binary'; readonly data: Uint8Array }
    | { readonly do: 'ping' | 'pong'; readonly data: Uint8Array }
  const control = fc.uint8Array({ maxLength: 125, size: 'max' }).map((bytes) => new Uint8Array(bytes))
  const deed: fc.Arbitrary<Deed> = fc.oneof(
    fc.record({
      do: fc.constant('text' as const),
      data: fc.string({ unit: 'binary', maxLength: 300, size: 'max' }),
    }),
    fc.record({ do: fc.constant('binary' as const), data: payload }),
    fc.record({ do: fc.constantFrom('ping' as const, 'pong' as const), data: control }),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...roles),
      fc.boolean(),
      fc.array(deed, { maxLength: 8 }),
      fc.integer({ min: 1, max: 400 }),
      (role, isCompressed, deeds, step) => {
        const ends = compressions({ serverContextTakeover: true }, { thresholdBytes: 20 })
        const sender = openCore(role, isCompressed ? { compression: ends[role] } : {})
        const otherRole = role === 'client' ? 'server' : 'client'
        const receiver = openCore(otherRole, isCompressed ? { compression: ends[otherRole] } : {})
        const expected = deeds.map((one) => {
          if (one.do === 'text') sender.connection.sendText(one.data)
          else if (one.do === 'binary') sender.connection.sendBinary(one.data)
          else if (one.do === 'ping') sender.connection.sendPing(one.data)
          else sender.connection.sendPong(one.data)
          return `${one.do} ${typeof one.data === 'string' ? quoted(one.data) : bytesText(one.data)}`
        })
        sender.connection.sendClose(1000, 'done')
        const bytes = sender.written()
        for (let at = 0; at < bytes.length; at += step) receiver.receive(bytes.subarray(at, at + step))
        assert.deepEqual(receiver.events, [...expected, 'close 1000 "done"'])
      },
    ),
    { numRuns: 200, seed: 41 },
  )
})
