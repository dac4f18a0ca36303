/**
 * Raw DEFLATE (RFC 1951) inflated piece by piece, synchronously, wherever JavaScript runs. Platforms inflate whole
 * buffers at once or streams later; a message handed over as it comes needs neither. Between two pieces it can stop
 * anywhere, even within a code. Faults are an answer, not an exception.
 */
export class Inflate {
  /** Farthest a match may reach back, in bytes. */
  readonly #farthest: number
  /** What was made: the newest bytes up to `#at`, behind them room for more. */
  readonly #made: Uint8Array
  #at = 0
  /** Where what has not been handed out begins. */
  #fresh = 0
  /** How much history there is to refer to, the window given at the start included. */
  #history = 0

  #step: Step = blockHeader
  #isFinal = false
  /** Bits read from the input and not used yet, lowest first. */
  #bits = 0
  #bitCount = 0

  /** Lengths of codes while they are read: those of literals and lengths, then those of distances. */
  readonly #lengths = new Uint8Array(320)
  #lengthsRead = 0
  #literalCount = 0
  #distanceCount = 0
  #lengthCodeCount = 0
  #literals: Code = fixedLiterals
  #distances: Code = fixedDistances
  #lengthCodes: Code = fixedDistances

  /** Bytes of a stored block or of a match still to come; symbol and distance of the match. */
  #left = 0
  #symbol = 0

  /** `window` is what came before, as far back as a match may reach: at most `2 ** windowBits` bytes. */
  constructor(windowBits: number, window?: Uint8Array) {
    this.#farthest = 1 << windowBits
    this.#made = new Uint8Array(this.#farthest + pieceBytes)
    if (window !== undefined) {
      const known = window.subarray(Math.max(0, window.length - this.#farthest))
      this.#made.set(known)
      this.#at = this.#fresh = this.#history = known.length
    }
  }

  /** What `input` inflates to, in pieces of at most 32 KiB, or `'corrupt'`; after that nothing more may be asked. */
  push(input: Uint8Array): Uint8Array[] | 'corrupt' {
    const pieces: Uint8Array[] = []
    const reader = new Reader(input, this.#bits, this.#bitCount)
    for (;;) {
      const went = this.#advance(reader)
      if (went === corrupt) return 'corrupt'
      if (went === needsRoom || this.#at > this.#fresh) this.#handOut(pieces)
      if (went === needsInput) break
    }
    this.#bits = reader.bits
    this.#bitCount = reader.count
    return pieces
  }

  /** Nothing to free: this is memory like any other. */
  close(): void {}

  #handOut(pieces: Uint8Array[]): void {
    pieces.push(this.#made.slice(this.#fresh, this.#at))
    if (this.#at === this.#made.length) {
      this.#made.copyWithin(0, this.#at - this.#farthest)
      this.#at = this.#farthest
    }
    this.#fresh = this.#at
  }
