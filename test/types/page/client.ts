// The same package in a page, where the names of Node are unknown.
import { WebSocket } from 'polyplex'

export function page(): WebSocket {
  const socket = new WebSocket('wss://example.com/feed', ['feed.v2'])
  socket.binaryType = 'arraybuffer'
  socket.addEventListener('open', () => socket.send('hello'))
  socket.addEventListener('message', ({ data }) => {
    document.title = String(data)
  })
  socket.addEventListener('close', ({ code, reason, wasClean }) => {
    console.log(code.toFixed(), reason.trim(), wasClean)
  })
  return socket
}
