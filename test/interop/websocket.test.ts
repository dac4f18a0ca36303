import websocket from 'websocket'
import { ca, testFlows } from './flows.ts'
import { Reports } from './foreign-client.ts'

testFlows({
  name: 'WebSocket-Node',
  compresses: false,
  // By itself, whatever is longer than 16 KiB; between any two bytes.
  fragments: ['text', 'binary'],
  insistsOnProtocol: true,
  answerTo: () => 1000,
  canDrop: true,
  canTrust: true,
  async connect(url, protocols) {
    const client = new websocket.client({ tlsOptions: { ca } })
    const reports = new Reports()
    const connected = new Promise<websocket.connection>((resolve, reject) => {
      client.on('connect', resolve)
      client.on('connectFailed', reject)
    })
    client.connect(url, protocols)
    const connection = await connected
    connection.on('error', () => {})
    connection.on('close', reports.close)
    connection.on('message', (message) => {
      reports.messages.push(message.type === 'utf8' ? message.utf8Data : message.binaryData)
    })
    reports.open()
    const send = (data: string | Uint8Array): void => {
      if (typeof data === 'string') connection.sendUTF(data)
      else connection.sendBytes(Buffer.from(data))
    }
    return {
      protocol: connection.protocol ?? '',
      extensions: connection.extensions.map(({ name }) => name).join(', '),
      messages: reports.messages,
      closed: reports.closed,
      send,
      sendFragments: (pieces) => send(joined(pieces)),
      close: (code, reason) => connection.close(code, reason),
      drop: () => connection.socket.destroy(),
    }
  },
})

function joined(pieces: readonly string[] | readonly Uint8Array[]): string | Uint8Array {
  const [first] = pieces
  return typeof first === 'string' ? pieces.join('') : Buffer.concat(pieces as readonly Uint8Array[])
}
