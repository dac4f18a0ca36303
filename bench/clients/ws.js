import WebSocket from 'ws'
import { load } from './load.js'

load(JSON.parse(process.argv[2]), (url, received) => {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  socket.on('message', received)
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve((data) => socket.send(data)))
    socket.on('error', reject)
  })
})
