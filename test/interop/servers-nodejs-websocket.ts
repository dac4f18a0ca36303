import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { certificate } from '../wire/certificate.ts'
import { Inbox } from '../wire/inbox.ts'
import { urlOf } from './servers-http.ts'
import { type ForeignConnection, type ForeignServerKind, Reports, spoken } from './servers-kind.ts'

interface Connection {
  readonly protocol: string | undefined
  readonly socket: Socket
  sendText(text: string): void
  sendBinary(data: Buffer): void
  beginBinary(): Writable
  sendPing(data: string): void
  close(code: number, reason: string): void
  on(event: 'text', listener: (text: string) => void): void
  on(event: 'binary', listener: (data: Readable) => void): void
  on(event: 'pong', listener: (data: string) => void): void
  on(event: 'close', listener: (code: number, reason: string) => void): void
  on(event: 'error', listener: (error: Error) => void): void
}

const library = createRequire(import.meta.url)('nodejs-websocket') as {
  createServer(
    options: object,
    connected: (connection: Connection) => void,
  ): { readonly socket: Server; listen(port: number, host: string): void }
  setBinaryFragmentation(bytes: number): void
}

export const nodejsWebsocket: ForeignServerKind = {
  name: 'nodejs-websocket',
  // After its answer to a close frame it leaves the connection open: only the client's patience ends it.
  options: { limits: { closeTimeoutMs: 500 } },
  extensions: '',
  fragments: ['binary'],
  answerTo: (code) => code,
  async listen(secure) {
    const connections = new Inbox<ForeignConnection>()
    const sockets = new Set<Socket>()
    const settings = { secure, ...certificate, validProtocols: [spoken] }
    const server = library.createServer(settings, (connection) => {
      sockets.add(connection.socket)
      connections.push(connectionOf(connection))
    })
    library.setBinaryFragmentation(4000)
    server.listen(0, '127.0.0.1')
    await once(server.socket, 'listening')
    return {
      url: urlOf(server.socket.address() as AddressInfo, secure),
      connections,
      async close() {
        for (const socket of sockets) socket.destroy()
        await new Promise((resolve) => server.socket.close(resolve))
      },
    }
  },
}

function connectionOf(connection: Connection): ForeignConnection {
  const reports = new Reports()
  // Binary messages come as streams, which texts would overtake.
  let earlier = Promise.resolve()
  const inTurn = (message: string | Promise<Buffer>): void => {
    earlier = earlier.then(async () => reports.messages.push(await message))
  }
  connection.on('text', inTurn)
  connection.on('binary', (data) => inTurn(buffer(data)))
  connection.on('pong', reports.pongs.push)
  connection.on('close', (code, reason) => reports.close(code, reason))
  connection.on('error', () => {})
  return {
    protocol: connection.protocol ?? '',
    messages: reports.messages,
    pongs: reports.pongs,
    closed: reports.closed,
    send(data) {
      if (typeof data === 'string') connection.sendText(data)
      else connection.sendBinary(Buffer.from(data))
    },
    sendFragments(pieces) {
      const message = connection.beginBinary()
      for (const piece of pieces) message.write(piece)
      message.end()
    },
    ping: (data) => connection.sendPing(data),
    close: (code, reason) => connection.close(code, reason),
    drop: () => connection.socket.destroy(),
    waiting: () => connection.socket.writableLength,
  }
}
