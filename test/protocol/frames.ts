// Frames as a test writes and reads them: bit by bit after RFC 6455 §5.2, with nothing of the code under test.

/** hex`81 02 48 69` */
export function hex(parts: TemplateStringsArray, ...values: readonly string[]): Uint8Array {
  return hexBytes(String.raw({ raw: parts }, ...values))
}

export function hexBytes(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16))
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface Frame {
  readonly opcode: number
  readonly payload: Uint8Array
  readonly fin: boolean
  /** The three reserved bits, RSV1 as 4. */
  readonly rsv: number
  /** Masking key of four bytes; `undefined` for a frame that is not masked. */
  readonly key: Uint8Array | undefined
}

export interface Oddities {
  /** Bits of the length field, where it is not the shortest. */
  readonly lengthBits?: 7 | 16 | 64
  /** The length the header declares, where it is not that of the payload. */
  readonly declared?: number | bigint
}

export function frame(
  opcode: number,
  payload: Uint8Array | string = '',
  { fin = true, rsv = 0, key, lengthBits, declared }: Partial<Frame> & Oddities = {},
): Uint8Array {
  const data = typeof payload === 'string' ? utf8(payload) : payload
  const length = BigInt(declared ?? data.length)
  const bits = lengthBits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64)
  const maskBit = key === undefined ? 0 : 0x80
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode]
  if (bits === 7) head.push(maskBit | Number(length))
  else {
    head.push(maskBit | (bits === 16 ? 126 : 127))
    for (let shift = bits - 8; shift >= 0; shift -= 8) head.push(Number((length >> BigInt(shift)) & 0xffn))
  }
  return concat(Uint8Array.from(head), key ?? new Uint8Array(0), masked(data, key))
}

/** What a client sends: `frame` with a key. */
export function clientFrame(
  opcode: number,
  payload: Uint8Array | string = '',
  oddities: Partial<Frame> & Oddities = {},
): Uint8Array {
  return frame(opcode, payload, { key: Uint8Array.of(0x37, 0xfa, 0x21, 0x3d), ...oddities })
}

/** What the peer of a connection in `role` sends. */
export function peerFrame(
  role: 'client' | 'server',
  opcode: number,
  payload: Uint8Array | string = '',
  oddities: Partial<Frame> & Oddities = {},
): Uint8Array {
  return role === 'server' ? clientFrame(opcode, payload, oddities) : frame(opcode, payload, oddities)
}

/** Takes whole frames apart again. */
export function readFrames(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = []
  let at = 0
  const next = () => {
    const byte = bytes[at++]
    if (byte === undefined) throw new Error(`The output ends within a frame, at ${at}`)
    return byte
  }
  while (at < bytes.length) {
    const first = next()
    const second = next()
    let length = second & 0x7f
    if (length > 125) {
      let long = 0n
      for (let count = length === 126 ? 2 : 8; count > 0; count--) long = (long << 8n) | BigInt(next())
      length = Number(long)
    }
    const key = second & 0x80 ? Uint8Array.of(next(), next(), next(), next()) : undefined
    const payload = bytes.subarray(at, at + length)
    if (payload.length < length) throw new Error('The output ends within a payload')
    at += length
    frames.push({
      fin: (first & 0x80) !== 0,
      rsv: (first >> 4) & 7,
      opcode: first & 0x0f,
      key,
      payload: masked(payload, key),
    })
  }
  return frames
}

function masked(data: Uint8Array, key: Uint8Array | undefined): Uint8Array {
  return key === undefined ? data : data.map((byte, index) => byte ^ (key[index & 3] as number))
}
