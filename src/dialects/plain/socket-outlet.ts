import type { Encoder, Ending } from '../../channels/carrier.ts'
import type { Core } from '../../channels/core.ts'
import { closeCodes, type WireError } from '../../codec/frame.ts'
import type { CallError, ErrorCode } from '../../errors.ts'
import type { Socket } from '../../server/socket.ts'
import { credentialsOf } from './credentials.ts'
import type { PlainUnit } from './encoder.ts'
import { type Outlet, Peer } from './peer.ts'
import { bodyOf } from './texts.ts'

/** Close codes of a join that was refused; 4403 for all others. */
const refusals: Partial<Record<ErrorCode, number>> = {
  ERR_UNAUTHORIZED: 4401,
  ERR_CHANNEL: 4404,
  ERR_HANDLER: 1011,
  ERR_RATE: 4429,
  ERR_TOO_MANY: 1013,
}

/** A plain WebSocket in a channel: each text it sends is an event, and each body that is published is a text. */
export class SocketOutlet implements Outlet {
  readonly #socket: Socket<SocketOutlet | undefined>
  readonly #event: string
  readonly #peer: Peer
  #joined = false

  constructor(socket: Socket<SocketOutlet | undefined>, channel: string, event: string) {
    this.#socket = socket
    this.#event = event
    this.#peer = new Peer(channel, this)
  }

  /** Joins; the socket is read when it is known who this is. */
  async open(core: Core, encoder: Encoder<PlainUnit>): Promise<void> {
    const { request } = this.#socket
    this.#socket.pause()
    try {
      const join = { params: Object.fromEntries(request.query), since: undefined }
      const credentials = { ...credentialsOf(request), remoteAddress: request.remoteAddress }
      await this.#peer.open(core, encoder, credentials, join)
      this.#socket.resume()
    } catch (error) {
      this.#refuse(error as CallError)
    }
  }

  received(data: string | Uint8Array): void {
    this.#peer.send(this.#event, typeof data === 'string' ? bodyOf(data) : data)
  }

  drained(): void {
    this.#peer.drained()
  }

  lost(): void {
    this.#peer.lost()
  }

  write({ event, message }: PlainUnit): boolean {
    if (event.type === 'joined') this.#joined = true
    else if (event.type === 'left') this.#socket.close(closeCodes[event.why], event.why)
    else if (event.type === 'error' && !this.#joined) this.#refuse(event.error)
    else if (message !== undefined) return this.#socket.sendShared(message) === 'sent'
    return true
  }

  ended({ why }: Ending): void {
    this.#socket.close(closeCodes[why], why)
  }

  #refuse({ code, reason }: Pick<WireError, 'code' | 'reason'>): void {
    this.#socket.resume()
    this.#socket.close(refusals[code] ?? 4403, reason !== undefined && reason.length < 40 ? reason : code)
  }
}
