import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Deflate } from '../../protocol/compression.ts'
import { Inflate } from '../../util/inflate.ts'

const finishFlush = constants.Z_SYNC_FLUSH

function deflate(
  data: Uint8Array,
  windowBits: number,
  level: number,
  window: Uint8Array | undefined,
): Uint8Array {
  return deflateRawSync(data, {
    // zlib cannot make raw DEFLATE with a window of 8 bits. With 9 it reaches back 250 bytes, as it keeps 262 ahead:
    // never beyond the 256 of 8 bits. The tests of all runtimes check that it stays so.
    windowBits: Math.max(windowBits, 9),
    level,
    finishFlush,
    ...(window && { dictionary: window }),
  })
}

function inflate(
  data: Uint8Array,
  windowBits: number,
  maxBytes: number,
  window: Uint8Array | undefined,
): Uint8Array | 'tooLarge' | 'corrupt' {
  let inflated: Uint8Array
  let read: number
  try {
    const { buffer, engine } = inflateRawSync(data, {
      windowBits,
      finishFlush,
      maxOutputLength: Math.min(Math.max(maxBytes, 1), 0x7fff_ffff),
      info: true,
      ...(window && { dictionary: window }),
    }) as unknown as { buffer: Uint8Array; engine: { bytesWritten: number } }
    inflated = buffer
    read = engine.bytesWritten
  } catch (error) {
    return (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? 'tooLarge' : 'corrupt'
  }
  // zlib stops at a final block; a message may go on behind it (RFC 7692 §7.2.1).
  if (read < data.length) return inflateBeyondFinal(data, windowBits, maxBytes, window)
  if (inflated.length > maxBytes) return 'tooLarge'
  return detached(inflated)
}

function inflateBeyondFinal(
  data: Uint8Array,
  windowBits: number,
  maxBytes: number,
  window: Uint8Array | undefined,
): Uint8Array | 'tooLarge' | 'corrupt' {
  const inflater = new Inflate(windowBits, window)
  const parts: Uint8Array[] = []
  let length = 0
  for (let at = 0; at < data.length; at += 1024) {
    const made = inflater.push(data.subarray(at, at + 1024))
    for (const part of made) length += part.length
    if (length > maxBytes) return 'tooLarge'
    if (inflater.corrupt) return 'corrupt'
    parts.push(...made)
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** zlib's results are parts of blocks of 16 KiB and more: a small message that is kept must not keep all of that. */
function detached(bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = bytes
  return length * 2 < buffer.byteLength ? new Uint8Array(bytes) : new Uint8Array(buffer, byteOffset, length)
}

/** Whether this platform's zlib honours `dictionary` for raw DEFLATE: Deno's ignores it without a word. */
function honoursWindows(): boolean {
  const sample = new TextEncoder().encode('the same words twice, the same words twice')
  const deflated = deflate(sample, 15, 6, sample)
  if (deflated.length >= deflate(sample, 15, 6, undefined).length) return false
  const inflated = inflate(deflated, 15, sample.length, sample)
  return typeof inflated !== 'string' && inflated.every((byte, index) => byte === sample[index])
}

/** Raw DEFLATE by zlib's one-shot functions, on this thread: cheaper than the thread pool for all but huge messages. */
export const nodeDeflate: Deflate = {
  windows: honoursWindows(),
  deflate,
  inflate,
  inflater: (windowBits, window) => new Inflate(windowBits, window),
}
