import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Arena, Output } from '../../src/protocol/index.ts'
import { SharedMessage } from '../../src/protocol/shared-message.ts'
import { plainText } from '../../src/protocol/text.ts'
import { openCore } from './core.ts'
import { concat, readFrames, toHex, utf8 } from './frames.ts'

/** Writes `bytes` as a connection does: into the arena, then to the output. */
function commit(output: Output, bytes: Uint8Array): void {
  const { arena } = output
  arena.reserve(bytes.length)
  arena.bytes.set(bytes, arena.used)
  output.commit(bytes.length)
}

/** Something to write to: remembers what it was given, and says whether it keeps it. */
function target(keeps: boolean): { write(bytes: Uint8Array): boolean; pieces: Uint8Array[] } {
  const pieces: Uint8Array[] = []
  return {
    pieces,
    write(bytes) {
      pieces.push(bytes)
      return !keeps
    },
  }
}

test('what one connection writes in a turn goes out as one piece, where it lies', () => {
  const arena = new Arena(100)
  const output = new Output(arena)
  commit(output, utf8('one '))
  commit(output, utf8('two'))
  assert.equal(output.pending, 7)
  const link = target(false)
  output.flush(link)
  assert.equal(output.pending, 0)
  assert.deepEqual(link.pieces.map(toHex), [toHex(utf8('one two'))])
  assert.equal(link.pieces[0]?.buffer, arena.bytes.buffer)
})

test('an output with nothing to send writes nothing', () => {
  const link = target(false)
  new Output(new Arena(10)).flush(link)
  assert.deepEqual(link.pieces, [])
})

test('room is free again at once where the link needs the bytes no longer', () => {
  const arena = new Arena(16)
  const output = new Output(arena)
  const { bytes } = arena
  for (let count = 0; count < 10; count++) {
    commit(output, utf8('ten bytes!'))
    output.flush(target(false))
  }
  assert.equal(arena.bytes, bytes)
  assert.equal(arena.used, 0)
})

test('room for what had to be put together is free again too', () => {
  const arena = new Arena(100)
  const [one, other] = [new Output(arena), new Output(arena)]
  commit(one, utf8('one '))
  commit(other, utf8('other'))
  const { bytes, start, end } = new SharedMessage('to all', plainText).frame(arena)
  one.append(bytes, start, end)
  const used = arena.used
  one.flush(target(false))
  assert.equal(arena.used, used)
})

test('bytes that a link keeps are not written over, in this turn or a later one', () => {
  const arena = new Arena(16)
  const output = new Output(arena)
  const link = target(true)
  for (let count = 0; count < 10; count++) {
    commit(output, utf8(`message ${count}`))
    output.flush(link)
    if (count % 3 === 0) arena.recycle()
  }
  assert.deepEqual(
    link.pieces.map((piece) => new TextDecoder().decode(piece)),
    Array.from({ length: 10 }, (_, count) => `message ${count}`),
  )
})

test('the arena is used again from the start after a turn', () => {
  const arena = new Arena(64)
  const { bytes } = arena
  const outputs = [new Output(arena), new Output(arena)]
  for (let turn = 0; turn < 5; turn++) {
    for (const output of outputs) commit(output, utf8('some bytes'))
    for (const output of outputs) output.flush(target(false))
    arena.recycle()
    assert.equal(arena.used, 0)
    assert.equal(arena.bytes, bytes)
  }
})

test('a message larger than the arena has room of its own, which the arena does not keep', () => {
  const arena = new Arena(64)
  const output = new Output(arena)
  const large = new Uint8Array(1000).fill(7)
  commit(output, utf8('small'))
  commit(output, large)
  commit(output, utf8('again'))
  const link = target(false)
  output.flush(link)
  assert.deepEqual(link.pieces.length, 1)
  assert.deepEqual(link.pieces[0], concat(utf8('small'), large, utf8('again')))
  arena.recycle()
  assert.equal(arena.bytes.length, 64)
})

test('a broadcast is written once, and every subscriber is given the very same view', () => {
  const arena = new Arena(100)
  const outputs = [new Output(arena), new Output(arena), new Output(arena)]
  const { bytes, start, end } = new SharedMessage('to all', plainText).frame(arena)
  for (const output of outputs) output.append(bytes, start, end)
  const link = target(false)
  for (const output of outputs) output.flush(link)
  assert.equal(new Set(link.pieces).size, 1)
  assert.deepEqual(readFrames(link.pieces[0] as Uint8Array)[0]?.payload, utf8('to all'))
})

test('a broadcast of an earlier turn is written again, and one of this turn is not', () => {
  const arena = new Arena(100)
  const message = new SharedMessage('to all', plainText)
  const first = message.frame(arena)
  assert.equal(message.frame(arena), first)
  arena.recycle()
  commit(new Output(arena), utf8('something else'))
  const { bytes, start, end } = message.frame(arena)
  assert.notEqual(start, first.start)
  assert.deepEqual(readFrames(bytes.subarray(start, end))[0]?.payload, utf8('to all'))
})

test('a broadcast keeps its place among the messages of a connection', () => {
  const core = openCore('server')
  const { connection } = core
  const { arena } = connection.output
  connection.sendText('before')
  const text = new SharedMessage('broadcast', plainText).frame(arena)
  const binary = new SharedMessage(Uint8Array.of(1), plainText).frame(arena)
  connection.sendText('between')
  connection.sendFrame(text.bytes, text.start, text.end)
  connection.sendFrame(binary.bytes, binary.start, binary.end)
  connection.sendText('after')
  assert.deepEqual(core.sent(), [
    'text <6265666f7265>',
    'text <6265747765656e>',
    'text <62726f616463617374>',
    'binary <01>',
    'text <6166746572>',
  ])
})

test('what was discarded is not sent', () => {
  const output = new Output(new Arena(100))
  commit(output, utf8('old'))
  output.discard()
  assert.equal(output.pending, 0)
  commit(output, utf8('new'))
  const link = target(false)
  output.flush(link)
  assert.deepEqual(link.pieces.map(toHex), [toHex(utf8('new'))])
})

test('what is sent while the link writes waits for the next time', () => {
  const output = new Output(new Arena(100))
  commit(output, utf8('first'))
  const written: string[] = []
  output.flush({
    write(bytes) {
      written.push(new TextDecoder().decode(bytes))
      commit(output, utf8('second'))
      return true
    },
  })
  assert.equal(output.pending, 6)
  output.flush({ write: (bytes) => written.push(new TextDecoder().decode(bytes)) > 0 })
  assert.deepEqual(written, ['first', 'second'])
})

type Step =
  | { readonly do: 'commit'; readonly output: number; readonly length: number }
  | { readonly do: 'broadcast'; readonly outputs: readonly number[]; readonly length: number }
  | { readonly do: 'append'; readonly output: number; readonly length: number }
  | { readonly do: 'flush'; readonly output: number; readonly keeps: boolean }
  | { readonly do: 'discard'; readonly output: number }
  | { readonly do: 'turn'; readonly keeps: readonly boolean[] }

test('outputs that share an arena keep their order, and kept bytes stay, whatever happens in which order', () => {
  const connections = 4
  const output = fc.nat(connections - 1)
  const length = fc.nat(90)
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('commit' as const), output, length }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('broadcast' as const),
        outputs: fc.uniqueArray(output),
        length,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('append' as const), output, length }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('flush' as const), output, keeps: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('discard' as const), output }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('turn' as const),
        keeps: fc.array(fc.boolean(), { minLength: connections, maxLength: connections }),
      }),
    },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const arena = new Arena(100)
      const outputs = Array.from({ length: connections }, () => new Output(arena))
      const expected = outputs.map(() => [] as Uint8Array[])
      const kept: { view: Uint8Array; copy: Uint8Array }[] = []
      let written = 0
      const message = (length: number) => new Uint8Array(length).fill((written++ % 255) + 1)

      const flush = (index: number, keeps: boolean) => {
        const wanted = concat(...(expected[index] as Uint8Array[]))
        assert.equal(outputs[index]?.pending, wanted.length)
        let got = new Uint8Array(0)
        outputs[index]?.flush({
          write(bytes) {
            got = bytes.slice()
            if (keeps) kept.push({ view: bytes, copy: got })
            return !keeps
          },
        })
        assert.deepEqual(got, wanted)
        expected[index] = []
      }

      for (const one of steps) {
        if (one.do === 'commit') {
          const bytes = message(one.length)
          commit(outputs[one.output] as Output, bytes)
          expected[one.output]?.push(bytes)
        } else if (one.do === 'broadcast') {
          const payload = message(one.length)
          const { bytes, start, end } = new SharedMessage(payload, plainText).frame(arena)
          const frame = bytes.slice(start, end)
          for (const index of one.outputs) {
            outputs[index]?.append(bytes, start, end)
            expected[index]?.push(frame)
          }
        } else if (one.do === 'append') {
          const bytes = message(one.length)
          outputs[one.output]?.append(bytes, 0, bytes.length)
          expected[one.output]?.push(bytes)
        } else if (one.do === 'flush') flush(one.output, one.keeps)
        else if (one.do === 'discard') {
          outputs[one.output]?.discard()
          expected[one.output] = []
        } else {
          one.keeps.forEach((keeps, index) => {
            flush(index, keeps)
          })
          arena.recycle()
        }
        for (const { view, copy } of kept) assert.deepEqual(new Uint8Array(view), copy)
      }
    }),
    { numRuns: 300, seed: 12 },
  )
})
