// The kinds of use that programs written for @types/ws make of it; they compile, and what must not does not.
import { createServer, IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import WebSocket, {
  createWebSocketStream,
  WebSocket as NamedWebSocket,
  type RawData,
  Sender,
  type Server,
  WebSocketServer,
} from 'polyplex/ws'
import type * as original from 'ws'

// Clients.
{
  const ws = new WebSocket('ws://www.host.com/path')
  ws.on('open', () => ws.send('something'))
  ws.on('message', (data) => {
    const received: RawData = data
    console.log(received)
  })
  ws.on('message', function incoming(data: WebSocket.RawData, isBinary: boolean) {
    this.send(data, { binary: isBinary })
  })
}
{
  const ws = new NamedWebSocket(new URL('wss://host'), 'protocol', {
    agent: undefined,
    autoPong: false,
    followRedirects: true,
    generateMask(mask: Buffer) {
      mask.fill(0)
    },
    handshakeTimeout: 1000,
    headers: { authorization: 'Basic' },
    maxPayload: 10 * 1024,
    origin: 'https://websocket.org',
    perMessageDeflate: { threshold: 0, zlibDeflateOptions: { level: 1 } },
    protocolVersion: 13,
    rejectUnauthorized: false,
    finishRequest(request, websocket) {
      request.end()
      websocket.close()
    },
  })
  ws.send(Float32Array.from([1, 2]), { compress: true, binary: true, fin: true, mask: true })
  ws.send(new Blob(['x']), (error) => console.log(error?.message))
  ws.once('upgrade', (response) => console.log(response.headers))
  ws.off('redirect', (url: string, request) => request.setHeader('url', url))
  ws.on('unexpected-response', (request, response) => {
    request.destroy()
    console.log(response.statusCode)
  })
  ws.addListener('ping', (data) => data.toString('utf8'))
  ws.on('close', (code: number, reason: Buffer) => console.log(code, reason.toString()))
  ws.ping('data', true, (error) => console.log(error))
  ws.pong()
  ws.pause()
  ws.resume()
  const paused: boolean = ws.isPaused
  ws.binaryType = 'arraybuffer'
  ws.binaryType = 'blob'
  // @ts-expect-error there is no such type of binary data
  ws.binaryType = 'string'
  if (ws.readyState === ws.OPEN || ws.readyState === WebSocket.CLOSING) ws.close(1000, `bye ${paused}`)
  const duplex: Duplex = createWebSocketStream(ws, { encoding: 'utf8' })
  duplex.pipe(process.stdout)
}

// Listeners of the browser's kind.
{
  const ws = new WebSocket('ws://host', { protocolVersion: 8 })
  ws.onopen = ({ target }) => target.send('open')
  ws.onmessage = (event: WebSocket.MessageEvent) => console.log(event.data, event.target, event.type)
  ws.onclose = null
  ws.addEventListener('message', (event) => console.log(event.data), { once: true })
  ws.addEventListener('error', { handleEvent: (event) => console.log(event.error, event.message) })
  ws.removeEventListener('close', ({ wasClean, code, reason }) => console.log(wasClean, code, reason))
  // @ts-expect-error there is no such event
  ws.addEventListener('messages', () => {})
}

// Servers.
{
  const wss = new WebSocketServer({ port: 8081 }, () => {
    console.log(wss.address())
  })
  wss.on('connection', function connected(ws, request) {
    console.log(request.url, this.clients.size)
    ws.on('message', (message) => ws.send(message.toString()))
    for (const client of wss.clients) if (client.readyState === WebSocket.OPEN) client.send('all')
  })
  wss.on('headers', (headers, request) => headers.push(`X-Url: ${request.url}`))
  wss.once('listening', () => wss.close((error) => console.log(error)))
  wss.addListener('wsClientError', (error, socket, request) => {
    socket.end(`${error.message} ${request.method}`)
  })
}
{
  const server = createTlsServer({})
  const wss: Server = new WebSocket.Server({
    server,
    clientTracking: true,
    perMessageDeflate: true,
    path: '/path',
    verifyClient: (info: { origin: string; secure: boolean; req: IncomingMessage }) => info.secure,
    handleProtocols: (protocols, request) => (request.url === '/' ? false : ([...protocols][0] ?? false)),
  })
  const another: WebSocket.Server = new WebSocket.WebSocketServer({
    noServer: true,
    verifyClient: (info, callback) => callback(info.origin !== '', 401, 'Unauthorized', { 'X-Header': '1' }),
  } satisfies WebSocket.ServerOptions)
  server.on('upgrade', (request, socket, head) => {
    if (!another.shouldHandle(request)) return
    another.handleUpgrade(request, socket, head, (ws) => another.emit('connection', ws, request))
  })
  wss.close()
}

// Classes of one's own.
{
  class Request extends IncomingMessage {
    readonly user = 'user'
  }
  class CustomWebSocket extends WebSocket.WebSocket {
    name = 'custom'
  }
  const server = createServer({ IncomingMessage: Request })
  const wss = new WebSocketServer<typeof CustomWebSocket, typeof Request>({
    WebSocket: CustomWebSocket,
    server,
    verifyClient: ({ req }: { req: Request }) => req.user === 'user',
  })
  wss.on('connection', (ws, request) => {
    ws.name = request.user
    wss.clients.forEach((client) => {
      client.send(client.name)
    })
  })
}

// One frame for many.
{
  const list = Sender.frame('text', { fin: true, opcode: 1, mask: false, readOnly: true, rsv1: false })
  console.log(list.length)
}

// Where the original's types are asked for.
{
  const serve = (wss: original.WebSocketServer): void => wss.close()
  const use = (ws: original.WebSocket): void => ws.terminate()
  const wss = new WebSocketServer({ noServer: true })
  serve(wss)
  use(new WebSocket(null))
}
