// The drop-in for ws, on whatever runtime this is: both ends, by `import` and by `require`.
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import WebSocket, { WebSocketServer } from 'polyplex/ws'

const required = createRequire(import.meta.url)('polyplex/ws')
check(
  'require and import give the same class',
  required === WebSocket && WebSocket.Server === WebSocketServer,
)

const heard: string[] = []
const wss = new WebSocketServer({ port: 0, perMessageDeflate: true })
wss.on('connection', (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })))
await new Promise<void>((resolve) => wss.once('listening', resolve))

await new Promise<void>((resolve, reject) => {
  const client = new WebSocket(`ws://localhost:${(wss.address() as AddressInfo).port}`)
  client.on('open', () => {
    client.send('grüße, 世界')
    client.send('long '.repeat(50_000))
    client.send(new Uint8Array(70_000).fill(7))
    client.ping('beat')
  })
  client.on('message', (data, isBinary) => {
    heard.push(isBinary ? `${(data as Buffer).length} bytes` : String(data))
    if (heard.length === 3) client.send('last', () => client.close(1000, 'enough'))
  })
  client.on('pong', (data) => check('a ping is answered', String(data) === 'beat'))
  client.on('error', reject)
  client.on('close', (code, reason) => {
    check('both sides close with code and reason', code === 1000 && String(reason) === 'enough')
    resolve()
  })
})

check('short text comes back as it was', heard[0] === 'grüße, 世界')
check('long text comes back as it was', heard[1] === 'long '.repeat(50_000))
check('binary comes back as it was', heard[2] === '70000 bytes')
await new Promise<void>((resolve) => {
  wss.close(() => resolve())
})
check('the server closes', true)

function check(sentence: string, holds: boolean): void {
  console.log(`${holds ? 'ok' : 'not ok'} ${sentence}`)
}
