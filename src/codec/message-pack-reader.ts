const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const maxDepth = 500

/**
 * Reads MessagePack from strangers. What it makes is bounded by what has come: nothing is made room for because a message says
 * that it has so many elements. Only values of JSON and bytes are known; extensions and keys that are no text are refused.
 */
export class MessagePackReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** @throws {Error} where the bytes are not exactly one value */
  readAll(): unknown {
    const value = this.#value(0)
    if (this.#at < this.#bytes.length) throw new SyntaxError('Something follows the value')
    return value
  }

  #value(depth: number): unknown {
    if (depth > maxDepth) throw new SyntaxError('The value is nested too deep')
    const type = this.#natural(1)
    if (type < 0x80) return type
    if (type < 0x90) return this.#map(type & 0x0f, depth)
    if (type < 0xa0) return this.#list(type & 0x0f, depth)
    if (type < 0xc0) return this.#text(type & 0x1f)
    if (type >= 0xe0) return type - 0x100
    switch (type) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#natural(1 << (type - 0xc4))).slice()
      case 0xca:
        return this.#view.getFloat32(this.#skip(4))
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8))
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#natural(1 << (type - 0xcc))
      case 0xcf:
        return Number(this.#view.getBigUint64(this.#skip(8)))
      case 0xd0:
        return this.#view.getInt8(this.#skip(1))
      case 0xd1:
        return this.#view.getInt16(this.#skip(2))
      case 0xd2:
        return this.#view.getInt32(this.#skip(4))
      case 0xd3:
        return Number(this.#view.getBigInt64(this.#skip(8)))
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#natural(1 << (type - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.#list(this.#natural(type === 0xdc ? 2 : 4), depth)
      case 0xde:
      case 0xdf:
        return this.#map(this.#natural(type === 0xde ? 2 : 4), depth)
      default:
        throw new SyntaxError(`There is no type 0x${type.toString(16)} here`)
    }
  }

  #list(length: number, depth: number): unknown[] {
    const list: unknown[] = []
    for (let index = 0; index < length; index++) list.push(this.#value(depth + 1))
    return list
  }

  #map(length: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {}
    for (let index = 0; index < length; index++) {
      const key = this.#value(depth + 1)
      if (typeof key !== 'string') throw new SyntaxError('A key is text')
      const value = this.#value(depth + 1)
      // As JSON does it: a key of its own, and nobody's prototype.
      if (key === '__proto__') {
        Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true })
      } else map[key] = value
    }
    return map
  }

  #text(length: number): string {
    return decoder.decode(this.#take(length))
  }

  #natural(size: number): number {
    const at = this.#skip(size)
    if (size === 1) return this.#bytes[at] as number
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at)
  }

  #take(length: number): Uint8Array {
    const at = this.#skip(length)
    return this.#bytes.subarray(at, at + length)
  }

  /** Where the next bytes are. */
  #skip(length: number): number {
    const at = this.#at
    this.#at += length
    if (this.#at > this.#bytes.length) throw new SyntaxError('The value ends too early')
    return at
  }
}
