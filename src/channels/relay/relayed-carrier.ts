import { fromJson } from '../../codec/json.ts'
import { Allowance, Consumption } from '../../session/flow-window.ts'
import type { Unit } from '../../session/outbox.ts'
import type { Carrier, Ending, Transfer } from '../carrier.ts'
import type { Session } from '../session.ts'
import { perform } from './acting.ts'
import { type Act, type MessageToRelay, relayWindowBytes } from './messages.ts'

/** A session is told so often at most that its client was heard by another way. */
const aliveEveryMs = 5_000

/** What a relayed carrier needs of its node. */
export interface RelayedHost {
  /** Tells the node where the client is connected. */
  send(message: MessageToRelay): void
  /** It is over. */
  over(): void
  now(): number
}

/** A session's client that is connected to another node: one more carrier, which the session cannot tell from others. */
export class RelayedCarrier<Encoded extends Unit = Unit> implements Carrier {
  readonly #relay: number
  readonly #host: RelayedHost
  readonly #session: Session<Encoded>
  readonly #pack: Transfer<Encoded>['pack']
  readonly #allowance = new Allowance(relayWindowBytes)
  readonly #consumption = new Consumption(relayWindowBytes)
  #units: string[] = []
  #toldAlive = Number.NEGATIVE_INFINITY
  #isAttached = false
  #isOver = false

  constructor(relay: number, host: RelayedHost, session: Session<Encoded>, pack: Transfer<Encoded>['pack']) {
    this.#relay = relay
    this.#host = host
    this.#session = session
    this.#pack = pack
  }

  /** Takes the session up behind `position`, or says why that is impossible. */
  attach(position: number): void {
    const relay = this.#relay
    const attachment = this.#session.attach(this, position)
    if (attachment.resumed) {
      const { received } = this.#session
      this.#host.send({ what: 'attached', relay, replayed: attachment.replayed, received })
      this.#isAttached = true
      this.wake()
    } else {
      this.#isOver = true
      this.#host.send({ what: 'refused', relay, reason: attachment.reason })
      this.#host.over()
      // It cannot go on, and nobody else has its key.
      this.#session.end({ why: 'normal' })
    }
  }

  wake(): void {
    if (!this.#isAttached) return
    while (!this.#allowance.isSpent) {
      const unit = this.#session.take(this)
      if (unit === undefined) return
      const text = this.#pack(unit)
      this.#allowance.spend(text.length)
      // All of a turn goes as one.
      if (this.#units.push(text) === 1) queueMicrotask(() => this.#pass())
    }
  }

  alive(asks: boolean): void {
    const now = this.#host.now()
    if (!asks && now - this.#toldAlive < aliveEveryMs) return
    this.#toldAlive = now
    this.#host.send({ what: 'alive', relay: this.#relay, asks })
  }

  close(ending: Ending): void {
    if (this.#isOver) return
    this.#pass()
    this.#isOver = true
    this.#host.send({ what: 'end', relay: this.#relay, ending })
    this.#host.over()
  }

  /** The client has done this, each as JSON. */
  act(acts: readonly string[]): void {
    for (const act of acts) {
      if (this.#isOver) return
      perform(this.#session, fromJson(act) as Act)
    }
    if (this.#isOver) return
    const bytes = this.#consumption.consume(acts.reduce((sum, { length }) => sum + length, 0))
    this.#host.send({ what: 'heard', relay: this.#relay, received: this.#session.received, bytes })
  }

  /** The other node takes so much more. */
  grant(bytes: number): void {
    this.#allowance.grant(bytes)
    this.wake()
  }

  /** The connection is gone, or the way to it. */
  gone(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#host.over()
    this.#session.detach(this)
  }

  #pass(): void {
    const units = this.#units
    this.#units = []
    if (units.length > 0 && !this.#isOver) this.#host.send({ what: 'units', relay: this.#relay, units })
  }
}
