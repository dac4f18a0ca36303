import { Buffer } from 'node:buffer'
import { maskable } from '../../protocol/vector-mask.ts'

/**
 * The parts of Node below `net.Socket`, which its documentation does not cover: handles of accepted connections, and
 * the requests and status fields of their reads and writes. Everything that depends on them goes through this file;
 * where one of them is missing `rawHandles` is undefined and `StreamLink` does the same work with public parts.
 *
 * Measured on Node 20 (CPU per unit, see `docs/design/performance.md`): a handshake 104 → 27 µs, an idle connection
 * 6.5 → 1.7 KB, an echo of 64 bytes 9.6 → 7.4 µs.
 */

/** A connection as the event loop knows it (Node's `TCP` or `Pipe` wrap). */
export interface RawHandle {
  /** Called for every read, as a method of the handle. */
  onread: (this: RawHandle) => void
  /** Ours: who is told of reads. */
  polyplexReader?: RawReader | undefined
  readonly writeQueueSize: number
  readStart(): number
  readStop(): number
  useUserBuffer(buffer: Uint8Array): void
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number
  writeLatin1String(request: WriteRequest, text: string): number
  shutdown(request: ShutdownRequest): number
  close(closed: () => void): void
  setNoDelay?(on: boolean): number
  getpeername?(out: { address?: string }): number
}

export interface RawReader {
  /** `length` bytes have been read into `readBuffer`, or a negative status. */
  readDone(length: number): void
}

export interface WriteRequest {
  oncomplete: (this: WriteRequest, status: number) => void
  /** Ours: who is told of the end of a write that had to wait. */
  polyplexWriter?: { writeDone(status: number): void }
  /** Ours: what is being written, so that it lives as long as the request. */
  polyplexBytes?: Uint8Array
}

export interface ShutdownRequest {
  oncomplete: () => void
}

export interface RawHandles {
  readonly WriteWrap: new () => WriteRequest
  readonly ShutdownWrap: new () => ShutdownRequest
  /** Results of the call just made or reported, by the indices below. */
  readonly streamBaseState: Int32Array
  readonly kReadBytesOrError: number
  readonly kLastWriteWasAsync: number
}

function detect(): RawHandles | undefined {
  // Other runtimes imitate parts of this, without what makes it fast.
  if (process.versions['bun'] !== undefined || process.versions['deno'] !== undefined) return undefined
  try {
    const { binding } = process as unknown as { binding(name: string): Record<string, unknown> }
    const streams = binding.call(process, 'stream_wrap') as Partial<RawHandles>
    const { TCP } = binding.call(process, 'tcp_wrap') as { TCP: { prototype: RawHandle } }
    const methods = [
      'readStart',
      'readStop',
      'useUserBuffer',
      'writeBuffer',
      'writeLatin1String',
      'shutdown',
      'close',
    ]
    const complete =
      typeof streams.WriteWrap === 'function' &&
      typeof streams.ShutdownWrap === 'function' &&
      ArrayBuffer.isView(streams.streamBaseState) &&
      [streams.kReadBytesOrError, streams.kLastWriteWasAsync].every(Number.isInteger) &&
      methods.every((name) => typeof TCP.prototype[name as 'readStart'] === 'function')
    return complete ? (streams as RawHandles) : undefined
  } catch {
    // The permission model refuses internal parts.
    return undefined
  }
}

export const rawHandles = detect()

const memory = maskable(262_144)

/**
 * All connections read into this one buffer: what is read is looked at before the next read, so nothing is allocated
 * per read. 9.6 → 8.0 µs per echo of 64 bytes. As large as this, a message of 1 MiB comes in a few reads: 0.97 → 0.82 ms,
 * of 64 KiB in one: 40 → 37 µs.
 */
export const readBuffer = Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength)

/** Lets `reader` have what the handle reads, from now on. */
export function readInto(handle: RawHandle, reader: RawReader): void {
  handle.polyplexReader = reader
  if (handle.onread === onread) return
  handle.onread = onread
  handle.useUserBuffer(readBuffer)
}

function onread(this: RawHandle): void {
  const { streamBaseState, kReadBytesOrError } = rawHandles as RawHandles
  this.polyplexReader?.readDone(streamBaseState[kReadBytesOrError] as number)
}
