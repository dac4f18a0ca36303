import { joined } from './joined.ts'
import { corrupt, hungry, PrefixCode } from './prefix-code.ts'

/** How a step ended, where not for want of input or for a fault: go on with the next, or make room first. */
const goesOn = 0
const full = 1

const nothing: Uint8Array = new Uint8Array(0)
const pieceBytes = 16_384
const endOfBlock = 256
const longestMatch = 258

/** The order in which the lengths of the length code are written (§3.2.7). */
const lengthOrder = Uint8Array.of(16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)

/** The tables of §3.2.5: from symbol 257, the least length and the bits that add to it; the same for distances. */
const lengthBits = Uint8Array.of(
  ...[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0],
)
const lengthBase = basesOf(lengthBits.subarray(0, -1), 3, longestMatch)
const distanceBits = Uint8Array.from({ length: 30 }, (_, symbol) => Math.max(0, (symbol >> 1) - 1))
const distanceBase = basesOf(distanceBits, 1)

/** The codes of §3.2.6. */
const fixedLiterals = PrefixCode.from(
  new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280),
  'complete',
) as PrefixCode
const fixedDistances = PrefixCode.from(new Uint8Array(32).fill(5), 'complete') as PrefixCode

/**
 * Raw DEFLATE (RFC 1951) inflated piece by piece and synchronously, wherever JavaScript runs: platforms inflate a
 * whole buffer at once, or a stream at some later time, but a message that is handed over as it comes needs neither.
 * A final block is not the end: another may follow at the next byte (RFC 7692 §7.2.1).
 */
export class Inflate {
  /** Farthest that a match may reach back, in bytes. */
  readonly #farthest: number
  /** The newest bytes made, up to `#at`, with room behind them; what is not handed out yet begins at `#fresh`. */
  readonly #made: Uint8Array
  #at: number
  #fresh: number

  /** Input from `#next` on is not read yet; of what was, the lowest `#count` of `#bits` are not used. */
  #input = nothing
  #next = 0
  #bits = 0
  #count = 0

  /** The block in progress: what is left of a stored one, or the codes of a compressed one. */
  #storedLeft = 0
  #literals: PrefixCode | undefined
  #distances = fixedDistances
  #isFinal = false
  #isCorrupt = false

  /** A match may reach back `2 ** windowBits` bytes, also into `window`, which came before. */
  constructor(windowBits: number, window = nothing) {
    this.#farthest = 1 << windowBits
    this.#made = new Uint8Array(this.#farthest + pieceBytes)
    const history = window.subarray(Math.max(0, window.length - this.#farthest))
    this.#made.set(history)
    this.#at = history.length
    this.#fresh = history.length
  }

  /** Whether the input so far is no DEFLATE: nothing more comes of it. */
  get corrupt(): boolean {
    return this.#isCorrupt
  }

  /** What `input` inflates to, in pieces of up to 48 KiB, as far as it is not corrupt. */
  push(input: Uint8Array): Uint8Array[] {
    if (this.#isCorrupt) return []
    this.#input = joined(this.#input, input)
    const pieces: Uint8Array[] = []
    for (;;) {
      const outcome = this.#step()
      if (outcome === goesOn) continue
      this.#handOut(pieces)
      if (outcome === full) continue
      this.#isCorrupt = outcome === corrupt
      break
    }
    // The input is the caller's again: the little that is left of it is copied.
    this.#unread()
    this.#input = new Uint8Array(this.#input.subarray(this.#next))
    this.#next = 0
    return pieces
  }

  /** Forgets what is left of the input. */
  close(): void {
    this.#input = nothing
  }

  #handOut(pieces: Uint8Array[]): void {
    if (this.#at > this.#fresh) pieces.push(this.#made.slice(this.#fresh, this.#at))
    if (this.#made.length - this.#at < longestMatch) {
      this.#made.copyWithin(0, this.#at - this.#farthest, this.#at)
      this.#at = this.#farthest
    }
    this.#fresh = this.#at
  }

  #step(): number {
    if (this.#storedLeft > 0) return this.#copyStored()
    if (this.#literals !== undefined) return this.#readSymbols(this.#literals)
    // A header is read whole, or nothing of it.
    const next = this.#next
    const bits = this.#bits
    const count = this.#count
    const outcome = this.#readHeader()
    if (outcome === hungry) this.#goBack(next, bits, count)
    return outcome
  }

  // ------------------------------------------------------------------------------------------------ blocks

  /** §3.2.3 */
  #readHeader(): number {
    if (this.#isFinal) this.#toByteBoundary()
    const header = this.#take(3)
    if (header < 0) return hungry
    const type = header >> 1
    if (type === 3) return corrupt
    const outcome = type === 0 ? this.#readStored() : type === 1 ? this.#useFixedCodes() : this.#readCodes()
    if (outcome === goesOn) this.#isFinal = (header & 1) === 1
    return outcome
  }

  /** §3.2.4 */
  #readStored(): number {
    this.#toByteBoundary()
    const length = this.#take(16)
    const complement = this.#take(16)
    if (complement < 0) return hungry
    this.#unread()
    this.#storedLeft = length
    return length === (complement ^ 0xffff) ? goesOn : corrupt
  }

  #copyStored(): number {
    const length = Math.min(this.#storedLeft, this.#input.length - this.#next, this.#made.length - this.#at)
    this.#made.set(this.#input.subarray(this.#next, this.#next + length), this.#at)
    this.#next += length
    this.#at += length
    this.#storedLeft -= length
    if (this.#storedLeft === 0) return goesOn
    return this.#at === this.#made.length ? full : hungry
  }

  #useFixedCodes(): number {
    this.#literals = fixedLiterals
    this.#distances = fixedDistances
    return goesOn
  }

  /** The codes of the block, which are themselves written in a code (§3.2.7). */
  #readCodes(): number {
    const sizes = this.#take(14)
    if (sizes < 0) return hungry
    const literals = (sizes & 0x1f) + 257
    const distances = ((sizes >> 5) & 0x1f) + 1
    if (literals > 286 || distances > 30) return corrupt
    const lengthsOfLengths = new Uint8Array(19)
    for (const symbol of lengthOrder.subarray(0, (sizes >> 10) + 4)) {
      const length = this.#take(3)
      if (length < 0) return hungry
      lengthsOfLengths[symbol] = length
    }
    const code = PrefixCode.from(lengthsOfLengths, 'complete')
    if (code === undefined) return corrupt
    const lengths = new Uint8Array(literals + distances)
    const outcome = this.#readLengths(code, lengths)
    if (outcome !== goesOn) return outcome
    this.#literals = PrefixCode.from(lengths.subarray(0, literals), 'orSingle')
    const distanceCode = PrefixCode.from(lengths.subarray(literals), 'orSingle')
    if (this.#literals === undefined || distanceCode === undefined) return corrupt
    this.#distances = distanceCode
    return goesOn
  }

  #readLengths(code: PrefixCode, lengths: Uint8Array): number {
    for (let at = 0; at < lengths.length; ) {
      this.#fill()
      const entry = code.look(this.#bits, this.#count)
      if (entry < 0) return entry
      this.#drop(entry & 0xf)
      const symbol = entry >> 4
      if (symbol < 16) {
        lengths[at++] = symbol
        continue
      }
      // 16 repeats the length before 3 to 6 times, 17 and 18 are 3 to 10 and 11 to 138 zeros.
      const times = this.#take(symbol === 16 ? 2 : symbol === 17 ? 3 : 7)
      if (times < 0) return hungry
      const stop = at + times + (symbol === 18 ? 11 : 3)
      if (stop > lengths.length || (symbol === 16 && at === 0)) return corrupt
      lengths.fill(symbol === 16 ? (lengths[at - 1] as number) : 0, at, stop)
      at = stop
    }
    return lengths[endOfBlock] === 0 ? corrupt : goesOn
  }

  // ------------------------------------------------------------------------------------------------ symbols (§3.2.5)

  /** Literals and matches until the block ends. */
  #readSymbols(literals: PrefixCode): number {
    const made = this.#made
    while (made.length - this.#at >= longestMatch) {
      const next = this.#next
      const bits = this.#bits
      const count = this.#count
      this.#fill()
      const entry = literals.look(this.#bits, this.#count)
      if (entry < 0) return entry
      this.#drop(entry & 0xf)
      const symbol = entry >> 4
      if (symbol < endOfBlock) made[this.#at++] = symbol
      else if (symbol === endOfBlock) {
        this.#literals = undefined
        return goesOn
      } else {
        const outcome = this.#copyMatch(symbol - 257)
        // A match is read whole, or nothing of it.
        if (outcome === hungry) this.#goBack(next, bits, count)
        if (outcome !== goesOn) return outcome
      }
    }
    return full
  }

  #copyMatch(lengthSymbol: number): number {
    if (lengthSymbol >= lengthBase.length) return corrupt
    const lengthExtra = this.#take(lengthBits[lengthSymbol] as number)
    if (lengthExtra < 0) return hungry
    this.#fill()
    const entry = this.#distances.look(this.#bits, this.#count)
    if (entry < 0) return entry
    this.#drop(entry & 0xf)
    const distanceSymbol = entry >> 4
    if (distanceSymbol >= distanceBase.length) return corrupt
    const distanceExtra = this.#take(distanceBits[distanceSymbol] as number)
    if (distanceExtra < 0) return hungry
    const length = (lengthBase[lengthSymbol] as number) + lengthExtra
    const distance = (distanceBase[distanceSymbol] as number) + distanceExtra
    if (distance > this.#at || distance > this.#farthest) return corrupt
    const made = this.#made
    let at = this.#at
    for (const stop = at + length; at < stop; at++) made[at] = made[at - distance] as number
    this.#at = at
    return goesOn
  }

  // ------------------------------------------------------------------------------------------------ bits (§3.1.1)

  /** Has at least 17 bits at hand, where the input has. */
  #fill(): void {
    while (this.#count <= 16 && this.#next < this.#input.length) {
      this.#bits |= (this.#input[this.#next++] as number) << this.#count
      this.#count += 8
    }
  }

  #drop(count: number): void {
    this.#bits >>>= count
    this.#count -= count
  }

  /** The next `count` bits, at most 16, as a number; `hungry` where the input ends before. */
  #take(count: number): number {
    this.#fill()
    if (this.#count < count) return hungry
    const value = this.#bits & ((1 << count) - 1)
    this.#drop(count)
    return value
  }

  /** Gives the whole bytes among the bits at hand back to the input. */
  #unread(): void {
    this.#next -= this.#count >> 3
    this.#count &= 7
    this.#bits &= (1 << this.#count) - 1
  }

  #toByteBoundary(): void {
    this.#unread()
    this.#drop(this.#count)
  }

  #goBack(next: number, bits: number, count: number): void {
    this.#next = next
    this.#bits = bits
    this.#count = count
  }
}

/** Each symbol stands for as many values as its extra bits tell apart, and the next one goes on behind them. */
function basesOf(extraBits: Uint8Array, first: number, ...rest: readonly number[]): Uint16Array {
  let base = first
  const bases = Array.from(extraBits, (bits) => {
    const here = base
    base += 1 << bits
    return here
  })
  return Uint16Array.from([...bases, ...rest])
}
