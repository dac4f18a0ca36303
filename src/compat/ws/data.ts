import { Buffer } from 'node:buffer'

/** What `Buffer.from` takes beside strings and bytes. */
type Convertible = Parameters<typeof Buffer.from>[0]

/** Whatever `Buffer.from` takes, as a `Buffer`; bytes are not copied. */
export function toBuffer(data: unknown): Buffer {
  if (Buffer.isBuffer(data)) return data
  if (data instanceof ArrayBuffer) return Buffer.from(data)
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return Buffer.from(data as Convertible)
}

/** What a `Blob` has, whichever realm or package it comes from. */
export interface BlobLike {
  readonly size: number
  readonly type: string
  arrayBuffer(): Promise<ArrayBuffer>
}

export function isBlob(value: unknown): value is BlobLike {
  if (typeof value !== 'object' || value === null) return false
  const blob = value as Partial<BlobLike> & { stream?: unknown; [Symbol.toStringTag]?: string }
  return (
    typeof blob.arrayBuffer === 'function' &&
    typeof blob.type === 'string' &&
    typeof blob.stream === 'function' &&
    (blob[Symbol.toStringTag] === 'Blob' || blob[Symbol.toStringTag] === 'File')
  )
}

/** Bytes that a message takes, before compression. */
export function byteLengthOf(data: unknown): number {
  if (typeof data === 'string') return Buffer.byteLength(data)
  return isBlob(data) ? data.size : toBuffer(data).length
}

/** The payload of a close frame's reason as text. */
export function reasonText(data: unknown): string {
  if (data === undefined || typeof data === 'string') return data ?? ''
  if (data instanceof Uint8Array) return Buffer.from(data.buffer, data.byteOffset, data.length).toString()
  throw new TypeError('Second argument must be a string or a Uint8Array')
}
