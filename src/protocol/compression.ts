import type { AgreedCompression } from './permessage-deflate.ts'

/**
 * The compressor that a runtime hands in: raw DEFLATE (RFC 1951) as plain functions. The state between messages is
 * a value, the window of bytes that came before, so that nothing has to be kept, freed or shared between threads.
 */
export interface Deflate {
  /** Whether `window` is honoured; where not, context takeover is never agreed to. */
  readonly windows: boolean
  /** Compresses `data`; the result ends on a byte boundary with 00 00 FF FF (a sync flush), also for no data at all. */
  deflate(data: Uint8Array, windowBits: number, level: number, window: Uint8Array | undefined): Uint8Array
  /** Inflates all of `data`, final blocks within it included, or answers why not. Never makes more than `maxBytes`. */
  inflate(
    data: Uint8Array,
    windowBits: number,
    maxBytes: number,
    window: Uint8Array | undefined,
  ): Uint8Array | 'tooLarge' | 'corrupt'
  /** Inflates one message piece by piece. */
  inflater(windowBits: number, window: Uint8Array | undefined): Inflater
}

/** Inflation of one message in pieces. */
export interface Inflater {
  /** What `data` inflates to, piece by piece, as far as it is not corrupt; the bytes stay as they are. */
  push(data: Uint8Array): Uint8Array[]
  /** Whether what was pushed cannot be inflated: nothing more comes of it. */
  readonly corrupt: boolean
  close(): void
}

/** Up to this size an inflated message is never refused for its ratio. */
export const ratioFreeBytes = 1_048_576

/** What every compressed message is cut by at its end, and gets back before inflation (RFC 7692 §7.2.1). */
export const flushTail = Uint8Array.of(0x00, 0x00, 0xff, 0xff)

const nothing: Uint8Array = new Uint8Array(0)

/** permessage-deflate of one connection (RFC 7692 §7.2): compresses what goes out, inflates what comes in. */
export class MessageCompression {
  readonly #deflate: Deflate
  readonly #level: number
  readonly thresholdBytes: number
  readonly #outBits: number
  readonly #inBits: number
  readonly #keepsOut: boolean
  readonly #keepsIn: boolean
  #outWindow: Uint8Array | undefined
  #inWindow: Uint8Array | undefined

  constructor(
    role: 'client' | 'server',
    agreed: AgreedCompression,
    deflate: Deflate,
    options: { readonly thresholdBytes: number; readonly level: number },
  ) {
    const isServer = role === 'server'
    this.#deflate = deflate
    this.#level = options.level
    this.thresholdBytes = options.thresholdBytes
    this.#outBits = isServer ? agreed.serverWindowBits : agreed.clientWindowBits
    this.#inBits = isServer ? agreed.clientWindowBits : agreed.serverWindowBits
    this.#keepsOut = isServer ? agreed.serverContextTakeover : agreed.clientContextTakeover
    this.#keepsIn = isServer ? agreed.clientContextTakeover : agreed.serverContextTakeover
  }

  /** Connections with the same key compress a message to the same bytes; `undefined` while each has its own window. */
  get broadcastKey(): number | undefined {
    return this.#keepsOut ? undefined : this.#outBits * 16 + this.#level
  }

  /** The payload of a whole message, or of one fragment of it: all but the last keep the flush's tail. */
  compress(data: Uint8Array, last: boolean, first: boolean): Uint8Array {
    // Within a message the window always continues, whatever was agreed for the time between messages.
    if (first && !this.#keepsOut) this.#outWindow = undefined
    const compressed = this.#deflate.deflate(data, this.#outBits, this.#level, this.#outWindow)
    if (this.#keepsOut || !last) this.#outWindow = slide(this.#outWindow, data, this.#outBits)
    else this.#outWindow = undefined
    return last ? compressed.subarray(0, compressed.length - flushTail.length) : compressed
  }

  /** The message in `payload`, whose last four bytes are the tail put back. */
  inflate(
    payload: Uint8Array,
    maxBytes: number,
    maxRatio: number,
  ): Uint8Array | 'tooLarge' | 'ratio' | 'corrupt' {
    const maxByRatio = Math.max(ratioFreeBytes, (payload.length - flushTail.length) * maxRatio)
    const inflated = this.#deflate.inflate(
      payload,
      this.#inBits,
      Math.min(maxBytes, maxByRatio),
      this.#inWindow,
    )
    if (inflated === 'tooLarge') return maxByRatio < maxBytes ? 'ratio' : 'tooLarge'
    if (inflated !== 'corrupt' && this.#keepsIn)
      this.#inWindow = slide(this.#inWindow, inflated, this.#inBits)
    return inflated
  }

  /** Inflates the next message piece by piece. */
  streamed(): Inflater {
    const inflater = this.#deflate.inflater(this.#inBits, this.#inWindow)
    if (!this.#keepsIn) return inflater
    return {
      push: (data) => {
        const parts = inflater.push(data)
        for (const part of parts) this.#inWindow = slide(this.#inWindow, part, this.#inBits)
        return parts
      },
      get corrupt() {
        return inflater.corrupt
      },
      close: () => inflater.close(),
    }
  }
}

/** The last `2 ** bits` bytes of `window` and `data` together, as a copy: the application may change its message. */
function slide(window: Uint8Array | undefined, data: Uint8Array, bits: number): Uint8Array | undefined {
  const size = 1 << bits
  if (data.length >= size) return new Uint8Array(data.subarray(data.length - size))
  const kept =
    window === undefined ? nothing : window.subarray(Math.max(0, window.length + data.length - size))
  if (kept.length + data.length === 0) return undefined
  const next = new Uint8Array(kept.length + data.length)
  next.set(kept)
  next.set(data, kept.length)
  return next
}
