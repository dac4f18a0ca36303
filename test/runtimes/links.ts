// Every way a connection can be carried, on whatever runtime this is: each carries a long message there and back.
import { WebSocket } from 'polyplex'
import { type ServeOptions, serve } from 'polyplex/server'
import { selfSigned } from '../../examples/http2/certificate.mjs'

type ClientOptions = NonNullable<ConstructorParameters<typeof WebSocket>[2]>

// Not so monotonous that it would be taken for a bomb.
const text = Array.from({ length: 300_000 }, (_, index) => `grüße ${index * 7919} 世界 `).join('')
const tls = selfSigned()
const trusting: ClientOptions = { tls: { ca: tls.cert } }
const takeover = { serverContextTakeover: true, clientContextTakeover: true }

await check('HTTP/1.1', {})
await check('HTTP/1.1, compressed', { compression: true })
await check(
  'HTTP/1.1, compressed with the windows kept',
  { compression: takeover },
  { compression: takeover },
)
await check('TLS', { tls, http2: false }, trusting)
await check('HTTP/2 over TLS', { tls }, { ...trusting, http2: true })
await check('HTTP/1.1 beside HTTP/2 over TLS', { tls }, trusting)
await check('HTTP/2 without TLS', { http2: true }, { http2: true })

async function check(
  name: string,
  serverOptions: ServeOptions<undefined>,
  options: ClientOptions = {},
): Promise<void> {
  const server = await serve({
    port: 0,
    limits: { maxMessageBytes: 100_000_000 },
    backpressure: { highWaterMarkBytes: Number.POSITIVE_INFINITY },
    message: (socket, data) => void socket.send(data),
    ...serverOptions,
  })
  const socket = new WebSocket(server.url.replace('localhost', '127.0.0.1'), [], options)
  let same = false
  let why = ''
  socket.addEventListener('open', () => socket.send(text))
  socket.addEventListener('message', ({ data }) => {
    same = data === text
    socket.close(1000)
  })
  socket.addEventListener('error', (event) => {
    why = ` (${(event as { error?: Error }).error?.message})`
  })
  const closed = await new Promise<{ code: number; wasClean: boolean }>((resolve) => {
    socket.addEventListener('close', resolve)
  })
  await server.close()
  const holds = same && closed.code === 1000 && closed.wasClean
  console.log(`${holds ? 'ok' : 'not ok'} ${name}${why}`)
}
