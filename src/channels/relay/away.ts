import { toJson } from '../../codec/json.ts'
import type { Unit } from '../../session/outbox.ts'
import type { WheelEntry } from '../../util/timer-wheel.ts'
import type { Transfer } from '../carrier.ts'
import type { DistantCarrier } from '../session-port.ts'
import type { Act, MessageToHome, MessageToRelay, Refusal, SessionClaim } from './messages.ts'
import { RemoteSession } from './remote-session.ts'

/** How long a node may take to answer. */
export const answerMs = 5_000
/** Requests to other nodes that may be without an answer at a time: more of them come from nobody honest. */
const maxAsked = 1_000

/** What came of asking for a session of another node. */
export type Reached<Encoded extends Unit> =
  | { readonly session: RemoteSession<Encoded>; readonly replayed: number }
  | { readonly reason: Refusal }
  /** Too many ask at a time. */
  | { readonly reason: 'overload' }

export interface AwayHost {
  send(node: string, message: MessageToHome): void
  wait(entry: WheelEntry, delayMs: number): void
  stopWaiting(entry: WheelEntry): void
}

/** Something another node was asked for. */
interface Question extends WheelEntry {
  readonly home: string
  /** Nothing: no answer will come. */
  answer(message: MessageToRelay | undefined): void
}

/** Clients of this node whose sessions live on others. */
export class Away {
  readonly #host: AwayHost
  /** By the number that is said to the other node. */
  readonly #asked = new Map<number, Question>()
  readonly #sessions = new Map<number, { readonly home: string; readonly session: RemoteSession }>()
  #relays = 0

  constructor(host: AwayHost) {
    this.#host = host
  }

  get size(): number {
    return this.#asked.size + this.#sessions.size
  }

  /** Lets `carrier` take up a session behind `position`. */
  attach<Encoded extends Unit>(
    home: string,
    claim: SessionClaim,
    { position, attempt }: { readonly position: number; readonly attempt?: number | undefined },
    transfer: Transfer<Encoded>,
    carrier: DistantCarrier,
  ): Promise<Reached<Encoded>> {
    if (this.#asked.size >= maxAsked) return Promise.resolve({ reason: 'overload' })
    const relay = this.#next()
    const host = {
      send: (message: MessageToHome) => this.#host.send(home, message),
      over: () => void this.#sessions.delete(relay),
    }
    return new Promise((resolve) => {
      this.#ask(relay, home, (message) => {
        if (message?.what === 'attached') {
          const session = new RemoteSession<Encoded>(relay, host, carrier, transfer, position)
          this.#sessions.set(relay, { home, session: session as unknown as RemoteSession })
          session.hear(message)
          resolve({ session, replayed: message.replayed })
        } else {
          // It may answer yet, when nobody waits any more.
          if (message === undefined) this.#host.send(home, { what: 'gone', relay })
          resolve({ reason: message?.what === 'refused' ? message.reason : 'unknown' })
        }
      })
      this.#host.send(home, { what: 'attach', relay, position, attempt, ...claim })
    })
  }

  /** Hands in acts of a client; answers with the largest number the session has, or with nothing where it is not known. */
  post(home: string, claim: SessionClaim, acts: readonly Act[]): Promise<number | 'overload' | undefined> {
    if (this.#asked.size >= maxAsked) return Promise.resolve('overload')
    const relay = this.#next()
    return new Promise((resolve) => {
      this.#ask(relay, home, (message) => {
        resolve(message?.what === 'posted' ? (message.received ?? undefined) : undefined)
      })
      const texts = acts.map((act) => toJson(act))
      this.#host.send(home, { what: 'post', relay, acts: texts, ...claim })
    })
  }

  /** The home of a session says something. */
  hear(from: string, message: MessageToRelay): void {
    const question = this.#asked.get(message.relay)
    if (question?.home === from) {
      this.#answer(message.relay, message)
      return
    }
    const known = this.#sessions.get(message.relay)
    if (known?.home !== from || message.what === 'refused' || message.what === 'posted') return
    known.session.hear(message)
  }

  /** What comes from `node`, or from any, has no certain way any more. */
  lost(node: string | undefined): void {
    for (const [relay, { home }] of [...this.#asked])
      if (node === undefined || home === node) this.#answer(relay, undefined)
    for (const [relay, { home, session }] of [...this.#sessions]) {
      if (node !== undefined && home !== node) continue
      this.#host.send(home, { what: 'gone', relay })
      const message = 'The node of this session does not answer'
      session.close({ why: 'goingAway', message, reconnect: true })
    }
  }

  #next(): number {
    this.#relays += 1
    return this.#relays
  }

  #ask(relay: number, home: string, answer: Question['answer']): void {
    const question = { home, answer, wheelTick: -1, expire: () => this.#answer(relay, undefined) }
    this.#asked.set(relay, question)
    this.#host.wait(question, answerMs)
  }

  #answer(relay: number, message: MessageToRelay | undefined): void {
    const question = this.#asked.get(relay)
    if (question === undefined) return
    this.#asked.delete(relay)
    this.#host.stopWaiting(question)
    question.answer(message)
  }
}
