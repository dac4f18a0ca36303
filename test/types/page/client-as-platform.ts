// Where a page's code names the platform's own types, the client of the package fits.
import { WebSocket as Client } from 'polyplex'

function watch(socket: WebSocket): void {
  socket.addEventListener('message', (event: MessageEvent<string>) => void event.data.length)
}

export function page(): void {
  const socket = new Client('wss://example.com/feed', { protocols: 'feed.v2', headers: { 'x-from': 'page' } })
  watch(socket)
  const platform: WebSocket = socket
  platform.onerror = (event: Event) => void event
  socket.onmessage = (event: MessageEvent<string>) => void event.data.length
  socket.onerror = ({ error, message }) => console.log(error.code, message)
  socket.addEventListener('close', (event: CloseEvent) => void event.code)
  socket.addEventListener('error', (event: Event) => void event)
  socket.onopen = function () {
    this.send('opened')
  }
}
