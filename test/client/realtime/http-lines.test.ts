import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readFrames } from '../../../src/client/realtime/http-lines.ts'

/** An answer in pieces. */
function answer(bytes: Uint8Array, cuts: readonly number[]): Response {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (one, other) => one - other,
  )
  const pieces = places.slice(1).map((end, index) => bytes.slice(places[index], end))
  return new Response(
    new ReadableStream({
      pull(controller) {
        const piece = pieces.shift()
        if (piece === undefined) controller.close()
        else controller.enqueue(piece)
      },
    }),
  )
}

async function framesOf(text: string, asEvents: boolean, cuts: readonly number[] = []): Promise<string[]> {
  const frames: string[] = []
  await readFrames(answer(new TextEncoder().encode(text), cuts), asEvents, (frame) => frames.push(frame) > 0)
  return frames
}

const frames = fc.array(
  fc.record({ body: fc.string({ unit: 'binary', maxLength: 30 }) }).map((frame) => JSON.stringify(frame)),
)

test('property: lines and events are the same frames, wherever the answer is split', async () => {
  await fc.assert(
    fc.asyncProperty(frames, fc.array(fc.nat()), fc.constantFrom('\n', '\r\n'), async (all, cuts, end) => {
      const lines = all.map((frame) => `${frame}${end}`).join('')
      assert.deepEqual(await framesOf(lines, false, cuts), all)
      const events = all
        .map((frame) => `: a comment${end}event: frame${end}data: ${frame}${end}${end}`)
        .join('')
      assert.deepEqual(await framesOf(events, true, cuts), all)
    }),
    { seed: 20_261_121, numRuns: 200 },
  )
})

test('an answer that ends within a frame, or is not made of them, is refused; what came before counts', async () => {
  for (const text of ['{"type":"ping"', '{"type":"ping"}\n{"ty', '<!doctype html>\n', '<html>', 'no\n{}\n']) {
    await assert.rejects(framesOf(text, false), { code: 'ERR_FRAME' })
  }
  await assert.rejects(framesOf('data: {"type":"ping"}\n\ndata: {"ty', true), { code: 'ERR_FRAME' })
  const read: string[] = []
  const response = answer(new TextEncoder().encode('{"a":1}\n{"b":2}\n{"c'), [])
  await assert.rejects(readFrames(response, false, (frame) => read.push(frame) > 0))
  assert.deepEqual(read, ['{"a":1}', '{"b":2}'])
})

test('whoever takes frames may stop between two of them', async () => {
  const response = answer(new TextEncoder().encode('{"a":1}\n{"b":2}\n'), [])
  assert.equal(await readFrames(response, false, () => false), 1)
})
