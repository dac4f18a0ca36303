import type { Random } from './random.ts'

const largest = 8192
const edges = [0x00, 0x01, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x88, 0xc1, 0xfe, 0xff]

/** `input` with a few random changes: bits, bytes, stretches cut out, doubled, or put in from elsewhere. */
export function mutated(
  input: Uint8Array,
  others: readonly Uint8Array[],
  words: readonly Uint8Array[],
  random: Random,
): Uint8Array {
  let bytes = new Uint8Array(input)
  for (let changes = 1 + random.smallBelow(6); changes > 0; changes--) {
    bytes = changed(bytes, others, words, random)
  }
  return bytes.subarray(0, largest)
}

function changed(
  bytes: Uint8Array<ArrayBuffer>,
  others: readonly Uint8Array[],
  words: readonly Uint8Array[],
  random: Random,
): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.length + 1)
  const length = random.smallBelow(Math.min(bytes.length - at, 64) + 1)
  const stretch = bytes.subarray(at, at + length)
  switch (random.below(8)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
      return bytes
    case 1:
      if (at < bytes.length) bytes[at] = random.below(2) === 0 ? random.pick(edges) : random.below(256)
      return bytes
    case 2:
      return spliced(bytes, at, at + length, new Uint8Array(0))
    case 3:
      return spliced(bytes, at, at, stretch)
    case 4:
      return spliced(
        bytes,
        at,
        at + length,
        Uint8Array.from({ length: random.smallBelow(20) }, () => random.below(256)),
      )
    case 5:
      return spliced(bytes, at, at + (random.below(2) === 0 ? 0 : length), random.pick(words))
    case 6:
      return spliced(bytes, at, bytes.length, random.pick(others).subarray(0, largest))
    default: {
      const other = random.pick(others)
      const from = random.below(other.length + 1)
      return spliced(bytes, at, at, other.subarray(from, from + random.smallBelow(256)))
    }
  }
}

function spliced(bytes: Uint8Array, from: number, to: number, instead: Uint8Array): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length - (to - from) + instead.length)
  result.set(bytes.subarray(0, from))
  result.set(instead, from)
  result.set(bytes.subarray(to), from + instead.length)
  return result
}
