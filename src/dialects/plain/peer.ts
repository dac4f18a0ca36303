import type { Carrier, Encoder, Ending } from '../../channels/carrier.ts'
import type { Core } from '../../channels/core.ts'
import type { Credentials } from '../../channels/principal.ts'
import type { Session } from '../../channels/session.ts'
import type { Position } from '../../codec/frame.ts'
import type { PlainUnit } from './encoder.ts'

/** Where what a client hears goes: a WebSocket, a stream, the answer to a request. */
export interface Outlet {
  /** The next event. False where no further one is wanted until `wake`. */
  write(unit: PlainUnit): boolean
  /** The server ended it. */
  ended(ending: Ending): void
}

/** A client without a library: a session that is in one channel, and lasts as long as its connection. */
export class Peer implements Carrier {
  readonly #outlet: Outlet
  #channel: string
  #session: Session<PlainUnit> | undefined
  #slow = false
  #gone = false
  #number = 0

  constructor(channel: string, outlet: Outlet) {
    this.#channel = channel
    this.#outlet = outlet
  }

  /** Begins the session and joins. Rejects with what `authenticate` refuses with; a refused join is an event. */
  async open(
    core: Core,
    encoder: Encoder<PlainUnit>,
    credentials: Credentials,
    join: { readonly params: unknown; readonly since: Position | undefined },
  ): Promise<void> {
    const { session } = await core.open(encoder, credentials)
    if (this.#gone) {
      session.end({ why: 'normal' })
      return
    }
    this.#session = session
    session.attach(this, 0)
    session.receive({ type: 'join', id: this.#next(), channel: this.#channel, ...join })
  }

  /** The client says something. */
  send(event: string, body: unknown): void {
    this.#session?.receive({ type: 'send', id: this.#next(), channel: this.#channel, event, body })
  }

  /** The client asks something; the answer is an event. */
  call(event: string, body: unknown): number {
    const id = this.#next()
    this.#session?.receive({ type: 'call', id, channel: this.#channel, event, body })
    return id
  }

  /** Leave for one more item of the answer to a call. */
  more(of: number): void {
    this.#session?.receive({ type: 'more', id: this.#next(), of, items: 1 })
  }

  /** The outlet has room again. */
  drained(): void {
    this.#slow = false
    this.wake()
  }

  wake(): void {
    const session = this.#session
    if (session === undefined) return
    while (!this.#slow && !this.#gone) {
      const unit = session.take(this)
      if (unit === undefined) return
      // Whoever has no protocol cannot ask again: what was written counts as heard.
      session.acknowledge(session.position)
      if (unit.event.type === 'moved') this.#channel = unit.event.channel
      this.#slow = !this.#outlet.write(unit)
    }
  }

  close(ending: Ending): void {
    this.#gone = true
    this.#outlet.ended(ending)
  }

  /** The connection is gone, and with it the session. */
  lost(): void {
    this.#gone = true
    this.#session?.end({ why: 'normal' })
  }

  #next(): number {
    this.#number += 1
    return this.#number
  }
}
