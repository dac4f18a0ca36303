import { fromJson } from '../../codec/json.ts'
import type { Session } from '../session.ts'
import { perform } from './acting.ts'
import type { Act, MessageToHome, MessageToRelay, SessionClaim } from './messages.ts'
import { RelayedCarrier } from './relayed-carrier.ts'

/** What the home of sessions needs of its node. */
export interface HomeHost {
  readonly sessions: ReadonlyMap<string, Session>
  send(node: string, message: MessageToRelay): void
  now(): number
}

/** Sessions of this node whose clients are connected to others. */
export class Home {
  readonly #host: HomeHost
  /** By node, and by the number that it gave. */
  readonly #carriers = new Map<string, Map<number, RelayedCarrier>>()

  constructor(host: HomeHost) {
    this.#host = host
  }

  /** Another node says what its client wants. */
  hear(from: string, message: MessageToHome): void {
    const { relay } = message
    if (message.what === 'attach') {
      this.#attach(from, relay, message)
      return
    }
    if (message.what === 'post') {
      this.#host.send(from, { what: 'posted', relay, received: this.#post(message, message.acts) })
      return
    }
    const carrier = this.#carriers.get(from)?.get(relay)
    if (carrier === undefined) {
      // The other node has not heard yet that it is over, or never will.
      if (message.what === 'acts')
        this.#host.send(from, { what: 'end', relay, ending: { why: 'goingAway', reconnect: true } })
    } else if (message.what === 'acts') carrier.act(message.acts)
    else if (message.what === 'grant') carrier.grant(message.bytes)
    else carrier.gone()
  }

  /** What goes to `node`, or to any, has no certain way any more. */
  lost(node: string | undefined): void {
    for (const [name, carriers] of node === undefined ? [...this.#carriers] : this.#of(node)) {
      for (const [relay, carrier] of [...carriers]) {
        carrier.gone()
        // It may be alive after all, and only be cut off for a while.
        const message = 'Two nodes of the server have lost each other'
        this.#host.send(name, { what: 'end', relay, ending: { why: 'goingAway', message, reconnect: true } })
      }
    }
  }

  #of(node: string): [string, Map<number, RelayedCarrier>][] {
    const carriers = this.#carriers.get(node)
    return carriers === undefined ? [] : [[node, carriers]]
  }

  #attach(from: string, relay: number, request: MessageToHome & { what: 'attach' }): void {
    const session = this.#find(request)
    const pack = session?.transfer?.pack
    if (session === undefined || pack === undefined) {
      this.#host.send(from, { what: 'refused', relay, reason: 'unknown' })
      return
    }
    if (!session.isLatest(request.attempt)) {
      this.#host.send(from, { what: 'refused', relay, reason: 'replaced' })
      return
    }
    const carriers = this.#carriers.get(from) ?? new Map<number, RelayedCarrier>()
    const host = {
      send: (message: MessageToRelay) => this.#host.send(from, message),
      over: () => {
        carriers.delete(relay)
        if (carriers.size === 0) this.#carriers.delete(from)
      },
      now: () => this.#host.now(),
    }
    const carrier = new RelayedCarrier(relay, host, session, pack)
    carriers.set(relay, carrier)
    this.#carriers.set(from, carriers)
    carrier.attach(request.position)
  }

  /** Answers with the largest number the session has. */
  #post(claim: SessionClaim, acts: readonly string[]): number | undefined {
    const session = this.#find(claim)
    if (session === undefined) return undefined
    for (const act of acts) perform(session, fromJson(act) as Act)
    session.alive(false)
    return session.received
  }

  #find({ session: id, digest, dialect }: SessionClaim): Session | undefined {
    const session = this.#host.sessions.get(id)
    return session?.dialect === dialect && session.key.matchesDigest(digest) ? session : undefined
  }
}
