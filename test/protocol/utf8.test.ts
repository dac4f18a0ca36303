import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compressions, openCore, roles } from './core.ts'
import { concat, frame, hexBytes, opcodes, peerFrame, utf8 } from './frames.ts'

const valid: readonly string[] = [
  '',
  'Hello',
  'κόσμε',
  'Hellö ßäöüàá',
  '\u0000',
  '\u007f',
  '\u0080',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\ufffd',
  '\ufffe\uffff',
  '\u{10000}',
  '\u{1fffe}\u{10ffff}',
  '\ufeffa mark of byte order is text like any other',
]

/** The bytes up to and with the first that cannot be, and what might have followed it. */
const invalid: readonly [what: string, upToFault: string, rest?: string][] = [
  ['a continuation byte alone', '80'],
  ['the last continuation byte alone', 'bf'],
  ['a continuation byte after text', '4869 80', '21'],
  ['two bytes of which the second is none', 'c3 28', '41'],
  ['an overlong slash in two bytes', 'c0', 'af'],
  ['an overlong character in two bytes', 'c1', 'bf'],
  ['an overlong slash in three bytes', 'e0 80', 'af'],
  ['the largest overlong character in three bytes', 'e0 9f', 'bf'],
  ['an overlong slash in four bytes', 'f0 80', '80 af'],
  ['the largest overlong character in four bytes', 'f0 8f', 'bf bf'],
  ['the first surrogate', 'ed a0', '80'],
  ['the last surrogate', 'ed bf', 'bf'],
  ['a pair of surrogates', 'ed a0', '80 ed b0 80'],
  ['the first value beyond Unicode', 'f4 90', '80 80'],
  ['a lead byte beyond Unicode', 'f5', '80 80 80'],
  ['five bytes', 'f8', '88 80 80 80'],
  ['six bytes', 'fc', '84 80 80 80 80'],
  ['FE', 'fe'],
  ['FF', 'ff'],
  ['three bytes cut by a letter', 'e2 82 41'],
  ['four bytes cut by a letter', 'f0 9f 98 41'],
  ['a character cut by another', 'ce c3', 'bc'],
  ['Greek with a surrogate', 'ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0', '80 65 64 69 74 65 64'],
  ['Greek with a value too high', 'ce ba e1 bd b9 cf 83 ce bc ce b5 f4 90', '80 80 65 64 69 74'],
]

for (const role of roles) {
  test(`§8.1 ${role} takes valid text, whole and cut anywhere, also within characters`, () => {
    for (const text of valid) {
      const bytes = utf8(text)
      const expected = openCore(role).receive(peerFrame(role, opcodes.text, bytes)).events
      assert.equal(expected.length, 1)
      assert.match(expected[0] ?? '', /^text /)
      for (let cut = 0; cut <= bytes.length; cut++) {
        const core = openCore(role).receive(
          peerFrame(role, opcodes.text, bytes.subarray(0, cut), { fin: false }),
          peerFrame(role, opcodes.continuation, bytes.subarray(cut)),
        )
        assert.deepEqual(core.events, expected)
      }
    }
  })

  for (const [what, upToFault, rest = ''] of invalid) {
    const bytes = hexBytes(upToFault + rest)
    const faultAt = hexBytes(upToFault).length
    const failed = ['failed 1007 ERR_INVALID_UTF8']

    test(`§8.1 ${role} fails text with ${what}`, () => {
      const core = openCore(role).receive(peerFrame(role, opcodes.text, bytes))
      assert.deepEqual(core.events, failed)
      assert.deepEqual(core.sent(), ['close 1007'])
    })

    test(`§8.1 ${role} fails ${what} at the first impossible byte, in every split`, () => {
      // More is announced than comes, so nothing but the byte itself can be the reason.
      const whole = peerFrame(role, opcodes.text, bytes, { declared: bytes.length + 40 })
      const headLength = whole.length - bytes.length
      const fault = whole.subarray(0, headLength + faultAt)
      const before = whole.subarray(0, headLength + faultAt - 1)
      for (let cut = 0; cut < before.length; cut++) {
        const core = openCore(role).receive(before.subarray(0, cut), before.subarray(cut))
        assert.deepEqual(core.events, [], `before the fault, cut at ${cut}`)
        core.receive(fault.subarray(before.length))
        assert.deepEqual(core.events, failed, `at the fault, cut at ${cut}`)
      }
    })

    test(`§8.1 ${role} fails ${what} in a fragment, before the message has ended`, () => {
      for (let cut = 0; cut < faultAt; cut++) {
        const core = openCore(role).receive(
          peerFrame(role, opcodes.text, bytes.subarray(0, cut), { fin: false }),
        )
        assert.deepEqual(core.events, [])
        core.receive(peerFrame(role, opcodes.continuation, bytes.subarray(cut), { fin: false }))
        assert.deepEqual(core.events, failed)
      }
    })

    test(`§8.1 ${role} fails ${what} behind a long valid text`, () => {
      const long = concat(utf8('ø'.repeat(150)), bytes)
      const core = openCore(role).receive(
        peerFrame(role, opcodes.text, long.subarray(0, 100), { fin: false }),
        peerFrame(role, opcodes.continuation, long.subarray(100), { fin: false }),
      )
      assert.deepEqual(core.events, failed)
    })

    test(`§8.1 ${role} fails compressed text with ${what}`, () => {
      const { client, server } = compressions()
      const peer = role === 'client' ? server : client
      const core = openCore(role, { compression: role === 'client' ? client : server })
      core.receive(peerFrame(role, opcodes.text, peer.compress(bytes, true, true), { rsv: 4 }))
      assert.deepEqual(core.events, failed)
    })
  }

  test(`§8.1 ${role} fails text that ends within a character, in one frame or several`, () => {
    for (const bytes of [hexBytes('ce'), hexBytes('e2 82'), hexBytes('48 f0 9f 98')]) {
      const whole = openCore(role).receive(peerFrame(role, opcodes.text, bytes))
      assert.deepEqual(whole.events, ['failed 1007 ERR_INVALID_UTF8'])

      const parts = openCore(role).receive(peerFrame(role, opcodes.text, bytes, { fin: false }))
      assert.deepEqual(parts.events, [])
      parts.receive(peerFrame(role, opcodes.continuation, ''))
      assert.deepEqual(parts.events, ['failed 1007 ERR_INVALID_UTF8'])

      const streamed = openCore(role, { streamed: true }).receive(peerFrame(role, opcodes.text, bytes))
      assert.equal(streamed.events.at(-1), 'failed 1007 ERR_INVALID_UTF8')
    }
  })

  test(`§5.6 ${role} takes any bytes as binary`, () => {
    for (const [, upToFault, rest = ''] of invalid) {
      const core = openCore(role).receive(peerFrame(role, opcodes.binary, hexBytes(upToFault + rest)))
      assert.match(core.events[0] ?? '', /^binary /)
    }
  })
}

test('§5.6 text of a message does not depend on the one before', () => {
  const client = openCore('client').receive(
    frame(opcodes.text, hexBytes('e2 82'), { fin: false }),
    frame(opcodes.continuation, hexBytes('ac')),
    frame(opcodes.text, hexBytes('e2'), { fin: false }),
    frame(opcodes.continuation, hexBytes('82 ac')),
  )
  assert.deepEqual(client.events, ['text "€"', 'text "€"'])
})
