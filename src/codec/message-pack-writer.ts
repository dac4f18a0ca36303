const encoder = new TextEncoder()
/** As deep as JSON is ever nested; deeper is a mistake, such as a value that contains itself. */
const maxDepth = 500

/** Writes values as MessagePack: those of JSON the way JSON has them, and bytes. */
export class MessagePackWriter {
  #bytes = new Uint8Array(1_024)
  #view = new DataView(this.#bytes.buffer)
  #at = 0

  /** @throws {TypeError} where a value is nested too deep, or is none of JSON's */
  write(value: unknown): Uint8Array<ArrayBuffer> {
    this.#at = 0
    this.#value(value, 0)
    return this.#bytes.slice(0, this.#at)
  }

  #value(value: unknown, depth: number): void {
    if (typeof value === 'string') this.#text(value)
    else if (typeof value === 'number') this.#number(value)
    else if (typeof value === 'boolean') this.#byte(value ? 0xc3 : 0xc2)
    else if (typeof value === 'bigint')
      throw new TypeError('JSON has no BigInt, nor has MessagePack as it is used here')
    else if (typeof value !== 'object' || value === null) this.#byte(0xc0)
    else if (depth === maxDepth) throw new TypeError('The value is nested too deep')
    else if (ArrayBuffer.isView(value)) this.#binary(value)
    else if (Array.isArray(value)) this.#list(value, depth)
    else if ('toJSON' in value && typeof value.toJSON === 'function') this.#value(value.toJSON(), depth + 1)
    else this.#map(value as Record<string, unknown>, depth)
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) this.#float(value)
    else if (value >= 0) this.#natural(value)
    else if (value >= -0x20) this.#byte(value & 0xff)
    else if (value >= -0x80) this.#head(0xd0, 1, value)
    else if (value >= -0x8000) this.#head(0xd1, 2, value)
    else if (value >= -0x8000_0000) this.#head(0xd2, 4, value)
    else this.#long(0xd3, value)
  }

  #natural(value: number): void {
    if (value < 0x80) this.#byte(value)
    else if (value < 0x100) this.#head(0xcc, 1, value)
    else if (value < 0x1_0000) this.#head(0xcd, 2, value)
    else if (value < 0x1_0000_0000) this.#head(0xce, 4, value)
    else this.#long(0xcf, value)
  }

  #float(value: number): void {
    this.#room(9)
    this.#bytes[this.#at] = 0xcb
    this.#view.setFloat64(this.#at + 1, value)
    this.#at += 9
  }

  #long(type: number, value: number): void {
    this.#room(9)
    this.#bytes[this.#at] = type
    this.#view.setBigInt64(this.#at + 1, BigInt(value))
    this.#at += 9
  }

  #text(text: string): void {
    // A character takes three bytes at most; where the length is known, the head is right at once.
    this.#room(text.length * 3 + 5)
    const headLength = text.length < 32 ? 1 : text.length < 0x100 ? 2 : text.length < 0x1_0000 ? 3 : 5
    let start = this.#at + headLength
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(start))
    const needed = written < 32 ? 1 : written < 0x100 ? 2 : written < 0x1_0000 ? 3 : 5
    if (needed !== headLength) {
      this.#bytes.copyWithin(this.#at + needed, start, start + written)
      start = this.#at + needed
    }
    this.#length(written, 0xa0, 32, [0xd9, 0xda, 0xdb])
    this.#at = start + written
  }

  #binary({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
    this.#room(byteLength + 5)
    this.#length(byteLength, 0, 0, [0xc4, 0xc5, 0xc6])
    this.#bytes.set(new Uint8Array(buffer, byteOffset, byteLength), this.#at)
    this.#at += byteLength
  }

  #list(list: readonly unknown[], depth: number): void {
    this.#length(list.length, 0x90, 16, [undefined, 0xdc, 0xdd])
    for (const value of list) this.#value(value, depth + 1)
  }

  #map(map: Readonly<Record<string, unknown>>, depth: number): void {
    const entries = Object.entries(map).filter(
      ([, value]) => value !== undefined && typeof value !== 'function',
    )
    this.#length(entries.length, 0x80, 16, [undefined, 0xde, 0xdf])
    for (const [key, value] of entries) {
      this.#text(key)
      this.#value(value, depth + 1)
    }
  }

  /** The head of something of that length: in one byte with `short` below `shortBelow`, else with one of the types for 1, 2 and 4 bytes. */
  #length(
    length: number,
    short: number,
    shortBelow: number,
    [one, two, four]: readonly [number | undefined, number, number],
  ): void {
    if (length < shortBelow) this.#byte(short | length)
    else if (length < 0x100 && one !== undefined) this.#head(one, 1, length)
    else if (length < 0x1_0000) this.#head(two, 2, length)
    else this.#head(four, 4, length)
  }

  #head(type: number, size: 1 | 2 | 4, value: number): void {
    this.#room(5)
    this.#bytes[this.#at] = type
    if (size === 1) this.#view.setUint8(this.#at + 1, value)
    else if (size === 2) this.#view.setUint16(this.#at + 1, value)
    else this.#view.setUint32(this.#at + 1, value)
    this.#at += 1 + size
  }

  #byte(byte: number): void {
    this.#room(1)
    this.#bytes[this.#at] = byte
    this.#at += 1
  }

  #room(size: number): void {
    if (this.#at + size <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + size))
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}
