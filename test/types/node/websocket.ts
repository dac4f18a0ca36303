// The kinds of use that programs written for @types/websocket make of it; they compile, and what must not does not.
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import websocket, {
  type connection,
  type IBinaryMessage,
  type ICloseEvent,
  type ICookie,
  type IMessageEvent,
  type IRouterRequest,
  type IServerConfig,
  type IUtf8Message,
  type Message,
  w3cwebsocket as W3CWebSocket,
  client as WebSocketClient,
  request as WebSocketRequest,
  router as WebSocketRouter,
  server as WebSocketServer,
} from 'polyplex/websocket'
import type * as original from 'websocket'

// Servers.
{
  const httpServer = createServer()
  const config: IServerConfig = {
    httpServer: [httpServer, createTlsServer()],
    autoAcceptConnections: false,
    maxReceivedFrameSize: 64,
    keepalive: true,
    keepaliveInterval: 1,
    dropConnectionOnKeepaliveTimeout: true,
    keepaliveGracePeriod: 1,
    useNativeKeepalive: false,
    ignoreXForwardedFor: true,
    perMessageDeflate: { level: 1 },
  }
  const server = new WebSocketServer(config)
  server.on('request', (request: WebSocketRequest) => {
    const cookies: ICookie[] = [{ name: 'a', value: 'b', httponly: true }]
    const accepted: connection = request.accept('echo-protocol', request.origin, cookies)
    accepted.on('message', (data: Message) => {
      if (data.type === 'utf8') accepted.sendUTF(data.utf8Data)
      else accepted.sendBytes(data.binaryData, (error?: Error) => console.log(error))
    })
    accepted.on('frame', (frame) => accepted.sendFrame(frame))
    accepted.on('ping', (cancel: () => void, payload: Buffer) => payload.length > 0 && cancel())
    accepted.on('close', (code: number, description: string) => console.log(code, description))
    accepted.addListener('error', (error: Error) => console.log(error))
    const socket: Socket = accepted.socket
    console.log(socket.localPort, accepted.remoteAddress, accepted.connected, accepted.closeDescription)
    accepted.drop(websocket.connection.CLOSE_REASON_POLICY_VIOLATION, 'no', true)
    request.reject(403, 'reason', { 'X-A': 'b' })
    request.reject()
    const [protocol] = request.requestedProtocols
    request.accept(protocol ?? null)
    console.log(request.resourceURL.query, request.cookies[0]?.name, request.httpRequest.url)
  })
  server.on('connect', (accepted) => accepted.close(1000, 'bye'))
  server.on('close', (gone, reason: number, description: string) => console.log(gone, reason, description))
  server.broadcast(Buffer.alloc(1))
  server.broadcastUTF('all')
  server.unmount()
  server.mount(config)
  server.shutDown()
  const all: connection[] = server.connections
  const pending: WebSocketRequest[] = server.pendingRequests
  console.log(all, pending)
  // @ts-expect-error: it needs an http server
  new WebSocketServer({ autoAcceptConnections: true })
  // @ts-expect-error: a description is text
  all[0]?.close(1000, 1)
  // @ts-expect-error: bytes come as a Buffer
  all[0]?.sendBytes('text')
}

// Routers.
{
  const router = new WebSocketRouter()
  router.attachServer(new WebSocketServer())
  router.mount('*', 'echo', (request: IRouterRequest) => {
    request.accept(request.origin).send('hi')
    const protocol: string | null = request.protocol
    console.log(protocol)
  })
  router.mount(/^\/$/, null, (request) => request.reject(404, 'no'))
  router.unmount('*', 'echo')
}

// Clients.
{
  const client = new WebSocketClient({ tlsOptions: { rejectUnauthorized: false }, webSocketVersion: 8 })
  client.on('connectFailed', (error: Error) => console.log(error.message))
  client.on('httpResponse', (response: IncomingMessage, it) => console.log(response.statusCode, it))
  client.on('connect', (opened: connection) => opened.ping('x'))
  client.connect('ws://localhost/', ['a'], 'origin', { Cookie: 'a=b' }, { localAddress: '::1' })
  client.connect('ws://localhost/', 'a')
  client.abort()
}
{
  const socket = new W3CWebSocket('ws://localhost/', 'echo', 'origin', {}, {}, { maxReceivedFrameSize: 1 })
  socket.onopen = () => socket.send(new Uint8Array(1))
  socket.onmessage = (event: IMessageEvent) => console.log(event.data)
  socket.onclose = ({ code, reason, wasClean }: ICloseEvent) => console.log(code, reason, wasClean)
  socket.onerror = (error: Error) => console.log(error)
  if (socket.readyState === socket.OPEN && W3CWebSocket.OPEN === 1) socket.close(4000, 'bye')
}

// What comes from the original's declarations fits.
{
  const messages: original.Message[] = [
    { type: 'utf8', utf8Data: 'a' } satisfies IUtf8Message,
    { type: 'binary', binaryData: Buffer.alloc(0) } satisfies IBinaryMessage,
  ]
  const config: original.IServerConfig = { httpServer: createServer() }
  const ours: IServerConfig = config
  const cookie: ICookie = { name: 'a', value: 'b' } satisfies original.ICookie
  console.log(messages satisfies Message[], ours, cookie)
}

// Classes to derive from.
export class Quiet extends WebSocketServer {
  override broadcast(): void {}
}
export class Asked extends WebSocketRequest {}
