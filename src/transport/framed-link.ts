import { readUint32 } from '../protocol/frame-header.ts'
import { maskInPlace } from '../protocol/mask.ts'
import { joined } from '../util/joined.ts'
import type { Link, LinkSink } from './link.ts'

/** The header of a frame as it stands on the wire (RFC 6455 §5.2), not checked against any rule. */
export interface FrameHead {
  /** FIN, the three reserved bits and the opcode. */
  readonly firstByte: number
  readonly masked: boolean
  /** Payload bytes on the wire; beyond 2 ** 53 not exact. */
  readonly length: number
}

/** Who is told where frames begin and end. */
export interface FrameWatcher {
  /** A frame begins; everything before it has been handed on. False: neither it nor anything behind it is. */
  begins(head: FrameHead): boolean
  /** A frame has come whole; it is handed on after this. Without this method no payload is gathered. */
  whole?(head: FrameHead, payload: Uint8Array): void
  /** The end of a frame has been handed on. */
  handedOn?(head: FrameHead): void
}

/**
 * A link that knows where the frames lie in what it reads: for interfaces that limit, show or pass on single frames,
 * which a connection does not tell of. What it hands on never reaches beyond the end of a frame, and while it is
 * paused nothing is.
 */
export class FramedLink implements Link {
  readonly #link: Link
  readonly #scanner: FrameScanner

  constructor(link: Link, watcher: FrameWatcher) {
    this.#link = link
    this.#scanner = new FrameScanner(watcher)
  }

  start(sink: LinkSink): void {
    this.#scanner.sink = sink
    this.#link.start(this.#scanner)
  }

  write(bytes: Uint8Array): boolean {
    return this.#link.write(bytes)
  }

  get bufferedBytes(): number {
    return this.#link.bufferedBytes
  }

  end(): void {
    this.#link.end()
  }

  destroy(): void {
    this.#link.destroy()
  }

  pause(): void {
    this.#scanner.paused = true
    this.#link.pause()
  }

  resume(): void {
    this.#scanner.resume()
    if (!this.#scanner.paused) this.#link.resume()
  }
}

const longestHeaderBytes = 14
const nothing = new Uint8Array(0)

class FrameScanner implements LinkSink {
  sink: LinkSink | undefined
  paused = false
  readonly #watcher: FrameWatcher
  readonly #header = new Uint8Array(longestHeaderBytes)
  #headerBytes = 0
  /** The frame in progress, behind its header. */
  #head: FrameHead | undefined
  #key = 0
  #left = 0
  #payload: Uint8Array[] = []
  /** What was read but not handed on when the link was paused. */
  #rest: Uint8Array = nothing
  #refused = false

  constructor(watcher: FrameWatcher) {
    this.#watcher = watcher
  }

  received(bytes: Uint8Array): void {
    if (this.#refused) return
    const all = this.#rest.length === 0 ? bytes : joined(this.#rest, bytes)
    this.#rest = nothing
    const at = this.#scan(all)
    if (at < all.length && !this.#refused) this.#rest = new Uint8Array(all.subarray(at))
  }

  resume(): void {
    this.paused = false
    if (this.#rest.length > 0) this.received(nothing)
  }

  drained(): void {
    this.sink?.drained()
  }

  ended(): void {
    this.sink?.ended()
  }

  closed(error: Error | undefined): void {
    this.sink?.closed(error)
  }

  /** Hands on frame by frame, and answers how far it came: to the end, unless it is paused or refused on the way. */
  #scan(bytes: Uint8Array): number {
    let handedOn = 0
    let at = 0
    while (at < bytes.length && !this.paused) {
      if (this.#head === undefined) {
        at = this.#readHeader(bytes, at)
        if (this.#head === undefined) break
        if (!this.#watcher.begins(this.#head)) {
          this.#refused = true
          return handedOn
        }
      }
      const take = Math.min(this.#left, bytes.length - at)
      if (this.#watcher.whole !== undefined && take > 0) this.#gather(bytes, at, at + take)
      this.#left -= take
      at += take
      if (this.#left > 0) break
      const head: FrameHead = this.#head
      this.#head = undefined
      this.#headerBytes = 0
      this.#watcher.whole?.(head, this.#whole())
      this.sink?.received(handedOn === 0 && at === bytes.length ? bytes : bytes.subarray(handedOn, at))
      handedOn = at
      this.#watcher.handedOn?.(head)
    }
    if (handedOn === bytes.length || (this.paused && this.#headerBytes === 0)) return handedOn
    this.sink?.received(bytes.subarray(handedOn))
    return bytes.length
  }

  /** Reads on in the header; answers where it stopped. */
  #readHeader(bytes: Uint8Array, from: number): number {
    const header = this.#header
    let at = from
    while (at < bytes.length) {
      header[this.#headerBytes++] = bytes[at++] as number
      if (this.#headerBytes < 2 || this.#headerBytes < this.#wholeHeaderBytes()) continue
      const masked = (header[1] as number) >= 0x80
      const short = (header[1] as number) & 0x7f
      const length =
        short < 126
          ? short
          : short === 126
            ? ((header[2] as number) << 8) | (header[3] as number)
            : readUint32(header, 2) * 0x1_0000_0000 + readUint32(header, 6)
      this.#key = masked ? readUint32(header, this.#headerBytes - 4) | 0 : 0
      this.#left = length
      this.#head = { firstByte: header[0] as number, masked, length }
      break
    }
    return at
  }

  #wholeHeaderBytes(): number {
    const second = this.#header[1] as number
    const short = second & 0x7f
    return (short < 126 ? 2 : short === 126 ? 4 : 10) + (second >= 0x80 ? 4 : 0)
  }

  #gather(bytes: Uint8Array, start: number, end: number): void {
    const { length } = this.#head as FrameHead
    const copy = new Uint8Array(bytes.subarray(start, end))
    if (this.#key !== 0) maskInPlace(copy, 0, copy.length, this.#key, (length - this.#left) & 3)
    this.#payload.push(copy)
  }

  #whole(): Uint8Array {
    const pieces = this.#payload
    this.#payload = []
    if (pieces.length === 1) return pieces[0] as Uint8Array
    const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
    let at = 0
    for (const piece of pieces) {
      whole.set(piece, at)
      at += piece.length
    }
    return whole
  }
}
