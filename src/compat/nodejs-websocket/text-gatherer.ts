import { Buffer } from 'node:buffer'

/** Gathers a text that comes in pieces; its memory is at most twice what has come. */
export class TextGatherer {
  #bytes = Buffer.alloc(0)
  #length = 0

  get length(): number {
    return this.#length
  }

  add(piece: Uint8Array): void {
    const needed = this.#length + piece.length
    if (needed > this.#bytes.length) {
      const room = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
      room.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = room
    }
    this.#bytes.set(piece, this.#length)
    this.#length = needed
  }

  /** The text, known to be UTF-8; the next one begins. */
  take(): string {
    const text = this.#bytes.toString('utf8', 0, this.#length)
    this.#bytes = Buffer.alloc(0)
    this.#length = 0
    return text
  }
}
