import { Buffer } from 'node:buffer'
import { isWireCloseCode, maxReasonBytes } from '../../protocol/close-code.ts'
import type { SendCallback } from './carrier.ts'
import { emptyBuffer, perMessageDeflateName } from './constants.ts'
import { type BlobLike, byteLengthOf, isBlob, reasonText, toBuffer } from './data.ts'
import { type FrameOptions, frame } from './frame.ts'
import type { PerMessageDeflate } from './per-message-deflate.ts'

/** What a sender writes to: a socket, or what looks like one. */
export interface FrameTarget {
  readonly destroyed?: boolean
  cork(): void
  uncork(): void
  write(chunk: Buffer | string, callback?: SendCallback): unknown
}

/** How a message is sent. */
export interface SenderOptions {
  readonly binary?: boolean | undefined
  readonly compress?: boolean | undefined
  readonly fin?: boolean | undefined
  readonly mask?: boolean | undefined
}

export type Extensions = Record<string, PerMessageDeflate | undefined>

interface Job {
  readonly bytes: number
  readonly callback: SendCallback | undefined
  run(): void
}

/**
 * Writes frames to a socket. Connections of this module have their own way to send; this class is for programs that
 * frame messages by themselves.
 */
export class Sender {
  readonly _socket: FrameTarget
  readonly _extensions: Extensions
  readonly _generateMask: ((mask: Buffer) => void) | undefined
  /** Bytes that wait for compression, or behind it. */
  _bufferedBytes = 0
  /** Called with an error that no callback belongs to. */
  onerror: (error: Error) => void = () => {}
  readonly #maskBuffer: Buffer | undefined
  #firstFragment = true
  #compress = false
  #busy = false
  readonly #jobs: Job[] = []

  constructor(socket: FrameTarget, extensions?: Extensions, generateMask?: (mask: Buffer) => void) {
    this._socket = socket
    this._extensions = extensions ?? {}
    this._generateMask = generateMask
    if (generateMask !== undefined) this.#maskBuffer = Buffer.alloc(4)
  }

  /** One frame as a list of pieces to write. */
  static frame(data: string | Uint8Array, options: FrameOptions): (Buffer | string)[] {
    return frame(typeof data === 'string' ? Buffer.from(data) : data, options)
  }

  /** Sends a close frame; throws where `code` or `data` cannot be sent. */
  close(code: unknown, data: unknown, mask?: boolean, callback?: SendCallback): void {
    this.#sendFrame(closePayload(code, data), 8, { fin: true, mask }, callback)
  }

  /** Sends a ping of at most 125 bytes. */
  ping(data: unknown, mask?: boolean, callback?: SendCallback): void {
    this.#sendControl(9, data, mask, callback)
  }

  /** Sends a pong of at most 125 bytes. */
  pong(data: unknown, mask?: boolean, callback?: SendCallback): void {
    this.#sendControl(10, data, mask, callback)
  }

  /** Sends a message, or a fragment of one. */
  send(data: unknown, options: SenderOptions, callback?: SendCallback): void {
    const extension = this._extensions[perMessageDeflateName]
    let opcode = options.binary ? 2 : 1
    let rsv1 = options.compress === true
    if (this.#firstFragment) {
      if (rsv1 && extension !== undefined && !extension.keepsWindow) {
        rsv1 = byteLengthOf(data) >= extension._threshold
      }
      this.#firstFragment = false
      this.#compress = rsv1
    } else {
      rsv1 = false
      opcode = 0
    }
    if (options.fin) this.#firstFragment = true
    const { fin, mask } = options
    const compression = this.#compress ? extension : undefined
    this.#sendFrame(data, opcode, { fin, mask, rsv1 }, callback, compression)
  }

  /** Writes a frame that has been made. */
  sendFrame(list: readonly (Buffer | string)[], callback?: SendCallback): void {
    const [first, second] = list
    if (first === undefined) return
    if (second === undefined) {
      this._socket.write(first, callback)
      return
    }
    this._socket.cork()
    this._socket.write(first)
    this._socket.write(second, callback)
    this._socket.uncork()
  }

  #sendControl(opcode: number, data: unknown, mask: boolean | undefined, callback?: SendCallback): void {
    if (byteLengthOf(data) > 125) throw new RangeError('The data size must not be greater than 125 bytes')
    this.#sendFrame(data, opcode, { fin: true, mask }, callback)
  }

  #sendFrame(
    data: unknown,
    opcode: number,
    header: Pick<FrameOptions, 'fin' | 'mask' | 'rsv1'>,
    callback: SendCallback | undefined,
    compression?: PerMessageDeflate,
  ): void {
    const bytes = byteLengthOf(data)
    // Whatever was made for this frame alone, such as a copy of an array, may be masked in place.
    const readOnly = typeof data !== 'string' && (data instanceof ArrayBuffer || ArrayBuffer.isView(data))
    const options: FrameOptions = {
      ...header,
      opcode,
      readOnly,
      generateMask: this._generateMask,
      maskBuffer: this.#maskBuffer,
    }
    const write = (payload: string | Buffer): void => {
      if (compression === undefined) this.sendFrame(frame(payload, options), callback)
      else this.#compressed(payload, bytes, compression, options, callback)
    }
    const run = (): void => {
      if (isBlob(data)) this.#readBlob(data, write, callback)
      else write(typeof data === 'string' ? data : toBuffer(data))
    }
    if (this.#busy) {
      this._bufferedBytes += bytes
      this.#jobs.push({ bytes, callback, run })
    } else run()
  }

  #compressed(
    payload: string | Buffer,
    bytes: number,
    compression: PerMessageDeflate,
    options: FrameOptions,
    callback: SendCallback | undefined,
  ): void {
    this._bufferedBytes += bytes
    this.#busy = true
    compression.compress(payload, options.fin === true, (_error, compressed) => {
      if (this._socket.destroyed || compressed === undefined) {
        this.#fail(new Error('The socket was closed while data was being compressed'), callback)
        return
      }
      this._bufferedBytes -= bytes
      this.#busy = false
      this.sendFrame(frame(compressed, { ...options, readOnly: false }), callback)
      this.#next()
    })
  }

  #readBlob(blob: BlobLike, write: (payload: Buffer) => void, callback: SendCallback | undefined): void {
    this._bufferedBytes += blob.size
    this.#busy = true
    blob.arrayBuffer().then(
      (bytes) => {
        if (this._socket.destroyed) {
          const error = new Error('The socket was closed while the blob was being read')
          process.nextTick(() => this.#fail(error, callback))
          return
        }
        this._bufferedBytes -= blob.size
        this.#busy = false
        write(Buffer.from(bytes))
        this.#next()
      },
      (error: Error) => {
        process.nextTick(() => {
          this.#fail(error, callback)
          this.onerror(error)
        })
      },
    )
  }

  #next(): void {
    while (!this.#busy) {
      const job = this.#jobs.shift()
      if (job === undefined) return
      this._bufferedBytes -= job.bytes
      job.run()
    }
  }

  #fail(error: Error, callback: SendCallback | undefined): void {
    callback?.(error)
    for (const job of this.#jobs) job.callback?.(error)
  }
}

/** The payload of a close frame, where `code` and `data` can be sent. */
function closePayload(code: unknown, data: unknown): Buffer {
  if (code === undefined) return emptyBuffer
  if (typeof code !== 'number' || !isWireCloseCode(code)) {
    throw new TypeError('First argument must be a valid error code number')
  }
  const reason = Buffer.from(reasonText(data))
  if (reason.length > maxReasonBytes) {
    throw new RangeError('The message must not be greater than 123 bytes')
  }
  const payload = Buffer.allocUnsafe(2 + reason.length)
  payload.writeUInt16BE(code, 0)
  payload.set(reason, 2)
  return payload
}
