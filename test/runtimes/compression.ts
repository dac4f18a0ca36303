// Whether a runtime's zlib does what permessage-deflate rests on. Prints a line per check.
import { Buffer } from 'node:buffer'
import process from 'node:process'
import { nodeDeflate } from '../../src/runtime/node/deflate.ts'
import { Inflate } from '../../src/util/inflate.ts'

function check(sentence: string, holds: () => boolean): void {
  let outcome = false
  try {
    outcome = holds()
  } catch (error) {
    console.log(error)
  }
  console.log(`${outcome ? 'ok' : 'not ok'} ${sentence}`)
  if (!outcome) process.exitCode = 1
}

const same = (made: Uint8Array | string, wanted: Uint8Array) =>
  typeof made !== 'string' && Buffer.from(made).equals(wanted)
const noise = Uint8Array.from({ length: 3000 }, (_, index) => Math.imul(index, 0x9e37_79b9) >>> 24)
const words = Buffer.from('the same words, and the same words again; '.repeat(20))
const levels = [1, 2, 3, 4, 5, 6, 7, 8, 9]
const allBits = [8, 9, 10, 11, 12, 13, 14, 15]

check('an empty message deflates to the flush alone', () => {
  return same(nodeDeflate.deflate(new Uint8Array(0), 15, 6, undefined), Uint8Array.of(0, 0, 0, 255, 255))
})

check('a message comes out again with all window bits and levels, at once and piece by piece', () => {
  return allBits.every((bits) =>
    levels.every((level) => {
      const deflated = nodeDeflate.deflate(words, bits, level, undefined)
      const pieces = new Inflate(bits).push(deflated)
      return (
        same(nodeDeflate.inflate(deflated, bits, words.length, undefined), words) &&
        same(Buffer.concat(pieces), words)
      )
    }),
  )
})

check('with window bits 8 nothing refers back further than 256 bytes', () => {
  return levels.every((level) =>
    [...Array(60).keys()].every((step) => {
      const distance = 220 + step * 6
      const data = Buffer.concat([noise.subarray(0, distance), noise.subarray(0, distance), noise])
      const pieces = new Inflate(8).push(nodeDeflate.deflate(data, 8, level, undefined))
      return same(Buffer.concat(pieces), data)
    }),
  )
})

check('what came before is a window, or the runtime is known to ignore it', () => {
  const with15 = nodeDeflate.deflate(words, 15, 6, words)
  if (!nodeDeflate.windows) return with15.length === nodeDeflate.deflate(words, 15, 6, undefined).length
  return levels.every((level) =>
    allBits.every((bits) => {
      const window = words.subarray(-(2 ** bits))
      const deflated = nodeDeflate.deflate(words, bits, level, window)
      const pieces = new Inflate(bits, window).push(deflated)
      return (
        same(nodeDeflate.inflate(deflated, bits, words.length, window), words) &&
        same(Buffer.concat(pieces), words)
      )
    }),
  )
})

check('inflation stops at the limit, exactly', () => {
  const deflated = nodeDeflate.deflate(new Uint8Array(1_000_000), 15, 6, undefined)
  return (
    same(nodeDeflate.inflate(deflated, 15, 1_000_000, undefined), new Uint8Array(1_000_000)) &&
    nodeDeflate.inflate(deflated, 15, 999_999, undefined) === 'tooLarge' &&
    nodeDeflate.inflate(deflated, 15, 0, undefined) === 'tooLarge'
  )
})

check('corrupt data is told from large data', () => {
  return nodeDeflate.inflate(Uint8Array.of(0xff, 0xff), 15, 1000, undefined) === 'corrupt'
})

check('a message may go on behind a final block', () => {
  const hello = Uint8Array.of(0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00)
  const twice = Buffer.concat([hello, hello, Uint8Array.of(0, 0, 0, 0xff, 0xff)])
  return same(nodeDeflate.inflate(twice, 15, 1000, undefined), Buffer.from('HelloHello'))
})
