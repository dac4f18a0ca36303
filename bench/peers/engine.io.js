// Socket.IO's engine over its WebSocket transport: text messages carry one letter more on the wire.
import { createServer } from 'node:http'
import { Server } from 'engine.io'

const task = JSON.parse(process.argv[2])
const httpServer = createServer()
const everybody = new Set()
const engine = new Server({
  transports: ['websocket'],
  ...(task.size > 1e6 && { maxHttpBufferSize: task.size + 1 }),
})
engine.attach(httpServer)

engine.on('connection', (socket) => {
  everybody.add(socket)
  socket.on('close', () => everybody.delete(socket))
  socket.on('message', (data) => {
    if (task.kind === 'echo') socket.send(data)
    else for (const other of everybody) other.send(data)
  })
})
httpServer.listen(0, () => console.log(httpServer.address().port))
