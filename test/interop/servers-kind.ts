import type { ClientOptions } from '../../src/index.ts'
import { Inbox } from '../wire/inbox.ts'

export type Message = string | Uint8Array

export interface Ending {
  readonly code: number
  readonly reason: string
}

/** A foreign server's end of a connection, and what it can be told to do. */
export interface ForeignConnection {
  readonly protocol: string
  readonly messages: Inbox<Message>
  /** Payloads. */
  readonly pongs: Inbox<string>
  readonly closed: Promise<Ending>
  send(data: Message): void
  sendFragments?(pieces: readonly Message[]): void
  ping(data: string): void
  close(code: number, reason: string): void
  /** Cuts the connection without a close frame. */
  drop(): void
  /** Payloads of pings, where the library tells of them. */
  readonly pings?: Inbox<string>
  /** Bytes that the client has not taken, where the library tells. */
  waiting?(): number
}

export interface ForeignServer {
  readonly url: string
  readonly connections: Inbox<ForeignConnection>
  close(): Promise<void>
}

/** A foreign server and its ways. */
export interface ForeignServerKind {
  readonly name: string
  /** What the client is told besides the certificate to trust. */
  readonly options?: ClientOptions
  /** What is agreed on. */
  readonly extensions: string
  /** Which messages it can be told to send in fragments. */
  readonly fragments: readonly ('text' | 'binary')[]
  /** The code with which it answers a close frame. */
  answerTo(code: number): number
  /** Listens on a free port; speaks the subprotocol `chat.v2`. */
  listen(secure: boolean): Promise<ForeignServer>
}

/** The subprotocol that every server speaks. */
export const spoken = 'chat.v2'

/** What a foreign server reports of a connection. */
export class Reports {
  readonly messages: Inbox<Message> = new Inbox()
  readonly pongs: Inbox<string> = new Inbox()
  readonly pings: Inbox<string> = new Inbox()
  readonly closed: Promise<Ending>
  #close: (ending: Ending) => void = () => {}

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#close = resolve
    })
  }

  close(code: number, reason: string): void {
    this.#close({ code, reason })
  }
}
