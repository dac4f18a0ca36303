import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { closeCodes } from '../../src/codec/frame.ts'
import { readDownFrame } from '../../src/codec/read-frame.ts'
import { readCarryFrame, readUpFrame } from '../../src/codec/read-up-frame.ts'
import { root } from '../../tools/project.mjs'

const document = readFileSync(join(root, 'PROTOCOL.md'), 'utf8')

/** The examples of the document, each with the heading it stands under. */
function examples(): { heading: string; line: string }[] {
  let heading = ''
  return document.split('\n').flatMap((line) => {
    if (line.startsWith('#')) heading = line
    return /^([<>] )?\{"type"/.test(line) ? [{ heading, line }] : []
  })
}

test('PROTOCOL.md: every example is a frame, in a direction its heading names', () => {
  const found = examples()
  assert.ok(found.length > 40)
  for (const { heading, line } of found) {
    const text = line.replace(/^[<>] /, '')
    const up = 'frame' in readUpFrame(text) || 'frame' in readCarryFrame(text)
    const down = 'frame' in readDownFrame(text)
    if (line.startsWith('>')) assert.ok(up, line)
    else if (line.startsWith('<')) assert.ok(down, line)
    else if (/^[^(]*\(up\)$/.test(heading)) assert.ok(up || /^\{"type":"reply"/.test(text), line)
    else if (/^[^(]*\(down\)$/.test(heading)) assert.ok(down, line)
    else assert.ok(up || down, line)
  }
})

test('PROTOCOL.md: its table of close codes is the one in use', () => {
  const rows = [...document.matchAll(/^\| `(\w+)` \| (\d{4}) \|/gm)]
  assert.deepEqual(Object.fromEntries(rows.map(([, why, code]) => [why, Number(code)])), closeCodes)
})

for (const text of ['', '{', 'null', '[]', '"connect"', '7', '{}', '{"type":1}', '{"type":"toString"}']) {
  test(`${text || 'nothing'} is no frame`, () => {
    assert.ok('wrong' in readUpFrame(text))
    assert.ok('wrong' in readDownFrame(text))
  })
}

test('what is wrong with a frame is named with its key, and its number is kept for the answer', () => {
  assert.deepEqual(readUpFrame('{"type":"join","id":4,"channel":7}'), {
    wrong: 'In a frame of type join channel must be a string',
    id: 4,
  })
  assert.deepEqual(readUpFrame('{"type":"join","channel":"room:1"}'), {
    wrong: 'In a frame of type join id must be a whole number of 1 or more',
    id: undefined,
  })
})

test('property: whatever comes, it is a frame or says what is wrong', () => {
  const value = fc.oneof(
    fc.integer({ min: -1, max: 3 }),
    fc.string({ maxLength: 3 }),
    fc.constant(null),
    fc.object(),
  )
  const key = fc.constantFrom(
    'id',
    'to',
    'of',
    'channel',
    'event',
    'resume',
    'since',
    'position',
    '__proto__',
  )
  const type = fc.constantFrom('connect', 'join', 'send', 'call', 'item', 'ack', 'more', 'publish', 'joined')
  fc.assert(
    fc.property(type, fc.array(fc.tuple(key, value)), (name, entries) => {
      const text = JSON.stringify({ ...Object.fromEntries(entries), type: name })
      for (const read of [readUpFrame(text), readDownFrame(text)]) {
        if ('frame' in read) assert.equal(read.frame.type, name)
        else assert.equal(typeof read.wrong, 'string')
      }
    }),
  )
})
