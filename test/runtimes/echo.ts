// The package as a user has it, on whatever runtime this is: a server and a client talk, and both close.
import { WebSocket } from 'polyplex'
import { serve } from 'polyplex/server'

let closed: Promise<void> | undefined
const heard: string[] = []

{
  await using server = await serve({
    port: 0,
    hostname: '127.0.0.1',
    compression: true,
    message: (socket, data) => void socket.send(data),
  })
  closed = server.closed
  const socket = new WebSocket(server.url)
  socket.binaryType = 'arraybuffer'
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => {
      socket.send('grüße, 世界')
      socket.send('long '.repeat(50_000))
      socket.send(new Uint8Array(70_000).fill(7))
    })
    socket.addEventListener('message', ({ data }) => {
      heard.push(typeof data === 'string' ? data : `${data.byteLength} bytes`)
      if (heard.length === 3) socket.close(1000, 'enough')
    })
    socket.addEventListener('error', () => reject(new Error('the connection failed')))
    socket.addEventListener('close', ({ code, reason, wasClean }) => {
      check('the closing handshake is clean', code === 1000 && reason === 'enough' && wasClean)
      resolve()
    })
  })
}

check('short text comes back as it was', heard[0] === 'grüße, 世界')
check('long text comes back as it was', heard[1] === 'long '.repeat(50_000))
check('binary comes back as it was', heard[2] === '70000 bytes')
await closed
check('the server closes', true)

function check(sentence: string, holds: boolean): void {
  console.log(`${holds ? 'ok' : 'not ok'} ${sentence}`)
}
