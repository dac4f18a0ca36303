/** Writing frame headers with the shortest length encoding (RFC 6455 §5.2). */

/** Length of the header in front of `payloadLength` bytes. */
export function frameHeaderLength(payloadLength: number, masked: boolean): number {
  return (payloadLength < 126 ? 2 : payloadLength < 65_536 ? 4 : 10) + (masked ? 4 : 0)
}

/**
 * Writes the header at `bytes[at]` and answers where the payload begins. `firstByte` is FIN, RSV and opcode; `key`
 * the masking key (one 32-bit integer, first byte on top), or `undefined` for a frame that is not masked.
 */
export function writeFrameHeader(
  bytes: Uint8Array,
  at: number,
  firstByte: number,
  payloadLength: number,
  key: number | undefined,
): number {
  const maskBit = key === undefined ? 0 : 0x80
  bytes[at] = firstByte
  let next = at + 2
  if (payloadLength < 126) bytes[at + 1] = maskBit | payloadLength
  else if (payloadLength < 65_536) {
    bytes[at + 1] = maskBit | 126
    bytes[next++] = payloadLength >>> 8
    bytes[next++] = payloadLength
  } else {
    bytes[at + 1] = maskBit | 127
    next = writeUint32(bytes, next, Math.floor(payloadLength / 0x1_0000_0000))
    next = writeUint32(bytes, next, payloadLength)
  }
  return key === undefined ? next : writeUint32(bytes, next, key)
}

function writeUint32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
  return at + 4
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  )
}
