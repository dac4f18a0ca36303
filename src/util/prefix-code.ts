/** Answers of `look` that are no entry. */
export const hungry = -1
export const corrupt = -2

/** Codes of up to this length are found by one look into a table. */
const tableBits = 9
const longestCode = 15

/** A prefix code as DEFLATE has them (RFC 1951 §3.2.2): given by the length of each symbol's code, 0 for none. */
export class PrefixCode {
  /** By the next `tableBits` bits: symbol × 16 + length of its code, or 0. */
  readonly #table = new Uint16Array(1 << tableBits)
  /** How many codes there are of each length, and their symbols in the order of the codes. */
  readonly #counts: Uint16Array
  readonly #symbols: Uint16Array
  readonly #longest: number

  /** The code, or `undefined` where the lengths make none: too many codes, or too few, save where one is enough. */
  static from(lengths: Uint8Array, fill: 'complete' | 'orSingle'): PrefixCode | undefined {
    const counts = new Uint16Array(longestCode + 1)
    for (const length of lengths) if (length > 0) counts[length] = (counts[length] as number) + 1
    let free = 1
    let longest = 0
    for (let length = 1; length <= longestCode; length++) {
      const count = counts[length] as number
      if (count > 0) longest = length
      free = free * 2 - count
      if (free < 0) return undefined
    }
    if (free > 0 && (fill === 'complete' || longest > 1)) return undefined
    return new PrefixCode(lengths, counts, longest)
  }

  private constructor(lengths: Uint8Array, counts: Uint16Array, longest: number) {
    this.#counts = counts
    this.#longest = longest
    // Codes of one length follow each other, and continue those of the length before, one bit longer.
    const codes = new Uint16Array(longestCode + 2)
    const places = new Uint16Array(longestCode + 2)
    for (let length = 1; length <= longest; length++) {
      const count = counts[length] as number
      codes[length + 1] = ((codes[length] as number) + count) << 1
      places[length + 1] = (places[length] as number) + count
    }
    this.#symbols = new Uint16Array(places[longest + 1] as number)
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const length = lengths[symbol] as number
      if (length === 0) continue
      const code = codes[length] as number
      codes[length] = code + 1
      const place = places[length] as number
      places[length] = place + 1
      this.#symbols[place] = symbol
      if (length > tableBits) continue
      const step = 1 << length
      for (let at = reversed(code, length); at < this.#table.length; at += step) {
        this.#table[at] = symbol * 16 + length
      }
    }
  }

  /**
   * The symbol whose code comes first in the lowest `count` of `bits`: symbol × 16 + length of its code.
   * `hungry` where more bits are needed, `corrupt` where no code begins so.
   */
  look(bits: number, count: number): number {
    const entry = this.#table[bits & ((1 << tableBits) - 1)] as number
    if (entry !== 0) return (entry & 0xf) <= count ? entry : hungry
    return this.#lookLong(bits, count)
  }

  /** Bit by bit: `code` runs along, `first` is the first code of the length reached. */
  #lookLong(bits: number, count: number): number {
    let code = 0
    let first = 0
    let place = 0
    for (let length = 1; length <= this.#longest; length++) {
      if (length > count) return hungry
      code |= (bits >>> (length - 1)) & 1
      const codes = this.#counts[length] as number
      if (code - first < codes) return (this.#symbols[place + code - first] as number) * 16 + length
      place += codes
      first = (first + codes) << 1
      code <<= 1
    }
    return corrupt
  }
}

/** Codes are written with their highest bit first, all else with the lowest. */
function reversed(code: number, length: number): number {
  let result = 0
  for (let bit = 0; bit < length; bit++) result |= ((code >>> bit) & 1) << (length - 1 - bit)
  return result
}
