/** The few conversions of Web IDL that the client's interfaces need; each throws a `TypeError` as Web IDL says. */

/** Any value as a `USVString`: lone surrogates become U+FFFD. */
export function toUsvString(value: unknown): string {
  return (`${value as string}` as string & { toWellFormed(): string }).toWellFormed()
}

/** `[Clamp] unsigned short`: to the nearest of 0 to 65 535, halves to the even one. */
export function clampToUnsignedShort(value: unknown): number {
  const number = Math.min(Math.max(+(value as number), 0), 65_535)
  if (Number.isNaN(number)) return 0
  const floor = Math.floor(number)
  if (number - floor !== 0.5) return Math.round(number)
  return floor % 2 === 0 ? floor : floor + 1
}

/** `[EnforceRange] unsigned short`. */
export function enforceUnsignedShort(value: unknown): number {
  const number = Math.trunc(+(value as number))
  if (!(number >= 0 && number <= 65_535)) throw new TypeError(`${value} is not from 0 to 65535`)
  return number + 0
}

/** A dictionary: an object, or nothing. */
export function toDictionary(value: unknown, what: string): Record<string, unknown> {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' && typeof value !== 'function')
    throw new TypeError(`${what} is not an object`)
  return value as Record<string, unknown>
}

/** @throws {TypeError} as for any call with too few arguments */
export function requireArguments(count: number, given: number, what: string): void {
  if (given < count) {
    throw new TypeError(`${what} takes at least ${count} argument${count === 1 ? '' : 's'}, and got ${given}`)
  }
}

/**
 * The bytes of a `BufferSource`, without a copy, or `undefined` where the value is none. Memory that another thread
 * may change, or that may shrink, is refused: neither `[AllowShared]` nor `[AllowResizable]` stands in the interface.
 */
export function bytesOfBufferSource(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) {
    checkBuffer(value.buffer)
    if (value.byteLength === 0) return new Uint8Array(0)
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }
  const brand = Object.prototype.toString.call(value)
  if (brand !== '[object ArrayBuffer]' && brand !== '[object SharedArrayBuffer]') return undefined
  const buffer = value as ArrayBuffer
  checkBuffer(buffer)
  // Detached ones cannot be looked at, but are empty.
  return buffer.byteLength === 0 ? new Uint8Array(0) : new Uint8Array(buffer)
}

function checkBuffer(buffer: ArrayBufferLike): void {
  if (Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]') {
    throw new TypeError('A SharedArrayBuffer cannot be sent: another thread may change it meanwhile')
  }
  if ((buffer as { resizable?: boolean }).resizable === true) {
    throw new TypeError('A resizable ArrayBuffer cannot be sent')
  }
}

export function isBlob(value: unknown): value is Blob {
  return value instanceof Blob
}

/** What Web IDL makes of a class and JavaScript does not: enumerable members, and a name for `Object.prototype.toString`. */
export function defineInterface(
  { prototype }: { readonly prototype: object },
  name: string,
  members: readonly string[],
): void {
  for (const member of members) Object.defineProperty(prototype, member, { enumerable: true })
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true })
}
