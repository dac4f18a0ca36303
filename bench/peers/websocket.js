// The package `websocket`.
import { createServer } from 'node:http'
import websocket from 'websocket'

const task = JSON.parse(process.argv[2])
const httpServer = createServer()
const limits =
  task.size > 65_536 ? { maxReceivedFrameSize: task.size, maxReceivedMessageSize: task.size } : {}
const server = new websocket.server({ httpServer, autoAcceptConnections: true, ...limits })

const answer = (connection, { type, utf8Data, binaryData }) => {
  if (type === 'utf8') connection.sendUTF(utf8Data)
  else connection.sendBytes(binaryData)
}

server.on('connect', (connection) => {
  connection.on('message', (message) => {
    if (task.kind === 'echo') answer(connection, message)
    else for (const other of server.connections) answer(other, message)
  })
})
httpServer.listen(0, () => console.log(httpServer.address().port))
