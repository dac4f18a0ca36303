import type { Unit } from '../../session/outbox.ts'
import type { Encoder } from '../carrier.ts'
import type { Session } from '../session.ts'
import type { DistantCarrier } from '../session-port.ts'
import { Away, type Reached } from './away.ts'
import { Home } from './home.ts'
import type { Act, MessageToHome, NodeMessage, SessionClaim } from './messages.ts'
import { type LinkHost, NodeLink } from './node-link.ts'
import { homeOf } from './session-name.ts'

export interface RelaysHost extends Omit<LinkHost, 'isNeeded'> {
  readonly sessions: ReadonlyMap<string, Session>
  /** What other nodes may know of a key; nothing where it can be none. */
  digestOf(key: string): string | undefined
}

/** What a client shows to go on with its session. */
export interface SessionProof {
  readonly session: string
  readonly key: string
}

const toHome: ReadonlySet<string> = new Set([
  'attach',
  'acts',
  'grant',
  'gone',
  'post',
] satisfies MessageToHome['what'][])

/**
 * Sessions that go on through another node than their own: the session stays at home, with its handlers, data and calls; the
 * node where its client is now passes on what both say.
 */
export class Relays {
  readonly #host: RelaysHost
  readonly #link: NodeLink
  readonly #home: Home
  readonly #away: Away

  constructor(host: RelaysHost) {
    this.#host = host
    const isNeeded = (): boolean => host.sessions.size + this.#away.size > 0
    const { node, bus } = host
    this.#link = new NodeLink(
      {
        node,
        bus,
        isNeeded,
        beat: () => host.beat(),
        now: () => host.now(),
        wait: (entry, delayMs) => host.wait(entry, delayMs),
        stopWaiting: (entry) => host.stopWaiting(entry),
        report: (error) => host.report(error),
      },
      { message: (from, message) => this.#hear(from, message), lost: (name) => this.#lost(name) },
    )
    const send = (to: string, message: NodeMessage): void => this.#link.send(to, message)
    this.#home = new Home({ sessions: host.sessions, send, now: () => host.now() })
    this.#away = new Away({
      send,
      wait: (entry, delayMs) => host.wait(entry, delayMs),
      stopWaiting: (entry) => host.stopWaiting(entry),
    })
  }

  /** Clients of this node whose sessions live on others, or are being asked for. */
  get size(): number {
    return this.#away.size
  }

  /** Makes this node known to the others, so that they find its sessions. */
  open(): Promise<void> {
    return this.#link.open()
  }

  /** Lets `carrier` take up a session of another node, behind `position`. */
  async attach<Encoded extends Unit>(
    encoder: Encoder<Encoded>,
    carrier: DistantCarrier,
    proof: SessionProof & { readonly position: number; readonly attempt?: number | undefined },
  ): Promise<Reached<Encoded>> {
    const place = await this.#find(encoder, proof)
    if (place === undefined || encoder.transfer === undefined) return { reason: 'unknown' }
    return this.#away.attach(place.home, place.claim, proof, encoder.transfer, carrier)
  }

  /**
   * Hands in what the client of a session of another node does; answers with the largest number the session has, or with nothing
   * where it is not known.
   */
  async post<Encoded extends Unit>(
    encoder: Encoder<Encoded>,
    proof: SessionProof,
    acts: readonly Act[],
  ): Promise<number | 'overload' | undefined> {
    const place = await this.#find(encoder, proof)
    return place && this.#away.post(place.home, place.claim, acts)
  }

  /** Lets go of everything. */
  close(): void {
    this.#lost(undefined)
    void this.#link.close()
  }

  /** A name that says nothing costs nothing, and no topic is asked for that is not a node's. */
  async #find<Encoded extends Unit>(
    encoder: Encoder<Encoded>,
    { session, key }: SessionProof,
  ): Promise<{ home: string; claim: SessionClaim } | undefined> {
    const home = homeOf(session)
    if (home === undefined || home === this.#host.node) return undefined
    const digest = this.#host.digestOf(key)
    if (digest === undefined) return undefined
    return (await this.#link.finds(home))
      ? { home, claim: { session, digest, dialect: encoder.name } }
      : undefined
  }

  #hear(from: string, message: NodeMessage): void {
    if (toHome.has(message.what)) this.#home.hear(from, message as MessageToHome)
    else this.#away.hear(from, message as Exclude<NodeMessage, MessageToHome>)
  }

  #lost(node: string | undefined): void {
    this.#home.lost(node)
    this.#away.lost(node)
  }
}
