import { maskable } from './vector-mask.ts'

/**
 * Where frames are written until the link takes them. All connections of a thread share one arena and write one
 * after the other; an output remembers which part of it is its own. As the parts of one connection mostly lie side
 * by side, a turn's output is one region and goes out as one write, without a copy. A broadcast is written once and
 * every subscriber's output points to it.
 */
export class Arena {
  readonly #size: number
  /** The buffer being written to. */
  bytes: Uint8Array
  /** Everything below is in use until the end of the turn. */
  used = 0
  /** Grows with every turn: what was written in an earlier one may have been written over. */
  generation = 0
  /** A link kept a part of `bytes` beyond its `write`: it must not be written over. */
  #retained = false
  /** Buffers that this turn has filled, and those that are free. */
  #filled: Uint8Array[] = []
  #spare: Uint8Array[] = []

  constructor(size = 131_072) {
    this.#size = size
    this.bytes = maskable(size)
  }

  /** Makes room for `size` bytes at `bytes[used]`. */
  reserve(size: number): void {
    if (this.used + size <= this.bytes.length) return
    if (!this.#retained && this.bytes.length === this.#size) this.#filled.push(this.bytes)
    this.#retained = false
    this.bytes = size > this.#size ? new Uint8Array(size) : this.#fresh()
    this.used = 0
  }

  /** A link keeps a part of `bytes`, so nobody else may ever write there. */
  retain(bytes: Uint8Array): void {
    if (bytes === this.bytes) this.#retained = true
    else this.#filled = this.#filled.filter((filled) => filled !== bytes)
  }

  /** At the end of a turn nobody points into the arena any more, save links that retained a part. */
  recycle(): void {
    if (this.#filled.length > 0) {
      this.#spare.push(...this.#filled.slice(0, mostSpare - this.#spare.length))
      this.#filled = []
    }
    if (this.#retained || this.bytes.length !== this.#size) this.bytes = this.#fresh()
    this.#retained = false
    this.used = 0
    this.generation += 1
  }

  #fresh(): Uint8Array {
    return this.#spare.pop() ?? new Uint8Array(this.#size)
  }
}

/** How many free buffers are kept: as much as some thousand connections answer in one turn. */
const mostSpare = 16

/** What one connection has to send: regions of an arena, in order. */
export class Output {
  readonly arena: Arena
  /** Bytes that wait. */
  pending = 0
  /** The last region; all earlier ones, where it could not simply be extended, are in `#earlier`. */
  #bytes: Uint8Array | undefined
  #start = 0
  #end = 0
  #earlier: Uint8Array[] | undefined
  /** Whether others may point to the same bytes. */
  #shared = false

  constructor(arena: Arena) {
    this.arena = arena
  }

  /** Takes the `size` bytes just written at `arena.bytes[arena.used]`. */
  commit(size: number): void {
    const { arena } = this
    const start = arena.used
    arena.used = start + size
    this.#add(arena.bytes, start, start + size)
  }

  /** Adds `bytes[start, end)`, which others may send too and which stay as they are until the end of the turn. */
  append(bytes: Uint8Array, start: number, end: number): void {
    this.#shared = true
    this.#add(bytes, start, end)
  }

  #add(bytes: Uint8Array, start: number, end: number): void {
    this.pending += end - start
    if (this.#bytes === bytes && this.#end === start) {
      this.#end = end
      return
    }
    if (this.#bytes !== undefined) {
      this.#earlier ??= []
      this.#earlier.push(this.#bytes.subarray(this.#start, this.#end))
    }
    this.#bytes = bytes
    this.#start = start
    this.#end = end
  }

  /**
   * Gives everything that waits to `target`, as one piece; it answers true when it needs the bytes no longer.
   * Where it does, and they were ours alone and the newest of the arena, their room is free again at once.
   */
  flush(target: { write(bytes: Uint8Array): boolean }): void {
    if (this.#bytes === undefined) return
    if (this.#earlier !== undefined) this.#join()
    const bytes = this.#bytes
    const { arena } = this
    const start = this.#start
    const end = this.#end
    const shared = this.#shared
    this.discard()
    const region = start === 0 && end === bytes.length ? bytes : sharedView(bytes, start, end)
    if (!target.write(region)) {
      arena.retain(bytes)
    } else if (!shared && bytes === arena.bytes && end === arena.used) {
      arena.used = start
    }
  }

  /** Forgets everything that waits. */
  discard(): void {
    this.pending = 0
    this.#bytes = undefined
    this.#earlier = undefined
    this.#shared = false
  }

  #join(): void {
    const size = this.pending
    const parts = this.#earlier as Uint8Array[]
    parts.push((this.#bytes as Uint8Array).subarray(this.#start, this.#end))
    const { arena } = this
    arena.reserve(size)
    let at = arena.used
    for (const part of parts) {
      arena.bytes.set(part, at)
      at += part.length
    }
    this.#earlier = undefined
    this.#shared = false
    this.#bytes = arena.bytes
    this.#start = arena.used
    this.#end = at
    arena.used = at
  }
}

/** The view made last: all subscribers of a broadcast write the same one. */
let view: Uint8Array = new Uint8Array(0)

function sharedView(bytes: Uint8Array, start: number, end: number): Uint8Array {
  if (
    view.buffer !== bytes.buffer ||
    view.byteOffset !== bytes.byteOffset + start ||
    view.length !== end - start
  ) {
    view = bytes.subarray(start, end)
  }
  return view
}
