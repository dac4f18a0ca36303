// The kinds of use that the documentation of nodejs-websocket shows.
import ws, { type Connection, connect, createServer, type Server } from 'polyplex/nodejs-websocket'

const server: Server = ws
  .createServer((connection) => {
    connection.on('text', (text) => connection.sendText(`${text.toUpperCase()}!!!`))
    connection.on('binary', (stream) => {
      let data = Buffer.alloc(0)
      stream.on('readable', () => {
        const more: Buffer | null = stream.read()
        if (more) data = Buffer.concat([data, more], data.length + more.length)
      })
      stream.on('end', () => connection.sendBinary(data))
    })
    connection.on('close', (code, reason) => console.log(code, reason))
    connection.on('pong', (data: string) => console.log(data))
    connection.on('error', ({ message }) => console.log(message))
  })
  .listen(8001)

createServer({ secure: true, key: '', cert: '', validProtocols: ['a'] }, (connection) => connection.close())
createServer({ selectProtocol: (connection, protocols) => connection.path ?? protocols[0] }).listen(
  0,
  'host',
  () => {},
)

const connection: Connection = connect(
  'ws://localhost',
  { extraHeaders: { a: 'b' }, protocols: ['a'] },
  function () {
    this.sendPing('x')
  },
)
connect('ws://localhost', () => {})
connection.send('text', () => {})
connection.send(Buffer.alloc(1))
const out = connection.beginBinary()
out.write(Buffer.alloc(1))
out.end()
if (connection.readyState === connection.OPEN) connection.close(1000, 'bye')
for (const one of server.connections) one.sendText(one.headers['host'] ?? '')
ws.setBinaryFragmentation(1)
ws.setMaxBufferLength(1)
// @ts-expect-error: text or a Buffer
connection.send(1)
// @ts-expect-error: there is no such event
connection.on('message', () => {})
