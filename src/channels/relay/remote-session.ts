import type { NumberedFrame } from '../../codec/frame.ts'
import { toJson } from '../../codec/json.ts'
import { Allowance, Consumption } from '../../session/flow-window.ts'
import type { Unit } from '../../session/outbox.ts'
import type { Ending, SessionEvent, Transfer } from '../carrier.ts'
import type { DistantCarrier, SessionPort } from '../session-port.ts'
import { type Act, type MessageToHome, type MessageToRelay, relayWindowBytes } from './messages.ts'

/** What a remote session needs of its node. */
export interface RemoteHost {
  /** Tells the home of the session. */
  send(message: MessageToHome): void
  /** It is over, on this node. */
  over(): void
}

/**
 * A session that lives on another node, as a connection on this one sees it: what the home sends waits here until the
 * connection takes it, what the client does goes there. Both ways no more is under way than a window.
 */
export class RemoteSession<Encoded extends Unit = Unit> implements SessionPort<Encoded> {
  readonly #relay: number
  readonly #host: RemoteHost
  readonly #carrier: DistantCarrier
  readonly #transfer: Transfer<Encoded>
  readonly #allowance = new Allowance(relayWindowBytes)
  readonly #consumption = new Consumption(relayWindowBytes)
  /** What the connection has not taken. */
  #units: string[] = []
  #acts: string[] = []
  /** Position of the last unit the connection took. */
  #position: number
  #received = 0
  #isPaused = false
  #isOver = false

  constructor(
    relay: number,
    host: RemoteHost,
    carrier: DistantCarrier,
    transfer: Transfer<Encoded>,
    position: number,
  ) {
    this.#relay = relay
    this.#host = host
    this.#carrier = carrier
    this.#transfer = transfer
    this.#position = position
  }

  // ------------------------------------------------------------------------------------------------ for the connection

  get received(): number {
    return this.#received
  }

  take(): Encoded | undefined {
    const text = this.#units.shift()
    if (text === undefined) return undefined
    this.#position += 1
    const bytes = this.#consumption.consume(text.length)
    if (bytes > 0) this.#host.send({ what: 'grant', relay: this.#relay, bytes })
    return this.#transfer.unpack(text)
  }

  acknowledge(position: number): boolean {
    if (position > this.#position) return false
    this.#act({ type: 'ack', position })
    return true
  }

  receive(frame: NumberedFrame): void {
    this.#act(frame)
  }

  write(event: SessionEvent): void {
    this.#act({ type: 'tell', event })
  }

  detach(): void {
    if (this.#isOver) return
    this.#pass()
    this.#host.send({ what: 'gone', relay: this.#relay })
    this.#finish()
  }

  end(): void {
    this.#act({ type: 'close' })
  }

  // ------------------------------------------------------------------------------------------------ from the other node

  /** The home says something. */
  hear(message: Exclude<MessageToRelay, { what: 'refused' | 'posted' }>): void {
    if (this.#isOver) return
    switch (message.what) {
      case 'attached':
        this.#received = message.received
        break
      case 'units':
        this.#units.push(...message.units)
        this.#carrier.wake()
        break
      case 'heard':
        this.#heard(message.received, message.bytes)
        break
      case 'alive':
        this.#carrier.alive?.(message.asks)
        break
      case 'end':
        this.close(message.ending)
    }
  }

  /** The session, or the way to it, is over. */
  close(ending: Ending): void {
    if (this.#isOver) return
    this.#finish()
    this.#carrier.close(ending)
  }

  #heard(received: number, bytes: number): void {
    this.#allowance.grant(bytes)
    if (this.#isPaused && !this.#allowance.isSpent) {
      this.#isPaused = false
      this.#carrier.resume()
    }
    if (received === this.#received) return
    this.#received = received
    this.#carrier.confirm()
  }

  #act(act: Act): void {
    if (this.#isOver) return
    const text = toJson(act)
    this.#allowance.spend(text.length)
    if (this.#acts.push(text) === 1) queueMicrotask(() => this.#pass())
    if (!this.#allowance.isSpent || this.#isPaused) return
    this.#isPaused = true
    this.#carrier.pause()
  }

  #pass(): void {
    const acts = this.#acts
    this.#acts = []
    if (acts.length > 0) this.#host.send({ what: 'acts', relay: this.#relay, acts })
  }

  #finish(): void {
    this.#isOver = true
    this.#units = []
    this.#acts = []
    this.#host.over()
  }
}
