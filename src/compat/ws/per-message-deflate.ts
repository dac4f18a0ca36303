import { Buffer } from 'node:buffer'
import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  deflateRawSync,
  type InflateRaw,
  type ZlibOptions,
} from 'node:zlib'
import { flushTail, MessageCompression } from '../../protocol/compression.ts'
import { runtime } from '../../runtime/node/runtime.ts'
import { perMessageDeflateName } from './constants.ts'
import type { ParameterValues } from './extension.ts'
import { statusCode } from './frame-errors.ts'

/** What one side wants of permessage-deflate. */
export interface PerMessageDeflateOptions {
  /** Size of the client's window, 8 to 15; `true` says that it may be limited. */
  readonly clientMaxWindowBits?: boolean | number | undefined
  readonly clientNoContextTakeover?: boolean | undefined
  readonly serverMaxWindowBits?: boolean | number | undefined
  readonly serverNoContextTakeover?: boolean | undefined
  /** Compression runs within the turn that sends: nothing is ever put in a queue. Taken, and without effect. */
  readonly concurrencyLimit?: number | undefined
  /** Messages of less bytes are not compressed, where no window is kept between them. @default 1024 */
  readonly threshold?: number | undefined
  readonly zlibDeflateOptions?: ZlibOptions | undefined
  readonly zlibInflateOptions?: ZlibOptions | undefined
}

/** What was agreed on, with the names of RFC 7692. */
export interface AgreedParameters {
  client_max_window_bits?: number | boolean
  client_no_context_takeover?: boolean
  server_max_window_bits?: number | boolean
  server_no_context_takeover?: boolean
}

type Parameter = keyof AgreedParameters
type ZlibCallback = (error: Error | null, data?: Buffer) => void

/** permessage-deflate of one connection: its negotiation, and zlib for programs that frame messages by themselves. */
export class PerMessageDeflate {
  readonly _options: PerMessageDeflateOptions & { isServer?: boolean; maxPayload?: number }
  readonly _threshold: number
  readonly _maxPayload: number
  readonly _isServer: boolean
  _deflate: DeflateRaw | null = null
  _inflate: InflateRaw | null = null
  params: AgreedParameters | null = null
  /** The operation under way, and those behind it. */
  #jobs: (() => void)[] = []
  #compressing: ZlibCallback | undefined

  constructor(options?: PerMessageDeflateOptions & { isServer?: boolean; maxPayload?: number }) {
    this._options = options ?? {}
    this._threshold = this._options.threshold ?? 1024
    this._maxPayload = (this._options.maxPayload ?? 0) | 0
    this._isServer = this._options.isServer === true
  }

  static get extensionName(): string {
    return perMessageDeflateName
  }

  /** Whether our window is kept between messages. */
  get keepsWindow(): boolean {
    return this.params?.[`${this._isServer ? 'server' : 'client'}_no_context_takeover`] !== true
  }

  /** What a client offers. */
  offer(): AgreedParameters {
    const {
      serverNoContextTakeover,
      clientNoContextTakeover,
      serverMaxWindowBits,
      clientMaxWindowBits = true,
    } = this._options
    const offered: AgreedParameters = {}
    if (serverNoContextTakeover || !runtime.deflate.windows) offered.server_no_context_takeover = true
    if (clientNoContextTakeover || !runtime.deflate.windows) offered.client_no_context_takeover = true
    if (serverMaxWindowBits) offered.server_max_window_bits = serverMaxWindowBits
    if (clientMaxWindowBits) offered.client_max_window_bits = clientMaxWindowBits
    return offered
  }

  /** Takes one of a client's offers, or a server's answer. Throws where that cannot be. */
  accept(configurations: ParameterValues[]): AgreedParameters {
    const read = configurations.map((parameters) => this.#read(parameters))
    this.params = this._isServer ? this.#acceptOffer(read) : this.#acceptAnswer(read[0] ?? {})
    return this.params
  }

  #acceptOffer(offers: readonly AgreedParameters[]): AgreedParameters {
    const {
      serverNoContextTakeover,
      clientNoContextTakeover,
      serverMaxWindowBits: serverBits,
      clientMaxWindowBits: clientBits,
    } = this._options
    const accepted = offers.find((offer) => {
      const { server_max_window_bits: server, client_max_window_bits: client } = offer
      if (serverNoContextTakeover === false && offer.server_no_context_takeover) return false
      if (
        server &&
        (serverBits === false || (typeof serverBits === 'number' && serverBits > Number(server)))
      ) {
        return false
      }
      if (typeof clientBits !== 'number') return true
      return typeof client === 'number' ? clientBits <= client : client === true
    })
    if (accepted === undefined) throw new Error('None of the extension offers can be accepted')
    if (serverNoContextTakeover || !runtime.deflate.windows) accepted.server_no_context_takeover = true
    if (clientNoContextTakeover || !runtime.deflate.windows) accepted.client_no_context_takeover = true
    if (typeof serverBits === 'number') accepted.server_max_window_bits = serverBits
    if (typeof clientBits === 'number') accepted.client_max_window_bits = clientBits
    else if (accepted.client_max_window_bits === true || clientBits === false) {
      delete accepted.client_max_window_bits
    }
    return accepted
  }

  #acceptAnswer(answer: AgreedParameters): AgreedParameters {
    const { clientNoContextTakeover, clientMaxWindowBits: bits } = this._options
    if (clientNoContextTakeover === false && answer.client_no_context_takeover) {
      throw new Error('Unexpected parameter "client_no_context_takeover"')
    }
    const answered = answer.client_max_window_bits
    if (!answered) {
      if (typeof bits === 'number') answer.client_max_window_bits = bits
    } else if (bits === false || (typeof bits === 'number' && Number(answered) > bits)) {
      throw new Error('Unexpected or invalid parameter "client_max_window_bits"')
    }
    return answer
  }

  /** Parameters with their values as they may be. */
  #read(parameters: ParameterValues): AgreedParameters {
    for (const [name, values] of Object.entries(parameters)) {
      if (values.length > 1) throw new Error(`Parameter "${name}" must have only a single value`)
      const [value = true] = values
      Object.assign(parameters, { [name]: this.#valueOf(name, value) })
    }
    return parameters as AgreedParameters
  }

  #valueOf(name: string, value: string | true): number | true {
    const isFlag = name === 'client_no_context_takeover' || name === 'server_no_context_takeover'
    if (!isFlag && name !== 'client_max_window_bits' && name !== 'server_max_window_bits') {
      throw new Error(`Unknown parameter "${name}"`)
    }
    const invalid = (): TypeError => new TypeError(`Invalid value for parameter "${name}": ${value}`)
    if (isFlag) {
      if (value !== true) throw invalid()
      return true
    }
    // Only in an offer the client's window may go without a size.
    if (value === true && name === 'client_max_window_bits' && this._isServer) return true
    const bits = value === true ? Number.NaN : Number(value)
    if (!Number.isInteger(bits) || bits < 8 || bits > 15) throw invalid()
    return bits
  }

  /** Lets go of zlib's memory. */
  cleanup(): void {
    this._inflate?.close()
    this._inflate = null
    this._deflate?.close()
    this._deflate = null
    const callback = this.#compressing
    this.#compressing = undefined
    callback?.(new Error('The deflate stream was closed while data was being processed'))
  }

  /** Compresses a message, or a fragment of one. */
  compress(data: Buffer | string, fin: boolean, callback: ZlibCallback): void {
    this.#add(() => this.#compress(data, fin, this.#done(callback)))
  }

  /** Inflates the payload of a message, or of a fragment of one. */
  decompress(data: Buffer, fin: boolean, callback: ZlibCallback): void {
    this.#add(() => this.#decompress(data, fin, this.#done(callback)))
  }

  /** One operation after the other: zlib's state is one. */
  #add(job: () => void): void {
    if (this.#jobs.push(job) === 1) job()
  }

  #done(callback: ZlibCallback): ZlibCallback {
    return (error, data) => {
      this.#jobs.shift()
      // What the callback adds finds nothing before it, and begins by itself.
      const [next] = this.#jobs
      if (error === null) callback(null, data)
      else callback(error)
      next?.()
    }
  }

  #compress(data: Buffer | string, fin: boolean, callback: ZlibCallback): void {
    this._deflate ??= createDeflateRaw({
      ...this._options.zlibDeflateOptions,
      windowBits: this.#windowBits(this._isServer ? 'server' : 'client'),
    })
    const deflate = this._deflate
    this.#compressing = callback
    const parts: Buffer[] = []
    const onData = (part: Buffer): void => {
      parts.push(part)
    }
    deflate.on('data', onData)
    deflate.write(data)
    deflate.flush(constants.Z_SYNC_FLUSH, () => {
      deflate.off('data', onData)
      if (this._deflate !== deflate) return
      this.#compressing = undefined
      const whole = Buffer.concat(parts)
      if (fin && !this.keepsWindow) deflate.reset()
      callback(null, fin ? whole.subarray(0, whole.length - flushTail.length) : whole)
    })
  }

  #decompress(data: Buffer, fin: boolean, callback: ZlibCallback): void {
    const peer = this._isServer ? 'client' : 'server'
    this._inflate ??= createInflateRaw({
      ...this._options.zlibInflateOptions,
      windowBits: this.#windowBits(peer),
    })
    const inflate = this._inflate
    const parts: Buffer[] = []
    let length = 0
    let failure: Error | undefined
    const onData = (part: Buffer): void => {
      length += part.length
      parts.push(part)
      if (this._maxPayload < 1 || length <= this._maxPayload || failure !== undefined) return
      failure = Object.assign(new RangeError('Max payload size exceeded'), {
        code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
        [statusCode]: 1009,
      })
      inflate.off('data', onData)
      inflate.reset()
    }
    const finish = (error: Error | undefined): void => {
      inflate.off('data', onData)
      inflate.off('error', onError)
      if (error === undefined) {
        callback(null, Buffer.concat(parts))
        return
      }
      this._inflate = null
      inflate.on('error', () => {})
      inflate.close()
      callback(error)
    }
    const onError = (error: Error): void => {
      finish(failure ?? Object.assign(error, { [statusCode]: 1007 }))
    }
    inflate.on('data', onData)
    inflate.on('error', onError)
    inflate.write(data)
    if (fin) inflate.write(flushTail)
    inflate.flush(() => {
      if (this._inflate !== inflate) return
      if (failure === undefined) {
        if (inflate.readableEnded) {
          inflate.close()
          this._inflate = null
        } else if (fin && this.params?.[`${peer}_no_context_takeover`]) inflate.reset()
      }
      finish(failure)
    })
  }

  #windowBits(side: 'client' | 'server'): number {
    const bits = this.params?.[`${side}_max_window_bits` satisfies Parameter]
    return typeof bits === 'number' ? bits : constants.Z_DEFAULT_WINDOWBITS
  }

  /** The compression of a connection on which these parameters were agreed. */
  messages(): MessageCompression {
    const { zlibDeflateOptions } = this._options
    const level = zlibDeflateOptions?.level ?? constants.Z_DEFAULT_LEVEL
    return new MessageCompression(
      this._isServer ? 'server' : 'client',
      {
        serverContextTakeover: this.params?.server_no_context_takeover !== true,
        clientContextTakeover: this.params?.client_no_context_takeover !== true,
        serverWindowBits: this.#windowBits('server'),
        clientWindowBits: this.#windowBits('client'),
      },
      zlibDeflateOptions === undefined
        ? runtime.deflate
        : { ...runtime.deflate, deflate: deflaterOf(zlibDeflateOptions) },
      // A window that is kept must see every message.
      { thresholdBytes: this.keepsWindow ? 0 : this._threshold, level: level < 0 ? 6 : level },
    )
  }
}

/** Compression with zlib's own options: memory, strategy, dictionary. */
function deflaterOf({ memLevel, strategy, chunkSize }: ZlibOptions): typeof runtime.deflate.deflate {
  return (data, windowBits, level, window) =>
    deflateRawSync(data, {
      ...(memLevel !== undefined && { memLevel }),
      ...(strategy !== undefined && { strategy }),
      ...(chunkSize !== undefined && { chunkSize }),
      windowBits: Math.max(windowBits, 9),
      level,
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(window && { dictionary: window }),
    })
}
