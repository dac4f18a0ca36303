import { WebSocket } from 'ws'
import { ca, testFlows } from './flows.ts'
import { Reports } from './foreign-client.ts'

for (const perMessageDeflate of [true, false]) {
  testFlows({
    name: perMessageDeflate ? 'ws' : 'ws that offers no compression',
    compresses: perMessageDeflate,
    fragments: ['text', 'binary'],
    insistsOnProtocol: true,
    answerTo: (code) => code,
    canDrop: true,
    canTrust: true,
    async connect(url, protocols) {
      const socket = new WebSocket(url, protocols, { ca, perMessageDeflate })
      const reports = new Reports()
      socket.on('open', reports.open)
      socket.on('error', reports.fail)
      socket.on('close', (code, reason) => reports.close(code, String(reason)))
      socket.on('message', (data, isBinary) => {
        reports.messages.push(isBinary ? (data as Buffer) : String(data))
      })
      await reports.opened
      return {
        protocol: socket.protocol,
        extensions: socket.extensions,
        messages: reports.messages,
        closed: reports.closed,
        send: (data) => socket.send(data),
        sendFragments(pieces) {
          for (const [index, piece] of pieces.entries())
            socket.send(piece, { fin: index === pieces.length - 1 })
        },
        close: (code, reason) => socket.close(code, reason),
        drop: () => socket.terminate(),
      }
    },
  })
}
