import { buffer } from 'node:stream/consumers'
import client from 'nodejs-websocket'
import { ca, testFlows } from './flows.ts'
import { Reports } from './foreign-client.ts'

client.setBinaryFragmentation(1000)

testFlows({
  name: 'nodejs-websocket',
  compresses: false,
  fragments: ['binary'],
  insistsOnProtocol: true,
  answerTo: (code) => code,
  canDrop: true,
  canTrust: true,
  async connect(url, protocols) {
    const connection = client.connect(url, { protocols, ca })
    const reports = new Reports()
    connection.on('connect', reports.open)
    connection.on('error', reports.fail)
    connection.on('close', (code, reason) => reports.close(code, reason))
    connection.on('text', (text) => reports.messages.push(text))
    connection.on('binary', (data) => void buffer(data).then((bytes) => reports.messages.push(bytes)))
    await reports.opened
    return {
      protocol: connection.protocol ?? '',
      extensions: connection.headers['sec-websocket-extensions'] ?? '',
      messages: reports.messages,
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
      close: (code, reason) => connection.close(code, reason),
      drop: () => connection.socket.destroy(),
    }
  },
})
