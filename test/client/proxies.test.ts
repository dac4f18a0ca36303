import assert from 'node:assert/strict'
import { Agent, createServer, request } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { WebSocket, WebSocketStream } from '../../src/index.ts'
import type { DialTarget } from '../../src/runtime/contract.ts'
import { certificate } from '../wire/certificate.ts'
import { acceptanceOf, ByteServer, Peer } from './byte-server.ts'
import { failureOf, next } from './story.ts'

async function finish(socket: WebSocket, peer: Peer): Promise<void> {
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
}

/** An HTTP proxy that tunnels (RFC 9110 §9.3.6), and who asked it for what. */
async function proxy(): Promise<{ port: number; asked: string[] } & AsyncDisposable> {
  const asked: string[] = []
  const server = createServer()
  const sockets = new Set<Socket>()
  server.on('connect', (asking, socket: Socket) => {
    asked.push(asking.url ?? '')
    const [host = '', port] = (asking.url ?? '').split(':')
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n')
      socket.pipe(onward).pipe(socket)
    })
    for (const one of [socket, onward]) {
      sockets.add(one)
      one.on('error', () => {})
    }
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as { port: number }
  return {
    port,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function tunnel(port: number) {
  return ({ hostname, port: wanted }: DialTarget): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const asking = request({ host: 'localhost', port, method: 'CONNECT', path: `${hostname}:${wanted}` })
      asking.on('connect', (_, socket: Socket) => resolve(socket))
      asking.on('error', reject)
      asking.end()
    })
}

for (const secure of [false, true]) {
  test(`dial: through a proxy, ${secure ? 'with TLS on top' : 'plain'}`, async () => {
    await using server = await ByteServer.listen({ secure })
    await using between = await proxy()
    const socket = new WebSocket(server.url, [], {
      dial: tunnel(between.port),
      tls: { ca: certificate.cert },
    })
    const opened = next(socket, 'open')
    const peer = await server.accept()
    await opened
    socket.send('through')
    assert.equal(await peer.text(), 'through')
    assert.deepEqual(between.asked, [`localhost:${server.port}`])
    await finish(socket, peer)
  })
}

test('dial: is told where to, IPv6 without brackets, and whether TLS comes on top', async () => {
  const targets: DialTarget[] = []
  const dial = (target: DialTarget): never => {
    targets.push(target)
    throw new Error('only looking')
  }
  for (const url of ['ws://example.com/', 'wss://example.com/', 'ws://[::1]:8080/']) {
    const { error } = await failureOf(new WebSocket(url, [], { dial }))
    assert.equal(error.code, 'ERR_NETWORK')
    assert.equal(error.cause.message, 'only looking')
  }
  assert.deepEqual(targets, [
    { hostname: 'example.com', port: 80, secure: false },
    { hostname: 'example.com', port: 443, secure: true },
    { hostname: '::1', port: 8080, secure: false },
  ])
})

/** Two streams in memory, each of which reads what the other writes. */
function pair(): [Duplex, Duplex] {
  const ends: Duplex[] = []
  for (const index of [0, 1]) {
    ends.push(
      new Duplex({
        read() {},
        write(chunk, _, done) {
          ends[1 - index]?.push(chunk)
          setImmediate(done)
        },
        final(done) {
          ends[1 - index]?.push(null)
          done()
        },
        destroy(error, done) {
          setImmediate(() => ends[1 - index]?.destroy())
          done(error)
        },
      }),
    )
  }
  return ends as [Duplex, Duplex]
}

test('dial: over a stream in memory', async () => {
  const [ours, theirs] = pair()
  const peer = new Peer(theirs)
  const socket = new WebSocket('ws://nowhere.invalid/path', [], { dial: () => ours })
  const opened = next(socket, 'open')
  peer.request = await peer.head()
  peer.send(acceptanceOf(peer.request))
  await opened
  socket.send('hello')
  assert.equal(await peer.text(), 'hello')
  await finish(socket, peer)
})

test('dial: TLS over a stream that is no socket', async () => {
  await using server = await ByteServer.listen({ secure: true })
  const socket = new WebSocket(server.url, [], {
    tls: { ca: certificate.cert },
    dial({ port }) {
      const [ours, theirs] = pair()
      const onward = connect(port, 'localhost')
      theirs.on('error', () => onward.destroy())
      onward.on('error', () => theirs.destroy())
      theirs.pipe(onward).pipe(theirs)
      return ours
    },
  })
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  await finish(socket, peer)
})

test('dial: a stream that comes after the socket was closed is destroyed', async () => {
  const [ours] = pair()
  let give: (stream: Duplex) => void = () => {}
  const dialing = new Promise<void>((resolve) => {
    const socket = new WebSocket('ws://localhost/', {
      dial: () =>
        new Promise<Duplex>((done) => {
          give = done
          socket.close()
          resolve()
        }),
    })
    socket.onerror = ({ error }) => assert.equal(error.code, 'ERR_CLOSED')
  })
  await dialing
  give(ours)
  await new Promise((resolve) => ours.once('close', resolve))
})

test('agent: an http.Agent makes the connection', async () => {
  await using server = await ByteServer.listen()
  const agent = new (class extends Agent {
    made = 0
    override createConnection(options: object): Socket {
      this.made += 1
      return connect(options as never)
    }
  })()
  const socket = new WebSocket(server.url, [], { agent })
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  assert.equal(agent.made, 1)
  await finish(socket, peer)
  agent.destroy()
})

test('agent: an https.Agent for wss:, with the tls options', async () => {
  await using server = await ByteServer.listen({ secure: true })
  const agent = new SecureAgent()
  const socket = new WebSocket(server.url, [], { agent, tls: { ca: certificate.cert } })
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  await finish(socket, peer)
  agent.destroy()
})

test('agent: one for the other scheme fails the connection and says so', async () => {
  const agent = new Agent()
  const { error } = await failureOf(new WebSocket('wss://localhost/', [], { agent }))
  assert.equal(error.code, 'ERR_NETWORK')
  assert.equal(error.cause.code, 'ERR_INVALID_PROTOCOL')
})

test('agent and dial work for a WebSocketStream too', async () => {
  await using server = await ByteServer.listen()
  for (const options of [
    { agent: new Agent() },
    { dial: ({ port }: DialTarget) => connect(port, 'localhost') },
  ]) {
    const stream = new WebSocketStream(server.url, options)
    const peer = await server.accept()
    await stream.opened
    stream.close()
    await Promise.all([peer.finish(), stream.closed])
  }
})
