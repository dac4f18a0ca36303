import { deepStrictEqual, ok } from 'node:assert/strict'
import { nodeDeflate } from '../src/runtime/node/deflate.ts'
import { Inflate } from '../src/util/inflate.ts'
import { readHexSample, type Target } from './target.ts'

const most = 2_000_000

/** Compressed data: in any pieces it comes to the same, and to what zlib makes of it. */
export const inflate: Target = {
  name: 'inflate',
  words: ['0000ffff', '00', '07', 'f248cdc9c90700', 'f200110000', '0500', '030000', 'ed', '04c0', 'ffff'].map(
    readHexSample,
  ),
  readSample: readHexSample,
  run(input) {
    const whole = inflated(input, Math.max(input.length, 1))
    deepStrictEqual(inflated(input, 1), whole)
    const byZlib = nodeDeflate.inflate(input, 15, most, undefined)
    // Ours may see that a code makes no sense where zlib waits for its first use.
    if (whole !== 'corrupt' && typeof byZlib !== 'string') deepStrictEqual(byZlib, whole)
    if (whole !== 'corrupt') ok(byZlib !== 'corrupt')
    return whole === 'corrupt' ? 'corrupt' : `${Math.min(whole.length, 20)}`
  },
}

function inflated(input: Uint8Array, step: number): Uint8Array | 'corrupt' {
  const inflater = new Inflate(15)
  const parts: Uint8Array[] = []
  let length = 0
  for (let at = 0; at < input.length; at += step) {
    parts.push(...inflater.push(input.subarray(at, at + step)))
  }
  if (inflater.corrupt) return 'corrupt'
  for (const part of parts) length += part.length
  ok(length <= input.length * 1040, `${input.length} bytes made ${length}`)
  return new Uint8Array(Buffer.concat(parts))
}
