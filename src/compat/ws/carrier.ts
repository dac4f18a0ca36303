import { Buffer } from 'node:buffer'
import type { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import type { ProtocolError } from '../../errors.ts'
import { isWireCloseCode, maxReasonBytes } from '../../protocol/close-code.ts'
import type { MessageCompression } from '../../protocol/compression.ts'
import { Connection, type ConnectionSettings, type ConnectionSink } from '../../protocol/connection.ts'
import { linkOf } from '../../runtime/node/links.ts'
import { throwLater } from '../../runtime/node/tell.ts'
import type { Link, LinkSink } from '../../transport/link.ts'
import type { Flushable } from '../../transport/turn.ts'
import { type BinaryType, CLOSED, CLOSING, emptyBuffer, OPEN, type ReadyState } from './constants.ts'
import { byteLengthOf, isBlob, reasonText, toBuffer } from './data.ts'
import { frame } from './frame.ts'
import { frameErrorOf } from './frame-errors.ts'
import { kept } from './text-buffers.ts'
import { turn } from './turn.ts'

export type SendCallback = (error?: Error) => void

/** How a message is sent; all of it is said. */
export interface SendOptions {
  readonly binary: boolean | undefined
  readonly compress: boolean | undefined
  readonly fin: boolean | undefined
  readonly mask: boolean | undefined
}

/** What all connections of one server, or one client, share. */
export interface CarrierSettings extends ConnectionSettings<Buffer> {
  /** Whether one turn of the event loop may bring more than one event. */
  readonly synchronousEvents: boolean
  /** Writes a masking key; `undefined` for random ones. */
  readonly generateMask: ((mask: Buffer) => void) | undefined
}

/** The WebSocket that a carrier belongs to: what it tells it. Fields are named as those of `ws`. */
export interface CarrierOwner extends EventEmitter {
  readonly binaryType: BinaryType
  readonly isPaused: boolean
  _readyState: ReadyState
  _closeCode: number
  _closeMessage: Buffer
  _closeFrameReceived: boolean
  _closeFrameSent: boolean
  _closeTimer: NodeJS.Timeout | null
  readonly _closeTimeout: number
  _errorEmitted: boolean
  emitClose(): void
}

/** Something to be sent behind a blob that is still being read. */
interface Waiting {
  readonly bytes: number
  readonly callback: SendCallback | undefined
  send(): void
}

/** As it is now: tests that put their own timers in place of the platform's do not stop connections. */
const { nextTick } = process

/** From this much on output is sent at once. */
const flushAtBytes = 65_536

/**
 * A WebSocket connection on a link that tells of itself as `ws` does: feeds the pure connection, writes once per turn
 * of the event loop, and keeps the order in which callbacks, events and bytes are seen.
 */
export class Carrier implements ConnectionSink<Buffer>, LinkSink, Flushable {
  readonly stream: Duplex
  readonly #owner: CarrierOwner
  readonly #settings: CarrierSettings
  readonly #link: Link
  readonly #connection: Connection<Buffer>
  #scheduled = false
  /** End the link once everything is written. */
  #ending = false
  #ended = false
  #afterEnd: (() => void) | undefined
  /** The link was cut by us when everything sent had been taken. */
  #cutClean = false
  #closed = false
  /** The system has not taken everything, so callbacks wait for the drain. */
  #behind = false
  #callbacks: SendCallback[] | undefined
  /** Lengths of the frames of the message that comes, where it is to be handed over in fragments. */
  #frames: number[] | undefined
  /** Within a message that is sent in fragments. */
  #fragmenting = false
  /** What waits behind a blob that is being read, and how many bytes blob and all are. */
  #waiting: Waiting[] | undefined
  #waitingBytes = 0

  constructor(
    owner: CarrierOwner,
    stream: Duplex,
    head: Buffer,
    settings: CarrierSettings,
    compression: MessageCompression | undefined,
  ) {
    this.#owner = owner
    this.stream = stream
    this.#settings = settings
    this.#link = linkOf(stream, head.length > 0 ? head : undefined)
    this.#connection = new Connection(settings, this, turn.arena, compression)
    // Whoever is told of the connection has this turn to add listeners.
    nextTick(start, this)
  }

  /** @internal */
  start(): void {
    if (this.#owner.isPaused) this.#connection.pause()
    this.#link.start(this)
  }

  // ------------------------------------------------------------------------------------------------ sending

  /** Bytes that the system has not taken: what this turn has sent is offered to it first. */
  get bufferedBytes(): number {
    this.flush()
    return this.#link.bufferedBytes + this.#waitingBytes
  }

  /** Sends a whole message with the usual options. */
  sendWhole(data: string | Buffer, callback: SendCallback | undefined): void {
    if (this.#fragmenting || this.#waiting !== undefined) {
      const isClient = this.#settings.role === 'client'
      const options = { binary: typeof data !== 'string', mask: isClient, compress: true, fin: true }
      this.send(data, options, callback)
      return
    }
    if (typeof data === 'string') this.#connection.sendText(data)
    else this.#connection.sendBinary(data)
    this.#wrote(callback)
  }

  /** Sends a message, or a fragment of one, of any kind of data. */
  send(data: unknown, options: SendOptions, callback: SendCallback | undefined): void {
    if (isBlob(data)) {
      this.#behindBlobs(data.size, callback, () => {
        this.#readBlob(data, callback, (bytes) => this.#sendBytes(bytes, options, callback))
      })
      return
    }
    const bytes = toBuffer(data)
    if (this.#waiting === undefined) this.#sendBytes(bytes, options, callback)
    else this.#behindBlobs(bytes.length, callback, () => this.#sendBytes(bytes, options, callback))
  }

  #sendBytes(bytes: Buffer, options: SendOptions, callback: SendCallback | undefined): void {
    const connection = this.#connection
    const { compression } = connection
    const first = !this.#fragmenting
    const last = options.fin === true
    const compress =
      options.compress === true && compression !== undefined && bytes.length >= compression.thresholdBytes
    this.#fragmenting = !last
    if (options.mask === (this.#settings.role === 'client')) {
      connection.sendFragment(bytes, options.binary ? 'binary' : 'text', first, last, compress)
      this.#wrote(callback)
    } else this.#sendMasked(first ? (options.binary ? 2 : 1) : 0, bytes, options, compress, callback)
  }

  /** A frame that is masked, or not, as its sender's role does not have it. */
  #sendMasked(
    opcode: number,
    bytes: Buffer,
    { fin, mask }: SendOptions,
    compress: boolean,
    callback: SendCallback | undefined,
  ): void {
    const { compression } = this.#connection
    const isFirst = opcode !== 0
    const compressed = compress && compression !== undefined
    // A copy: what is sent may be changed by the program as soon as it has been sent.
    const payload = Buffer.from(compressed ? compression.compress(bytes, fin === true, isFirst) : bytes)
    const { generateMask } = this.#settings
    const options = { fin, mask, opcode, readOnly: false, rsv1: compressed && isFirst, generateMask }
    this.sendFrame(frame(payload, options), callback)
  }

  sendPing(data: unknown, mask: boolean, callback: SendCallback | undefined): void {
    this.#sendControl(9, data, mask, callback)
  }

  sendPong(data: unknown, mask: boolean, callback: SendCallback | undefined): void {
    this.#sendControl(10, data, mask, callback)
  }

  #sendControl(opcode: 9 | 10, data: unknown, mask: boolean, callback: SendCallback | undefined): void {
    if (byteLengthOf(data) > 125) throw new RangeError('The data size must not be greater than 125 bytes')
    const send = (bytes: Buffer): void => {
      if (mask !== (this.#settings.role === 'client')) {
        const options = { binary: true, compress: false, fin: true, mask }
        this.#sendMasked(opcode, bytes, options, false, callback)
        return
      }
      if (opcode === 9) this.#connection.sendPing(bytes)
      else this.#connection.sendPong(bytes)
      this.#wrote(callback)
    }
    if (isBlob(data)) {
      this.#behindBlobs(data.size, callback, () => this.#readBlob(data, callback, send))
    } else {
      const bytes = toBuffer(data)
      if (this.#waiting === undefined) send(bytes)
      else this.#behindBlobs(bytes.length, callback, () => send(bytes))
    }
  }

  /** Sends frames made elsewhere, which suit the role and what was agreed. */
  sendFrame(parts: readonly (string | Uint8Array)[], callback: SendCallback | undefined): void {
    for (const part of parts) {
      const bytes = typeof part === 'string' ? Buffer.from(part) : part
      this.#connection.sendFrame(bytes, 0, bytes.length)
    }
    this.#wrote(callback)
  }

  /** Starts the closing handshake. Throws where `code` or `data` cannot be sent; then nothing has happened. */
  startClose(code: unknown, data: unknown): void {
    if (code !== undefined && (typeof code !== 'number' || !isWireCloseCode(code))) {
      throw new TypeError('First argument must be a valid error code number')
    }
    const reason = code === undefined ? '' : reasonText(data)
    if (Buffer.byteLength(reason) > maxReasonBytes) {
      throw new RangeError('The message must not be greater than 123 bytes')
    }
    const send = (): void => {
      this.#connection.sendClose(code, reason)
      this.#wrote(undefined)
    }
    if (this.#waiting === undefined) send()
    else this.#behindBlobs(2 + reason.length, undefined, send)
    this.#owner._readyState = CLOSING
    this.#awaitClose()
  }

  /** Cuts the link; what was sent before is offered to the system first. */
  terminate(): void {
    this.flush()
    this.#cutClean = !this.stream.destroyed && !this.#behind
    this.#owner._closeFrameSent = this.#connection.closeSent !== undefined
    this.#connection.abandon()
    this.#link.destroy()
  }

  pause(): void {
    this.#link.pause()
    // For whoever looks at the socket: the link may read by itself.
    this.stream.pause()
  }

  resume(): void {
    this.#connection.resume()
    this.#wrote(undefined)
    if (this.#connection.paused) return
    this.#link.resume()
    this.stream.resume()
  }

  flush(): void {
    this.#scheduled = false
    const { output } = this.#connection
    if (output.pending > 0) {
      output.flush(this.#link)
      if (!this.#behind && this.#link.bufferedBytes > 0) {
        this.#behind = true
        this.#connection.holdPongs = true
      }
    }
    if (this.#ending && !this.#ended) {
      this.#ended = true
      this.#link.end()
      this.#afterEnd?.()
    }
  }

  /** Calls back when both close frames have passed and the link was ended, if ever. */
  afterEnd(callback: () => void): void {
    if (this.#ended) callback()
    else this.#afterEnd = callback
  }

  /** Within a large message: its beginning goes out before the rest is written. */
  full(): void {
    this.flush()
  }

  #wrote(callback: SendCallback | undefined): void {
    const { pending } = this.#connection.output
    if (pending >= flushAtBytes) this.flush()
    else if (pending > 0 && !this.#scheduled) {
      this.#scheduled = true
      turn.schedule(this)
    }
    if (callback === undefined) return
    if (this.#callbacks === undefined) {
      this.#callbacks = [callback]
      nextTick(settle, this)
    } else this.#callbacks.push(callback)
  }

  /** @internal Callbacks are called in a tick of their own, behind the write. */
  settle(): void {
    if (this.#closed) {
      this.#callBack(destroyed())
      return
    }
    this.flush()
    // What a link had not taken when it was cut, or broke, is the close's to tell.
    const lost = this.stream.destroyed && !this.#cutClean
    if (!lost && this.#link.bufferedBytes === 0) this.#callBack(undefined)
  }

  #callBack(error: Error | undefined): void {
    const callbacks = this.#callbacks
    this.#callbacks = undefined
    for (const callback of callbacks ?? []) safely(callback, error)
  }

  // ------------------------------------------------------------------------------------------------ behind blobs

  /** Sends at once, or when what was sent before has been. */
  #behindBlobs(bytes: number, callback: SendCallback | undefined, send: () => void): void {
    if (this.#waiting === undefined) {
      send()
      return
    }
    this.#waitingBytes += bytes
    this.#waiting.push({ bytes, callback, send })
  }

  #readBlob(
    blob: { readonly size: number; arrayBuffer(): Promise<ArrayBuffer> },
    callback: SendCallback | undefined,
    send: (bytes: Buffer) => void,
  ): void {
    this.#waiting ??= []
    this.#waitingBytes += blob.size
    blob.arrayBuffer().then(
      (bytes) => {
        // Out of the promise, so that what a callback throws is an exception as any other.
        process.nextTick(() => this.#blobRead(blob.size, () => send(Buffer.from(bytes)), callback))
      },
      (error: Error) => {
        process.nextTick(() => this.#blobFailed(error, callback))
      },
    )
  }

  #blobRead(size: number, send: () => void, callback: SendCallback | undefined): void {
    if (this.stream.destroyed) {
      this.#dropWaiting(new Error('The socket was closed while the blob was being read'), callback)
      return
    }
    this.#waitingBytes -= size
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    send()
    while (waiting.length > 0 && this.#waiting === undefined) {
      const next = waiting.shift() as Waiting
      this.#waitingBytes -= next.bytes
      next.send()
    }
    // The next blob has begun: the others go on waiting behind it.
    if (waiting.length > 0) this.#waiting = waiting
  }

  #blobFailed(error: Error, callback: SendCallback | undefined): void {
    this.#dropWaiting(error, callback)
    const owner = this.#owner
    if (owner._readyState === CLOSED) return
    if (owner._readyState === OPEN) {
      owner._readyState = CLOSING
      this.#awaitClose()
    }
    this.#end()
    this.#emitError(error)
  }

  #dropWaiting(error: Error, callback: SendCallback | undefined): void {
    if (callback !== undefined) safely(callback, error)
    for (const { callback: other } of this.#waiting ?? []) if (other !== undefined) safely(other, error)
    this.#waiting = []
  }

  // ------------------------------------------------------------------------------------------------ from the link

  received(bytes: Uint8Array): void {
    this.#connection.receive(bytes)
    this.#wrote(undefined)
  }

  drained(): void {
    if (this.#connection.output.pending > 0) {
      this.flush()
      if (this.#link.bufferedBytes > 0) return
    }
    this.#behind = false
    this.#connection.holdPongs = false
    this.#connection.payPong()
    this.#wrote(undefined)
    this.#callBack(undefined)
  }

  ended(): void {
    this.#owner._readyState = CLOSING
    this.#end()
  }

  closed(error: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    const owner = this.#owner
    owner._readyState = CLOSING
    owner._closeFrameSent ||= this.#connection.closeSent !== undefined
    this.#connection.linkClosed()
    if (owner._closeTimer !== null) clearTimeout(owner._closeTimer)
    if (this.#callbacks !== undefined) this.#callBack(error ?? destroyed())
    safely(() => owner.emitClose(), undefined)
  }

  // ------------------------------------------------------------------------------------------------ from the connection

  text(data: Buffer): void {
    this.#frames = undefined
    this.#emit('message', data, false)
  }

  binary(data: Uint8Array, owned: boolean): void {
    const { binaryType } = this.#owner
    const frames = this.#frames
    this.#frames = undefined
    this.#emit('message', binaryData(binaryType, data, owned, frames), true)
  }

  frame(length: number): void {
    if (this.#owner.binaryType !== 'fragments') return
    this.#frames ??= []
    this.#frames.push(length)
  }

  fragment(): void {
    // Messages are not streamed.
  }

  ping(data: Uint8Array): void {
    this.#emit('ping', controlData(data), undefined)
  }

  pong(data: Uint8Array): void {
    this.#emit('pong', controlData(data), undefined)
  }

  /** The peer's close frame, already answered. */
  close(code: number, _reason: string, payload: Uint8Array): void {
    const owner = this.#owner
    owner._closeFrameReceived = true
    owner._closeCode = code
    owner._closeMessage = reasonOf(payload)
    if (owner._readyState === OPEN) {
      owner._readyState = CLOSING
      this.#awaitClose()
    }
    this.#end()
  }

  failed(error: ProtocolError): void {
    const owner = this.#owner
    if (owner._readyState === OPEN) {
      owner._readyState = CLOSING
      this.#awaitClose()
    }
    this.#end()
    // The peer's fault: whoever does not listen is not to be ended by it.
    nextTick(() => {
      if (owner.listenerCount('error') > 0)
        this.#emitError(frameErrorOf(error, this.#connection, this.#settings.limits))
    })
  }

  #emit(event: 'message' | 'ping' | 'pong', data: unknown, isBinary: boolean | undefined): void {
    try {
      if (isBinary === undefined) this.#owner.emit(event, data)
      else this.#owner.emit(event, data, isBinary)
    } catch (error) {
      throwLater(error)
    }
    if (!this.#settings.synchronousEvents) this.#rest()
  }

  /** No further event in this turn. */
  #rest(): void {
    this.#connection.pause()
    this.#link.pause()
    setImmediate(() => {
      this.#connection.resume()
      this.#wrote(undefined)
      if (!this.#owner.isPaused && !this.#connection.paused) this.#link.resume()
    })
  }

  #emitError(error: Error): void {
    const owner = this.#owner
    if (owner._errorEmitted) return
    owner._errorEmitted = true
    owner.emit('error', error)
  }

  #awaitClose(): void {
    const owner = this.#owner
    owner._closeTimer ??= setTimeout(cut, owner._closeTimeout, this.#link)
  }

  #end(): void {
    this.#ending = true
    if (this.#connection.output.pending === 0) this.flush()
    else this.#wrote(undefined)
  }
}

function start(carrier: Carrier): void {
  carrier.start()
}

function settle(carrier: Carrier): void {
  carrier.settle()
}

function cut(link: Link): void {
  link.destroy()
}

/** A binary message as `type` has it. */
export function binaryData(
  type: BinaryType,
  data: Uint8Array,
  owned: boolean,
  frames: readonly number[] = [],
): Buffer | ArrayBuffer | Buffer[] | Blob {
  if (type === 'arraybuffer') {
    return owned && data.length === data.buffer.byteLength
      ? (data.buffer as ArrayBuffer)
      : new Uint8Array(data).buffer
  }
  if (type === 'blob') return new Blob([new Uint8Array(data)])
  const buffer = owned ? Buffer.from(data.buffer, data.byteOffset, data.length) : kept(data, 0, data.length)
  return type === 'fragments' ? fragments(buffer, frames) : buffer
}

/** A message as its frames had it; one that was compressed is one piece. */
function fragments(message: Buffer, frames: readonly number[]): Buffer[] {
  if (frames.reduce((sum, length) => sum + length, 0) !== message.length) return [message]
  const pieces: Buffer[] = []
  let at = 0
  for (const length of frames) {
    if (length > 0) pieces.push(message.subarray(at, at + length))
    at += length
  }
  return pieces
}

/** The reason in the payload of a close frame. */
export function reasonOf(payload: Uint8Array): Buffer {
  return payload.length > 2 ? Buffer.from(payload.subarray(2)) : emptyBuffer
}

/** The payload of a ping or a pong, which is the receiver's to keep. */
export function controlData(data: Uint8Array): Buffer {
  return data.length === 0 ? emptyBuffer : Buffer.from(data.buffer, data.byteOffset, data.length)
}

/** What a callback throws is thrown all the same, but the connection goes on as it should. */
function safely(callback: SendCallback, error: Error | undefined): void {
  try {
    if (error === undefined) callback()
    else callback(error)
  } catch (thrown) {
    throwLater(thrown)
  }
}

function destroyed(): Error {
  return Object.assign(new Error('Cannot call write after a stream was destroyed'), {
    code: 'ERR_STREAM_DESTROYED',
  })
}
