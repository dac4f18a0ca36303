/** What the tests use of clients that come without types. */

declare module 'nodejs-websocket' {
  import type { EventEmitter } from 'node:events'
  import type { Socket } from 'node:net'
  import type { Readable, Writable } from 'node:stream'

  interface Connection extends EventEmitter {
    readonly protocol: string | undefined
    readonly headers: Record<string, string>
    readonly socket: Socket
    sendText(text: string): void
    sendBinary(data: Buffer): void
    beginBinary(): Writable
    close(code: number, reason: string): void
    on(event: 'connect', listener: () => void): this
    on(event: 'text', listener: (text: string) => void): this
    on(event: 'binary', listener: (data: Readable) => void): this
    on(event: 'close', listener: (code: number, reason: string) => void): this
    on(event: 'error', listener: (error: Error) => void): this
  }

  const client: {
    connect(url: string, options: { protocols: string[]; ca: string }): Connection
    setBinaryFragmentation(bytes: number): void
  }
  export default client
}

declare module 'faye-websocket' {
  import type { Socket } from 'node:net'

  class Client {
    constructor(url: string, protocols: string[], options: { ca: string })
    readonly protocol: string
    readonly headers: Record<string, string>
    readonly _stream: Socket
    send(data: string | Buffer): void
    close(code: number, reason: string): void
    on(event: 'open', listener: () => void): void
    on(event: 'message', listener: (event: { data: string | Buffer }) => void): void
    on(event: 'close', listener: (event: { code: number; reason: string }) => void): void
    on(event: 'error', listener: (event: { message: string }) => void): void
  }

  const faye: { Client: typeof Client }
  export default faye
}
