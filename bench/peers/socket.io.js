// Socket.IO as its manual shows it, over WebSocket only: a call with acknowledgement, and a room.
import { createServer } from 'node:http'
import { Server } from 'socket.io'

const httpServer = createServer()
const io = new Server(httpServer, { transports: ['websocket'], serveClient: false })

io.on('connection', (socket) => {
  socket.on('join', (room, done) => {
    socket.join(room)
    done()
  })
  socket.on('call', (body, answer) => answer(body))
  socket.on('say', (body) => io.to('room').emit('said', body))
})
httpServer.listen(0, () => console.log(httpServer.address().port))
