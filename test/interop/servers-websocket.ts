import websocket from 'websocket'
import { listenHttp } from './servers-http.ts'
import { type ForeignConnection, type ForeignServerKind, Reports, spoken } from './servers-kind.ts'

/** WebSocket-Node. */
export const websocketNode: ForeignServerKind = {
  name: 'websocket',
  extensions: '',
  fragments: ['text', 'binary'],
  // It answers every close frame with 1000.
  answerTo: () => 1000,
  listen: (secure) =>
    listenHttp(secure, (httpServer, connected) => {
      const limit = 2 ** 21
      const host = new websocket.server({
        httpServer,
        maxReceivedFrameSize: limit,
        maxReceivedMessageSize: limit,
        fragmentOutgoingMessages: true,
        fragmentationThreshold: 4000,
      })
      host.on('request', (request) => {
        const protocol = request.requestedProtocols.includes(spoken) ? spoken : undefined
        const connection = request.accept(protocol, request.origin)
        connected(connectionOf(connection, protocol ?? ''))
      })
    }),
}

function connectionOf(connection: websocket.connection, protocol: string): ForeignConnection {
  const reports = new Reports()
  connection.on('message', (message) => {
    reports.messages.push(message.type === 'utf8' ? message.utf8Data : message.binaryData)
  })
  connection.on('ping', (_cancel, data) => reports.pings.push(String(data)))
  connection.on('pong', (data) => reports.pongs.push(String(data)))
  connection.on('close', (code, reason) => reports.close(code, reason))
  connection.on('error', () => {})
  const send = (data: string | Uint8Array): void => {
    if (typeof data === 'string') connection.sendUTF(data)
    else connection.sendBytes(Buffer.from(data))
  }
  return {
    protocol,
    messages: reports.messages,
    pings: reports.pings,
    pongs: reports.pongs,
    closed: reports.closed,
    send,
    // It cuts by itself what is longer than the threshold.
    sendFragments: (pieces) => {
      if (typeof pieces[0] === 'string') send(pieces.join(''))
      else send(Buffer.concat(pieces as Uint8Array[]))
    },
    ping: (data) => connection.ping(Buffer.from(data)),
    close: (code, reason) => connection.close(code, reason),
    drop: () => connection.socket.destroy(),
    waiting: () => connection.socket.writableLength,
  }
}
