// A connection under test: what it tells and what it writes, as lines that read like sentences.
import { createHash } from 'node:crypto'
import type {
  AgreedCompression,
  ConnectionSettings,
  ConnectionSink,
  Limits,
  ProtocolError,
  Role,
} from '../../src/protocol/index.ts'
import { Arena, Connection, MessageCompression, plainText } from '../../src/protocol/index.ts'
import { defaultLimits } from '../../src/protocol/limits.ts'
import { nodeDeflate } from '../../src/runtime/node/deflate.ts'
import { concat, type Frame, opcodes, readFrames, toHex } from './frames.ts'

export interface CoreOptions {
  readonly limits?: Partial<Limits>
  readonly streamed?: boolean
  readonly compression?: MessageCompression
  readonly arena?: Arena
  readonly allocate?: (bytes: number) => Uint8Array
}

export class Core implements ConnectionSink {
  readonly connection: Connection
  /** What it told, in order. */
  readonly events: string[] = []
  error: ProtocolError | undefined
  full?: () => void
  /** Called after each event, for tests that act from within. */
  onEvent: (event: string) => void = () => {}
  readonly #written: Uint8Array[] = []

  constructor(
    role: Role,
    { limits, streamed = false, compression, arena = new Arena(), allocate }: CoreOptions = {},
  ) {
    let keys = 0x9e37_79b9
    const settings: ConnectionSettings = {
      role,
      limits: { ...defaultLimits, ...limits },
      text: plainText,
      streamed,
      ...(allocate && { allocate }),
      maskingKey: () => (keys = Math.imul(keys, 0x85eb_ca6b) + 1),
    }
    this.connection = new Connection(settings, this, arena, compression)
  }

  /** Takes a copy: the connection may change its input. */
  receive(...chunks: readonly Uint8Array[]): this {
    for (const chunk of chunks) this.connection.receive(new Uint8Array(chunk))
    return this
  }

  /** Everything written so far, as bytes. */
  written(): Uint8Array {
    const { output } = this.connection
    if (output.pending > 0) output.flush({ write: (bytes) => this.#written.push(bytes.slice()) > 0 })
    return concat(...this.#written)
  }

  frames(): Frame[] {
    return readFrames(this.written())
  }

  /** Everything written so far, a line for each frame. */
  sent(): string[] {
    return this.frames().map(describeFrame)
  }

  text(data: string): void {
    this.#tell(`text ${quoted(data)}`)
  }

  binary(data: Uint8Array): void {
    this.#tell(`binary ${bytesText(data)}`)
  }

  fragment(data: Uint8Array, type: 'text' | 'binary', first: boolean, last: boolean): void {
    this.#tell(`${first ? 'first' : 'next'} ${type} ${bytesText(data)}${last ? ' last' : ''}`)
  }

  ping(data: Uint8Array): void {
    this.#tell(`ping ${bytesText(data)}`)
  }

  pong(data: Uint8Array): void {
    this.#tell(`pong ${bytesText(data)}`)
  }

  close(code: number, reason: string): void {
    this.#tell(`close ${code}${reason === '' ? '' : ` ${quoted(reason)}`}`)
  }

  failed(error: ProtocolError): void {
    this.error = error
    this.#tell(`failed ${error.closeCode} ${error.code}`)
  }

  #tell(event: string): void {
    this.events.push(event)
    this.onEvent(event)
  }
}

export function openCore(role: Role, options?: CoreOptions): Core {
  return new Core(role, options)
}

export const roles: readonly Role[] = ['server', 'client']

/** Both ends of an agreement; without context takeover and with full windows unless said otherwise. */
export function compressions(
  agreed: Partial<AgreedCompression> = {},
  { thresholdBytes = 0, level = 6 }: { thresholdBytes?: number; level?: number } = {},
): { client: MessageCompression; server: MessageCompression } {
  const whole: AgreedCompression = {
    serverContextTakeover: false,
    clientContextTakeover: false,
    serverWindowBits: 15,
    clientWindowBits: 15,
    ...agreed,
  }
  const options = { thresholdBytes, level }
  return {
    client: new MessageCompression('client', whole, nodeDeflate, options),
    server: new MessageCompression('server', whole, nodeDeflate, options),
  }
}

/** Text as it can stand in a line: repetitions counted, long texts by length and digest. */
export function quoted(text: string): string {
  const [character = ''] = text
  if (text.length > 64) {
    if (text === character.repeat(text.length / character.length))
      return `${JSON.stringify(character)}*${text.length / character.length}`
    return `#${text.length}:${digest(text)}`
  }
  return JSON.stringify(text)
}

export function bytesText(bytes: Uint8Array): string {
  if (bytes.length > 64) {
    if (Buffer.alloc(bytes.length, bytes[0]).equals(bytes))
      return `<${toHex(bytes.subarray(0, 1))}>*${bytes.length}`
    return `#${bytes.length}:${digest(bytes)}`
  }
  return `<${toHex(bytes)}>`
}

const digest = (data: string | Uint8Array) => createHash('sha1').update(data).digest('hex').slice(0, 8)

const opcodeNames: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(opcodes).map(([name, opcode]) => [opcode, name]),
)

/** `text <4869>`; a `-` for a frame that is not the last, `rsv…` for reserved bits, of a close frame only the code. */
export function describeFrame({ opcode, fin, rsv, payload }: Frame): string {
  const name = `${opcodeNames[opcode] ?? `opcode${opcode}`}${fin ? '' : '-'}${rsv === 0 ? '' : ` rsv${rsv}`}`
  if (opcode !== opcodes.close) return `${name} ${bytesText(payload)}`
  return payload.length === 0 ? name : `${name} ${((payload[0] as number) << 8) | (payload[1] as number)}`
}
