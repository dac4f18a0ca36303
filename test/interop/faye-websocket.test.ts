import faye from 'faye-websocket'
import { ca, testFlows } from './flows.ts'
import { Reports } from './foreign-client.ts'

testFlows({
  name: 'faye-websocket',
  compresses: false,
  fragments: [],
  insistsOnProtocol: false,
  answerTo: (code) => code,
  canDrop: true,
  canTrust: true,
  async connect(url, protocols) {
    const socket = new faye.Client(url, protocols, { ca })
    const reports = new Reports()
    socket.on('open', reports.open)
    socket.on('error', ({ message }) => reports.fail(new Error(message)))
    socket.on('close', ({ code, reason }) => reports.close(code, reason))
    socket.on('message', ({ data }) => reports.messages.push(data))
    await reports.opened
    return {
      protocol: socket.protocol,
      extensions: socket.headers['sec-websocket-extensions'] ?? '',
      messages: reports.messages,
      closed: reports.closed,
      send: (data) => socket.send(typeof data === 'string' ? data : Buffer.from(data)),
      sendFragments() {
        throw new Error('It always sends one frame')
      },
      close: (code, reason) => socket.close(code, reason),
      drop: () => void socket._stream.destroy(),
    }
  },
})
