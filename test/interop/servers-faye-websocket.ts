import { createRequire } from 'node:module'
import { listenHttp } from './servers-http.ts'
import { type ForeignServerKind, Reports, spoken } from './servers-kind.ts'

interface Faye {
  readonly protocol: string
  send(data: string | Buffer): void
  ping(data: string, answered: () => void): void
  close(code: number, reason: string): void
  on(event: 'open', listener: () => void): void
  on(event: 'message', listener: (event: { data: string | Buffer }) => void): void
  on(event: 'close', listener: (event: { code: number; reason: string }) => void): void
}

const Faye = createRequire(import.meta.url)('faye-websocket') as new (...parts: unknown[]) => Faye

export const fayeWebsocket: ForeignServerKind = {
  name: 'faye-websocket',
  extensions: '',
  fragments: [],
  answerTo: (code) => code,
  listen: (secure) =>
    listenHttp(secure, (server, connected) => {
      server.on('upgrade', (request, stream, head) => {
        const socket = new Faye(request, stream, head, [spoken])
        const { messages, pongs, closed, close } = reportsOf(socket)
        socket.on('open', () =>
          connected({
            protocol: socket.protocol,
            messages,
            pongs,
            closed,
            send: (data) => socket.send(typeof data === 'string' ? data : Buffer.from(data)),
            ping: (data) => socket.ping(data, () => pongs.push(data)),
            close: (code, reason) => socket.close(code, reason),
            drop: () => stream.destroy(),
            waiting: () => stream.writableLength,
          }),
        )
        socket.on('close', ({ code, reason }) => close(code, reason))
      })
    }),
}

function reportsOf(socket: Faye) {
  const reports = new Reports()
  socket.on('message', ({ data }) => reports.messages.push(data))
  const { messages, pongs, closed } = reports
  return { messages, pongs, closed, close: reports.close.bind(reports) }
}
