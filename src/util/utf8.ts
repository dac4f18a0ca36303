/**
 * Incremental UTF-8 check (RFC 3629, Unicode table 3-7): fails at the first byte that cannot be part of valid text,
 * however the text is cut into pieces. Surrogates, overlong forms and values beyond U+10FFFF are impossible.
 */
export class Utf8Validator {
  /** Continuation bytes still expected for the character in progress. */
  #expected = 0
  /** Bounds of the very next continuation byte; narrower than 0x80–0xBF after E0, ED, F0 and F4. */
  #lower = 0x80
  #upper = 0xbf

  /** True while no character is cut in half. */
  get complete(): boolean {
    return this.#expected === 0
  }

  /**
   * Checks `bytes` from `start` up to `end`, after everything checked before.
   * `bulk`, where given, is a fast whole-text check used for everything between the cut characters at the edges.
   */
  push(bytes: Uint8Array, start: number, end: number, bulk?: (bytes: Uint8Array) => boolean): boolean {
    let at = start
    while (at < end && this.#expected > 0) if (!this.#step(bytes[at++] as number)) return false
    if (bulk !== undefined && end - at >= 64) {
      const cut = lastCharacterStart(bytes, at, end)
      if (!bulk(bytes.subarray(at, cut))) return false
      at = cut
    }
    while (at < end) if (!this.#step(bytes[at++] as number)) return false
    return true
  }

  reset(): void {
    this.#expected = 0
    this.#lower = 0x80
    this.#upper = 0xbf
  }

  #step(byte: number): boolean {
    if (this.#expected > 0) {
      if (byte < this.#lower || byte > this.#upper) return false
      this.#lower = 0x80
      this.#upper = 0xbf
      this.#expected -= 1
      return true
    }
    if (byte < 0x80) return true
    if (byte < 0xc2 || byte > 0xf4) return false
    this.#expected = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    if (byte === 0xe0) this.#lower = 0xa0
    else if (byte === 0xed) this.#upper = 0x9f
    else if (byte === 0xf0) this.#lower = 0x90
    else if (byte === 0xf4) this.#upper = 0x8f
    return true
  }
}

/** Where the last, perhaps unfinished, character of `bytes[start, end)` begins: at most three bytes before the end. */
function lastCharacterStart(bytes: Uint8Array, start: number, end: number): number {
  for (let at = end - 1; at >= start && at > end - 4; at--) {
    const byte = bytes[at] as number
    if (byte < 0x80) return at + 1
    if (byte >= 0xc0) return at
  }
  return end
}
