import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { WebSocket as Undici } from 'undici'
import websocket from 'websocket'
import { WebSocket as Ws } from 'ws'
import { WebSocket } from '../../src/index.ts'
import type { Socket } from '../../src/server/index.ts'
import { certificate } from '../wire/certificate.ts'
import { Inbox } from '../wire/inbox.ts'
import { served } from '../wire/served.ts'

/** Foreign clients, unmodified, and our own, each meeting our server: the flows that every client knows. */

type Message = string | Uint8Array

/** What all of them have in common. */
interface Client {
  readonly protocol: string
  send(data: Message): void
  close(code: number, reason: string): void
  /** Cuts the connection; absent where the client has no way to. */
  drop?(): void
}

interface Told {
  readonly messages: Inbox<Message>
  readonly closed: Inbox<{ code: number; reason: string }>
}

type Connect = (url: string, protocols: string[], told: Told) => Promise<Client>

const require = createRequire(import.meta.url)

/** The standard's interface, as ws, undici, faye-websocket and we have it. */
interface StandardSocket {
  binaryType: string
  readonly protocol: string
  onopen: unknown
  onmessage: unknown
  onclose: unknown
  onerror: unknown
  send(data: never): void
  close(code: number, reason: string): void
}

async function standard(socket: object, told: Told): Promise<StandardSocket> {
  const face = socket as StandardSocket
  face.binaryType = 'arraybuffer'
  await new Promise<void>((resolve, reject) => {
    face.onopen = () => resolve()
    face.onerror = (event: { message?: string }) => reject(new Error(event.message ?? 'no connection'))
    face.onmessage = ({ data }: { data: string | ArrayBuffer | Uint8Array }) =>
      told.messages.push(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer))
    face.onclose = ({ code, reason }: { code: number; reason: string }) => told.closed.push({ code, reason })
  })
  face.onerror = () => {}
  return face
}

const asClient = (face: StandardSocket, drop?: () => void): Client => ({
  protocol: face.protocol,
  send: (data) => face.send(data as never),
  close: (code, reason) => face.close(code, reason),
  ...(drop && { drop }),
})

const { cert: ca } = certificate

const clients: Record<string, Connect> = {
  async polyplex(url, protocols, told) {
    return asClient(await standard(new WebSocket(url, protocols, { tls: { ca } }), told))
  },
  async 'ws, compressed'(url, protocols, told) {
    const socket = new Ws(url, protocols, { ca })
    return asClient(await standard(socket, told), () => socket.terminate())
  },
  async 'ws, not compressed'(url, protocols, told) {
    const socket = new Ws(url, protocols, { ca, perMessageDeflate: false })
    return asClient(await standard(socket, told), () => socket.terminate())
  },
  async undici(url, protocols, told) {
    const { Agent } = await import('undici')
    const dispatcher = new Agent({ connect: { ca } })
    return asClient(await standard(new Undici(url, { protocols, dispatcher }), told))
  },
  async 'faye-websocket'(url, protocols, told) {
    const faye = require('faye-websocket') as {
      Client: new (url: string, protocols: string[], options: object) => object
    }
    const socket = await standard(new faye.Client(url, protocols, { tls: { ca } }), told)
    return {
      ...asClient(socket),
      protocol: socket.protocol,
      send: (data) => socket.send((typeof data === 'string' ? data : Buffer.from(data)) as never),
    }
  },
  async websocket(url, protocols, told) {
    const client = new websocket.client({ tlsOptions: { ca } })
    client.connect(url, protocols)
    const [connection] = (await once(client, 'connect')) as [import('websocket').connection]
    connection.on('message', (message) =>
      told.messages.push(message.type === 'utf8' ? message.utf8Data : new Uint8Array(message.binaryData)),
    )
    connection.on('close', (code, reason) => told.closed.push({ code, reason }))
    connection.on('error', () => {})
    return {
      protocol: connection.protocol ?? '',
      send: (data) =>
        typeof data === 'string' ? connection.sendUTF(data) : connection.sendBytes(Buffer.from(data)),
      close: (code, reason) => connection.close(code, reason),
      drop: () => connection.socket.destroy(),
    }
  },
  async 'nodejs-websocket'(url, protocols, told) {
    const library = require('nodejs-websocket') as {
      connect(
        url: string,
        options: object,
      ): NodeJS.EventEmitter & {
        protocol?: string
        socket: { destroy(): void }
        sendText(text: string): void
        sendBinary(data: Buffer): void
        close(code: number, reason: string): void
      }
    }
    const connection = library.connect(url, { ca, protocols })
    connection.on('text', (text: string) => told.messages.push(text))
    connection.on('binary', (stream: Readable) => {
      const parts: Buffer[] = []
      stream.on('readable', () => {
        for (let part = stream.read(); part !== null; part = stream.read()) parts.push(part as Buffer)
      })
      stream.on('end', () => told.messages.push(new Uint8Array(Buffer.concat(parts))))
    })
    connection.on('close', (code: number, reason: string) => told.closed.push({ code, reason }))
    connection.on('error', () => {})
    await once(connection, 'connect')
    return {
      protocol: connection.protocol ?? '',
      send: (data) =>
        typeof data === 'string' ? connection.sendText(data) : connection.sendBinary(Buffer.from(data)),
      close: (code, reason) => connection.close(code, reason),
      drop: () => connection.socket.destroy(),
    }
  },
}

const sizes = [0, 1, 125, 126, 65_535, 65_536, 65_537, 1_000_000]

for (const [name, connect] of Object.entries(clients)) {
  for (const transport of ['TCP', 'TLS', 'sockets']) {
    test(`${name} over ${transport} echoes, names its subprotocol, answers pings, and closes both ways`, async () => {
      const opened = new Inbox<Socket<undefined>>()
      const ended = new Inbox<{ code: number; reason: string }>()
      await using server = await served({
        ...(transport === 'TLS' && { tls: certificate }),
        rawHandles: transport === 'TCP',
        compression: true,
        protocols: ['chat.v2', 'chat.v1'],
        open: (socket) => opened.push(socket),
        message: (socket, data) => void socket.send(data),
        close: (_, { code, reason }) => ended.push({ code, reason }),
      })
      const url = server.url.replace('127.0.0.1', 'localhost')
      const told: Told = { messages: new Inbox(), closed: new Inbox() }

      const client = await connect(url, ['chat.v1', 'chat.v2'], told)
      const socket = await opened.next()
      assert.equal(client.protocol, 'chat.v2')
      assert.equal(socket.protocol, 'chat.v2')
      for (const size of sizes) {
        const text = 'añ€😀'.repeat(Math.ceil(size / 10)).slice(0, size)
        client.send(text)
        assert.equal(await told.messages.next(), text)
        const bytes = Uint8Array.from({ length: size }, (_, index) => index * 7)
        client.send(bytes)
        assert.deepEqual(await told.messages.next(), bytes)
      }
      await socket.sendStream(['one ', 'two ', 'three'])
      assert.equal(await told.messages.next(), 'one two three')
      for (let count = 0; count < 10; count++) assert.ok((await socket.ping()) >= 0)
      socket.close(4001, 'enough')
      assert.deepEqual(await told.closed.next(), { code: 4001, reason: 'enough' })
      await ended.next()

      const second = await connect(url, ['chat.v1'], told)
      assert.equal(second.protocol, 'chat.v1')
      await opened.next()
      second.close(3000, 'theirs')
      assert.deepEqual(await ended.next(), { code: 3000, reason: 'theirs' })
      await told.closed.next()

      if (second.drop === undefined) return
      const third = await connect(url, ['chat.v1'], told)
      await opened.next()
      third.drop?.()
      assert.equal((await ended.next()).code, 1006)
    })
  }
}

const pythonClient = `
import asyncio, sys, websockets
async def main(url):
    for compression in ("deflate", None):
        async with websockets.connect(url, subprotocols=["chat.v1"], compression=compression) as socket:
            assert socket.subprotocol == "chat.v1"
            for size in (0, 1, 125, 126, 65535, 65536, 65537, 1000000):
                await socket.send("ä" * (size // 2)); assert await socket.recv() == "ä" * (size // 2)
                await socket.send(bytes(size)); assert await socket.recv() == bytes(size)
            await socket.send([b"one ", b"two"]); assert await socket.recv() == b"one two"
            await (await socket.ping())
            await socket.close(3000, "theirs")
    print("done")
asyncio.run(main(sys.argv[1]))
`

const hasPython = spawnSync('/usr/bin/python3', ['-c', 'import websockets']).status === 0

test('python3-websockets echoes, compressed and not, in fragments, pings and closes', {
  skip: hasPython ? false : 'python3-websockets is not on this machine',
}, async () => {
  const ended = new Inbox<{ code: number; reason: string }>()
  await using server = await served({
    compression: { serverContextTakeover: true, clientContextTakeover: true },
    message: (socket, data) => void socket.send(data),
    close: (_, { code, reason }) => ended.push({ code, reason }),
  })
  const program: ChildProcess = spawn('/usr/bin/python3', ['-c', pythonClient, server.url])
  let printed = ''
  program.stdout?.on('data', (chunk) => {
    printed += String(chunk)
  })
  program.stderr?.on('data', (chunk) => {
    printed += String(chunk)
  })
  await once(program, 'close')
  assert.equal(printed, 'done\n')
  assert.deepEqual(await ended.next(), { code: 3000, reason: 'theirs' })
  assert.deepEqual(await ended.next(), { code: 3000, reason: 'theirs' })
})
