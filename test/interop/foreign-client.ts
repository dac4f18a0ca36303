import { Inbox } from '../wire/inbox.ts'

export interface ClosedAs {
  readonly code: number
  readonly reason: string
}

/** A client by others that is connected, behind one face. */
export interface ForeignClient {
  readonly protocol: string
  /** Names the extensions agreed on, as far as the client tells. */
  readonly extensions: string
  readonly messages: Inbox<string | Uint8Array>
  /** What it reports when its connection is gone. */
  readonly closed: Promise<ClosedAs>
  send(data: string | Uint8Array): void
  /** One message in several frames. */
  sendFragments(pieces: readonly string[] | readonly Uint8Array[]): void
  close(code: number, reason: string): void
  /** Cuts the connection. */
  drop(): void
}

/** What a client can do; what it cannot is not tested. */
export interface ForeignKind {
  readonly name: string
  readonly compresses: boolean
  /** Types of messages it can be told to send in fragments. */
  readonly fragments: readonly ('text' | 'binary')[]
  /** Whether it refuses a server that chose none of the subprotocols it offered. */
  readonly insistsOnProtocol: boolean
  /** Code of its answer to a close frame of ours. */
  answerTo(code: number): number
  readonly canDrop: boolean
  readonly canTrust: boolean
  /** Whether it speaks HTTP/2, which it only does over TLS. */
  readonly http2?: boolean
  /** Whether it leaves its side open after the closing handshake, so that the server has to cut it. */
  readonly staysOpen?: boolean
  connect(url: string, protocols: string[]): Promise<ForeignClient>
}

/** Gathers what a client reports, whatever its events are called. */
export class Reports {
  readonly messages: Inbox<string | Uint8Array> = new Inbox()
  readonly closed: Promise<ClosedAs>
  readonly opened: Promise<void>
  open!: () => void
  /** Counts as long as it is not open yet. */
  fail!: (error: unknown) => void
  close!: (code: number, reason: string) => void

  constructor() {
    this.closed = new Promise((resolve) => {
      this.close = (code, reason) => {
        this.fail(new Error(`Closed with ${code} before it was open`))
        resolve({ code, reason })
      }
    })
    this.opened = new Promise((resolve, reject) => {
      this.open = resolve
      this.fail = reject
    })
  }
}
