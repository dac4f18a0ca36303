import type { Closed, Handlers, Socket } from '../../src/server/index.ts'
import { Inbox } from './inbox.ts'

export type Happening =
  | ['open']
  | ['message', string | Uint8Array]
  | ['drain']
  | ['ping', string]
  | ['pong', string]
  | ['close', Closed]
  | ['error', Error & { code?: string }]

/** Handlers that write down what happens to the sockets of a server, in order. */
export class Recorder<Data = undefined> {
  readonly inbox = new Inbox<Happening>()
  /** The sockets that opened, in order. */
  readonly opened = new Inbox<Socket<Data>>()

  readonly handlers = {
    open: (socket) => {
      this.opened.push(socket)
      this.inbox.push(['open'])
    },
    message: (_, data) => this.inbox.push(['message', data]),
    drain: () => this.inbox.push(['drain']),
    ping: (_, data) => this.inbox.push(['ping', decoder.decode(data)]),
    pong: (_, data) => this.inbox.push(['pong', decoder.decode(data)]),
    close: (_, closed) => this.inbox.push(['close', closed]),
    error: (_, error) => this.inbox.push(['error', error]),
  } satisfies Handlers<Data>

  next(): Promise<Happening> {
    return this.inbox.next()
  }

  /** The next happening of this kind; those before it are forgotten. */
  async until<Kind extends Happening[0]>(kind: Kind): Promise<Extract<Happening, [Kind, ...unknown[]]>[1]> {
    for (;;) {
      const [found, value] = await this.inbox.next()
      if (found === kind) return value as Extract<Happening, [Kind, ...unknown[]]>[1]
    }
  }
}

const decoder = new TextDecoder()
