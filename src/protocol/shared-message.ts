import type { MessageCompression } from './compression.ts'
import { writeFrame, writeTextFrame } from './frame-writer.ts'
import { BINARY, FIN, RSV1, TEXT } from './opcode.ts'
import type { Arena } from './output.ts'
import type { TextCodec } from './text.ts'

/** A frame in an arena: `bytes[start, end)`, for `Connection.sendFrame` in the same turn. */
export interface FrameRegion {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

/**
 * A message of a server to any number of connections: framed once in a turn, and compressed once in a turn for each way of
 * compressing. What several of them send in the same turn lies side by side in the arena, and goes out as one write.
 */
export class SharedMessage {
  readonly data: string | Uint8Array
  readonly #text: TextCodec<unknown>
  #byteLength = -1
  /** Frames of `#generation` of the arena. */
  #generation = -1
  #plain: FrameRegion | undefined
  #compressed: Map<number, FrameRegion> | undefined

  /** `data` must stay as it is. */
  constructor(data: string | Uint8Array, text: TextCodec<unknown>) {
    this.data = data
    this.#text = text
  }

  /** Length of the payload. */
  get byteLength(): number {
    if (this.#byteLength < 0) {
      const { data } = this
      this.#byteLength = typeof data === 'string' ? this.#text.byteLength(data) : data.length
    }
    return this.#byteLength
  }

  frame(arena: Arena): FrameRegion {
    this.#renew(arena)
    if (this.#plain === undefined) {
      const { data } = this
      this.#plain = taken(
        arena,
        typeof data === 'string'
          ? writeTextFrame(arena, data, this.#text, undefined)
          : writeFrame(arena, FIN | BINARY, data, data.length, undefined),
      )
    }
    return this.#plain
  }

  /** `key` is the one of `compression` for broadcasts. */
  compressedFrame(arena: Arena, compression: MessageCompression, key: number): FrameRegion {
    this.#renew(arena)
    this.#compressed ??= new Map()
    let frame = this.#compressed.get(key)
    if (frame === undefined) {
      const { data } = this
      let payload = data as Uint8Array
      if (typeof data === 'string') {
        payload = new Uint8Array(this.byteLength)
        this.#text.encodeInto(data, payload, 0)
      }
      const compressed = compression.compress(payload, true, true)
      const firstByte = FIN | RSV1 | (typeof data === 'string' ? TEXT : BINARY)
      frame = taken(arena, writeFrame(arena, firstByte, compressed, compressed.length, undefined))
      this.#compressed.set(key, frame)
    }
    return frame
  }

  #renew(arena: Arena): void {
    if (this.#generation === arena.generation) return
    this.#generation = arena.generation
    this.#plain = undefined
    this.#compressed = undefined
  }
}

/** The `size` bytes just written are in use until the end of the turn. */
function taken(arena: Arena, size: number): FrameRegion {
  const start = arena.used
  arena.used = start + size
  return { bytes: arena.bytes, start, end: start + size }
}
