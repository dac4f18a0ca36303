// The client with the names of Node, of a version that has no WebSocket of its own.
import {
  type CloseEvent,
  ProtocolError,
  RealtimeError,
  WebSocket,
  WebSocketError,
  WebSocketStream,
} from 'polyplex'

export async function program(): Promise<void> {
  const socket = new WebSocket('wss://example.com/feed', ['feed.v2'], {
    headers: { authorization: 'Bearer token' },
    signal: AbortSignal.timeout(1000),
  })
  socket.binaryType = 'arraybuffer'
  socket.addEventListener('open', () => socket.send('hello'))
  socket.addEventListener('close', (event) => {
    const closed: CloseEvent = event
    const story: [number, string, boolean] = [closed.code, closed.reason, closed.wasClean]
    void story
  })
  socket.onmessage = ({ data }) => void data
  socket.send(new Uint8Array([1]))
  socket.close(1000, 'done')
  const state: 0 | 1 | 2 | 3 = WebSocket.OPEN
  void state

  const stream = new WebSocketStream('wss://example.com/feed')
  const { readable, writable } = await stream.opened
  void [readable, writable]

  const error: Error = new WebSocketError('no')
  if (error instanceof RealtimeError) {
    const code: string = error.code
    const side: 'local' | 'remote' = error.side
    void [code, side]
  }
  if (error instanceof ProtocolError) void error.closeCode
}

export function mistakes(): void {
  // @ts-expect-error a URL is needed
  new WebSocket()
  const socket = new WebSocket('ws://localhost')
  // @ts-expect-error the standard has two kinds
  socket.binaryType = 'buffer'
  // @ts-expect-error it only changes by itself
  socket.readyState = 1
}
