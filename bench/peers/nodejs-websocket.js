// The package `nodejs-websocket`: binary messages come as streams.
import { createServer } from 'nodejs-websocket'

const task = JSON.parse(process.argv[2])

const server = createServer((connection) => {
  const receivers = () => (task.kind === 'echo' ? [connection] : server.connections)
  connection.on('error', () => {})
  connection.on('text', (text) => {
    for (const receiver of receivers()) receiver.sendText(text)
  })
  connection.on('binary', (stream) => {
    const parts = []
    stream.on('data', (part) => parts.push(part))
    stream.on('end', () => {
      const message = Buffer.concat(parts)
      for (const receiver of receivers()) receiver.sendBinary(message)
    })
  })
})
server.on('listening', () => console.log(server.socket.address().port))
server.listen(0)
