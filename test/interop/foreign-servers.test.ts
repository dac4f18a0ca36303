import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import websocket from 'websocket'
import { WebSocketServer } from 'ws'
import { WebSocket } from '../../src/index.ts'
import { certificate } from '../wire/certificate.ts'
import { Inbox } from '../wire/inbox.ts'

/**
 * Our client meets the real servers of others. Each echoes, agrees to the subprotocol `chat.v1`, pings when told `ping`
 * and answers `answered` when the pong is there, closes with 4001 and a reason when told `close`, and cuts the
 * connection when told `drop`.
 */

const require = createRequire(import.meta.url)

type Mount = (server: Server) => void

const mounts: Record<string, Mount> = {
  'ws, not compressed': (server) => mountWs(server, false),
  'ws, compressed': (server) => mountWs(server, { threshold: 0 }),
  'ws, compressed without context takeover': (server) =>
    mountWs(server, { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true }),
  websocket(server) {
    const host = new websocket.server({
      httpServer: server,
      maxReceivedFrameSize: 2_000_000,
      maxReceivedMessageSize: 2_000_000,
    })
    host.on('request', (request) => {
      const connection = request.accept('chat.v1', request.origin)
      connection.on('error', () => {})
      connection.on('pong', () => connection.sendUTF('answered'))
      connection.on('message', (message) => {
        if (message.type === 'binary') connection.sendBytes(message.binaryData)
        else if (message.utf8Data === 'ping') connection.ping(Buffer.from('here?'))
        else if (message.utf8Data === 'close') connection.close(4001, 'enough')
        else if (message.utf8Data === 'drop') connection.socket.destroy()
        else connection.sendUTF(message.utf8Data)
      })
    })
  },
  'faye-websocket'(server) {
    interface Faye {
      ping(data: string, answered: () => void): void
      close(code: number, reason: string): void
      send(data: string | Buffer): void
      on(event: 'message', listener: (event: { data: string | Buffer }) => void): void
    }
    const Faye = require('faye-websocket') as new (...parts: unknown[]) => Faye
    server.on('upgrade', (request, stream, body) => {
      const socket = new Faye(request, stream, body, ['chat.v1'])
      socket.on('message', ({ data }) => {
        if (data === 'ping') socket.ping('here?', () => socket.send('answered'))
        else if (data === 'close') socket.close(4001, 'enough')
        else if (data === 'drop') stream.destroy()
        else socket.send(data)
      })
    })
  },
}

function mountWs(server: Server, perMessageDeflate: object | false): void {
  const host = new WebSocketServer({ server, perMessageDeflate })
  host.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.on('pong', () => socket.send('answered'))
    socket.on('message', (data, isBinary) => {
      const text = isBinary ? '' : String(data)
      if (text === 'ping') socket.ping('here?')
      else if (text === 'close') socket.close(4001, 'enough')
      else if (text === 'drop') socket.terminate()
      else if (text.startsWith('in parts: ')) {
        socket.send(text.slice(0, 12), { fin: false })
        socket.send(text.slice(12), { fin: true })
      } else socket.send(data, { binary: isBinary })
    })
  })
}

interface Meeting {
  readonly socket: WebSocket
  readonly messages: Inbox<string | ArrayBuffer>
  readonly closed: Inbox<{ code: number; reason: string; wasClean: boolean }>
}

async function meet(url: string): Promise<Meeting> {
  const socket = new WebSocket(url, ['chat.v1'], { tls: { ca: certificate.cert } })
  socket.binaryType = 'arraybuffer'
  const messages = new Inbox<string | ArrayBuffer>()
  const closed = new Inbox<{ code: number; reason: string; wasClean: boolean }>()
  socket.onmessage = ({ data }) => messages.push(data as string | ArrayBuffer)
  socket.onclose = ({ code, reason, wasClean }) => closed.push({ code, reason, wasClean })
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = (event) => reject((event as { error?: Error }).error)
  })
  socket.onerror = () => {}
  return { socket, messages, closed }
}

const sizes = [0, 1, 125, 126, 65_535, 65_536, 65_537, 1_000_000]

async function converse({ socket, messages }: Meeting): Promise<void> {
  assert.equal(socket.protocol, 'chat.v1')
  for (const size of sizes) {
    const text = 'ä€😀'.repeat(size >> 4) + 'x'.repeat(size & 15)
    socket.send(text)
    assert.equal(await messages.next(), text)
    const bytes = Uint8Array.from({ length: size }, (_, index) => index * 7)
    socket.send(bytes)
    assert.deepEqual(new Uint8Array((await messages.next()) as ArrayBuffer), bytes)
  }
  for (let count = 0; count < 200; count++) socket.send(`message ${count}`)
  for (let count = 0; count < 200; count++) assert.equal(await messages.next(), `message ${count}`)
  assert.ok((await socket.ping()) >= 0)
}

for (const [name, mount] of Object.entries(mounts)) {
  for (const scheme of ['ws', 'wss']) {
    test(`our client and ${name} over ${scheme}: echo, order, subprotocol, pings both ways, every way to close`, async () => {
      const server = scheme === 'wss' ? createTlsServer(certificate) : createServer()
      mount(server as Server)
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const url = `${scheme}://localhost:${(server.address() as AddressInfo).port}/`
      try {
        const first = await meet(url)
        assert.equal(first.socket.extensions !== '', name.startsWith('ws, compressed'))
        await converse(first)
        if (name.startsWith('ws')) {
          first.socket.send('in parts: one and two')
          assert.equal(await first.messages.next(), 'in parts: one and two')
        }
        for (let count = 0; count < 10; count++) {
          first.socket.send('ping')
          assert.equal(await first.messages.next(), 'answered')
        }
        first.socket.send('close')
        assert.deepEqual(await first.closed.next(), { code: 4001, reason: 'enough', wasClean: true })

        const second = await meet(url)
        second.socket.close(3000, 'ours')
        const { code, wasClean } = await second.closed.next()
        // WebSocket-Node answers every close with 1000.
        assert.ok(code === 3000 || (name === 'websocket' && code === 1000))
        assert.equal(wasClean, true)

        const third = await meet(url)
        third.socket.send('drop')
        assert.deepEqual(await third.closed.next(), { code: 1006, reason: '', wasClean: false })
      } finally {
        server.closeAllConnections()
        server.close()
      }
    })
  }
}

interface NodejsWebsocket {
  createServer(
    options: object,
    connected: (
      connection: NodeJS.EventEmitter & {
        sendText(text: string): void
        sendBinary(data: Buffer): void
        sendPing(data: string): void
        close(code: number, reason: string): void
      },
    ) => void,
  ): { listen(port: number, host: string): void; socket: Server }
}

test('our client and nodejs-websocket: echo, order, subprotocol, pings, closing', async () => {
  const library = require('nodejs-websocket') as NodejsWebsocket
  const server = library.createServer({ validProtocols: ['chat.v1'] }, (connection) => {
    connection.on('error', () => {})
    connection.on('pong', () => connection.sendText('answered'))
    connection.on('text', (text: string) => {
      if (text === 'ping') connection.sendPing('here?')
      else if (text === 'close') connection.close(4001, 'enough')
      else connection.sendText(text)
    })
    connection.on('binary', (stream: Readable) => {
      const parts: Buffer[] = []
      stream.on('readable', () => {
        for (let part = stream.read(); part !== null; part = stream.read()) parts.push(part as Buffer)
      })
      stream.on('end', () => connection.sendBinary(Buffer.concat(parts)))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server.socket, 'listening')
  const meeting = await meet(`ws://127.0.0.1:${(server.socket.address() as AddressInfo).port}/`)
  await converse(meeting)
  meeting.socket.send('ping')
  assert.equal(await meeting.messages.next(), 'answered')
  meeting.socket.send('close')
  assert.deepEqual(await meeting.closed.next(), { code: 4001, reason: 'enough', wasClean: true })
  server.socket.close()
})

const pythonServer = `
import asyncio, websockets
async def serve(socket, path=None):
    async for message in socket:
        if message == "ping":
            await (await socket.ping()); await socket.send("answered")
        elif message == "close":
            await socket.close(4001, "enough")
        elif message == "drop":
            socket.transport.abort()
        else:
            await socket.send(message)
async def main():
    async with websockets.serve(serve, "127.0.0.1", 0, subprotocols=["chat.v1"], max_size=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()
asyncio.run(main())
`

const hasPython = spawnSync('/usr/bin/python3', ['-c', 'import websockets']).status === 0

test('our client and python3-websockets, compressed: echo, order, subprotocol, pings, every way to close', {
  skip: hasPython ? false : 'python3-websockets is not on this machine',
}, async () => {
  const program = spawn('/usr/bin/python3', ['-c', pythonServer], { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    const [port] = (await once(program.stdout, 'data')) as [Buffer]
    const url = `ws://127.0.0.1:${String(port).trim()}/`
    const first = await meet(url)
    assert.match(first.socket.extensions, /permessage-deflate/)
    await converse(first)
    first.socket.send('ping')
    assert.equal(await first.messages.next(), 'answered')
    first.socket.send('close')
    assert.deepEqual(await first.closed.next(), { code: 4001, reason: 'enough', wasClean: true })
    const second = await meet(url)
    second.socket.send('drop')
    assert.equal((await second.closed.next()).code, 1006)
  } finally {
    program.kill('SIGKILL')
  }
})
