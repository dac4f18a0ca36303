import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Deflate } from '../../protocol/compression.ts'

const finishFlush = constants.Z_SYNC_FLUSH

function deflate(
  data: Uint8Array,
  windowBits: number,
  level: number,
  window: Uint8Array | undefined,
): Uint8Array {
  return deflateRawSync(data, { windowBits, level, finishFlush, ...(window && { dictionary: window }) })
}

/** Whether this platform's zlib honours `dictionary` for raw DEFLATE. */
function honoursWindows(): boolean {
  const sample = new TextEncoder().encode('the same words twice, the same words twice')
  return deflate(sample, 15, 6, sample).length < deflate(sample, 15, 6, undefined).length
}

/** Raw DEFLATE by zlib's one-shot functions, on this thread: cheaper than the thread pool for all but huge messages. */
export const nodeDeflate: Deflate = {
  windows: honoursWindows(),
  deflate,
  inflate(data, windowBits, maxBytes, window) {
    try {
      return inflateRawSync(data, {
        windowBits,
        finishFlush,
        maxOutputLength: Math.min(Math.max(maxBytes, 1), 0x7fff_ffff),
        ...(window && { dictionary: window }),
      })
    } catch (error) {
      return (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? 'tooLarge' : 'corrupt'
    }
  },
}
