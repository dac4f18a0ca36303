import { ProtocolError } from '../errors.ts'
import { INTERNAL_ERROR } from '../protocol/close-code.ts'
import { CLOSED, OPEN } from '../protocol/ready-state.ts'
import type { TextCodec } from '../protocol/text.ts'
import type { Flushable, Turn } from '../transport/turn.ts'
import type { WebSocketCarrier } from '../transport/websocket-carrier.ts'

/** What was sent in one turn and may still wait: bytes of payload, and of frames on the wire. */
interface Sent {
  payload: number
  wire: number
}

/** What waits for a `Blob` to be read. */
interface Waiting {
  readonly data: string | Uint8Array | Blob
  readonly payload: number
}

/**
 * What a `WebSocket` sends: keeps the order between blobs, which have to be read first, and everything else, the
 * close frame included, and counts `bufferedAmount` as the standard wants it: bytes of payload that were queued and
 * not yet given to the network when this turn of the event loop began, plus all queued in this turn.
 */
export class Outbox implements Flushable {
  /** Bytes given to `send` that have not left. */
  #amount = 0
  /** Oldest first; where the link has taken everything, there is none. */
  #sent: Sent[] = []
  /** Payload that has left in this turn, and counts until its end. */
  #left = 0
  /** Whether something was sent in this turn. */
  #sentInTurn = false
  #waiting: Waiting[] | undefined
  #close: { readonly code: number | undefined; readonly reason: string } | undefined
  readonly #carrier: WebSocketCarrier<unknown>
  readonly #text: TextCodec
  readonly #turn: Turn

  constructor(carrier: WebSocketCarrier<unknown>, text: TextCodec, turn: Turn) {
    this.#carrier = carrier
    this.#text = text
    this.#turn = turn
  }

  get bufferedAmount(): number {
    if (!this.#sentInTurn) this.#settle()
    return this.#amount
  }

  /** Takes a message; once the closing handshake has begun it is only counted, for ever. */
  send(data: string | Uint8Array | Blob): void {
    const payload =
      typeof data === 'string' ? this.#text.byteLength(data) : data instanceof Blob ? data.size : data.length
    this.#amount += payload
    if (this.#close !== undefined || this.#carrier.readyState !== OPEN) return
    if (this.#waiting === undefined && !(data instanceof Blob)) {
      this.#write(data, payload)
      return
    }
    // The caller may change its bytes as soon as this call is over.
    const kept = data instanceof Uint8Array ? data.slice() : data
    if (this.#waiting !== undefined) this.#waiting.push({ data: kept, payload })
    else {
      this.#waiting = [{ data: kept, payload }]
      this.#readBlobs(this.#waiting)
    }
  }

  /** Starts the closing handshake, behind everything that was sent before. */
  close(code: number | undefined, reason: string): void {
    if (this.#waiting !== undefined) this.#close ??= { code, reason }
    else this.#carrier.sendClose(code, reason)
  }

  /** The turn is over; the carrier has flushed before. */
  flush(): void {
    this.#sentInTurn = false
    this.#amount -= this.#left
    this.#left = 0
    this.#settle()
  }

  async #readBlobs(waiting: Waiting[]): Promise<void> {
    for (let item = waiting[0]; item !== undefined; item = waiting[0]) {
      let { data } = item
      if (data instanceof Blob) {
        try {
          data = new Uint8Array(await data.arrayBuffer())
        } catch (cause) {
          const message = 'A Blob that was sent could not be read'
          this.#carrier.fail(
            new ProtocolError('ERR_STATE', INTERNAL_ERROR, { side: 'local', message, cause }),
          )
          return
        }
      }
      waiting.shift()
      if (this.#carrier.readyState === OPEN) this.#write(data, item.payload)
    }
    this.#waiting = undefined
    if (this.#close !== undefined) this.#carrier.sendClose(this.#close.code, this.#close.reason)
  }

  #write(data: string | Uint8Array, payload: number): void {
    if (!this.#sentInTurn) {
      this.#settle()
      this.#sent.push({ payload: 0, wire: 0 })
    }
    const before = this.#carrier.bufferedAmount
    if (typeof data === 'string') this.#carrier.sendText(data, true)
    else this.#carrier.sendBinary(data, true)
    const after = this.#carrier.bufferedAmount
    if (after === 0) {
      // Large output is sent at once, and all of it was taken.
      for (const sent of this.#sent) this.#left += sent.payload
      this.#left += payload
      this.#sent = [{ payload: 0, wire: 0 }]
    } else {
      const newest = this.#sent[this.#sent.length - 1] as Sent
      newest.payload += payload
      newest.wire += Math.max(after - before, 0)
    }
    if (this.#sentInTurn) return
    this.#sentInTurn = true
    this.#turn.schedule(this)
  }

  /** Takes off what has left; a turn of which a part has left still counts whole. */
  #settle(): void {
    // What was lost with the connection never left.
    if (this.#carrier.readyState === CLOSED) return
    const waiting = this.#carrier.bufferedAmount
    let wire = 0
    for (const sent of this.#sent) wire += sent.wire
    for (let oldest = this.#sent[0]; oldest !== undefined; oldest = this.#sent[0]) {
      wire -= oldest.wire
      if (wire < waiting) return
      this.#amount -= oldest.payload
      this.#sent.shift()
    }
  }
}
