import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { CONTINUATION, frame, PING, TEXT } from '../../wire/frames.ts'
import { handshake, RawPeer } from '../../wire/raw-peer.ts'
import { dial, End, host, meet, ours } from './pairs.ts'

const pair = { name: '', server: ours, client: ours }

/** Runs a program of its own; whatever it does not catch ends it. */
async function runs(program: string): Promise<string[]> {
  const library = new URL('../../../src/compat/websocket/index.js', import.meta.url)
  const code = `
    import websocket from '${pathToFileURL(fileURLToPath(library)).href}'
    import http from 'node:http'
    import net from 'node:net'
    const httpServer = http.createServer().listen(0)
    await new Promise((resolve) => httpServer.once('listening', resolve))
    const { port } = httpServer.address()
    const server = new websocket.server({ httpServer })
    ${program}`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
    timeout: 20_000,
  })
  return stdout.trim().split('\n')
}

const upgrade = JSON.stringify(handshake('/'))

test('a client that resets its connection does not end the process, whoever listens for errors', async () => {
  const lines = await runs(`
    server.on('request', (request) => {
      const connection = request.accept()
      connection.on('close', (code) => {
        console.log('closed', code)
        connection.sendUTF('to nobody')
        connection.ping()
        connection.close()
        connection.drop()
        httpServer.close()
      })
    })
    const peer = net.connect(port)
    peer.write(${upgrade})
    peer.once('data', () => peer.resetAndDestroy())
  `)
  assert.deepEqual(lines, ['closed 1006'])
})

test('a client that resets while its request waits does not end the process; accepting it tells of the close', async () => {
  const lines = await runs(`
    server.on('request', (request) => {
      request.socket.once('close', () => {
        const connection = request.accept()
        connection.on('close', (code, description) => console.log(code, description))
        httpServer.close()
      })
      peer.resetAndDestroy()
      request.socket.resume()
    })
    const peer = net.connect(port)
    peer.write(${upgrade})
  `)
  assert.deepEqual(lines, ['1006 TCP connection lost before handshake completed.'])
})

test('a client without the subprotocol that is accepted gets 500, and the process goes on', async () => {
  const lines = await runs(`
    server.on('request', (request) => request.accept('echo-protocol', request.origin))
    server.on('upgradeError', ({ message }) => console.log(message))
    const client = new websocket.client()
    client.on('connectFailed', ({ message }) => {
      console.log(message.split('\\n')[0])
      httpServer.close()
    })
    client.connect('ws://localhost:' + port)
  `)
  assert.deepEqual(lines.sort(), [
    'Server responded with a non-101 status: 500 Internal Server Error',
    'Specified protocol was not requested by the client.',
  ])
})

test('a client whose request makes a listener throw gets 500, and the exception is uncaught', async () => {
  const lines = await runs(`
    process.on('uncaughtException', ({ message }) => console.log('uncaught', message))
    server.on('request', () => {
      throw new Error('of mine')
    })
    const client = new websocket.client()
    client.on('connectFailed', ({ message }) => {
      console.log(message.split('\\n')[0])
      httpServer.close()
    })
    client.connect('ws://localhost:' + port)
  `)
  assert.deepEqual(lines, [
    'uncaught of mine',
    'Server responded with a non-101 status: 500 Internal Server Error',
  ])
})

test('what a listener throws is an uncaught exception, and nothing that came behind it is lost', async () => {
  const lines = await runs(`
    process.on('uncaughtException', ({ message }) => console.log('uncaught', message))
    server.on('request', (request) => {
      const connection = request.accept()
      connection.on('message', ({ utf8Data }) => {
        console.log(utf8Data)
        if (utf8Data === 'one') throw new Error('of mine')
        connection.close()
        httpServer.close()
      })
    })
    const client = new websocket.client()
    client.on('connect', (connection) => {
      connection.send('one')
      connection.send('two')
    })
    client.connect('ws://localhost:' + port)
  `)
  assert.deepEqual(lines.sort(), ['one', 'two', 'uncaught of mine'])
})

async function rawPeer(config = {}): Promise<{ peer: RawPeer; end: End }> {
  const { server, url } = await host(ours, { autoAcceptConnections: true, ...config })
  const connected = once(server, 'connect')
  const peer = await RawPeer.connect({ url })
  peer.send(handshake('/'))
  await peer.head()
  return { peer, end: new End((await connected)[0]) }
}

test('a cookie that cannot be decoded is left as it is', async () => {
  const { server, url } = await host(ours)
  const request = once(server, 'request')
  const peer = await RawPeer.connect({ url })
  peer.send(handshake('/', { Cookie: 'a=%E0%A4%A' }))
  assert.deepEqual((await request)[0].cookies, [{ name: 'a', value: '%E0%A4%A' }])
  peer.reset()
})

test('text that is not UTF-8 and frames that break a rule fail the connection', async () => {
  for (const [bytes, code] of [
    [frame(TEXT, Uint8Array.of(0xff)), 1007],
    [frame(TEXT, 'x', { mask: false }), 1002],
    [frame(CONTINUATION, 'x'), 1002],
    [frame(11, 'x'), 1002],
    [frame(PING, 'x', { fin: false }), 1002],
    [frame(TEXT, 'x', { rsv1: true }), 1002],
  ] as const) {
    for (const assembleFragments of [true, false]) {
      const { peer, end } = await rawPeer({ assembleFragments })
      peer.send(bytes)
      assert.equal((await peer.finish()).code, code)
      assert.equal((await end.closed).code, code)
      assert.equal(end.messages.length, 0)
    }
  }
})

test('an empty close frame is 1005', async () => {
  const { peer, end } = await rawPeer()
  peer.send(frame(8))
  await peer.finish()
  assert.deepEqual(await end.closed, { code: 1005, description: 'Reason not provided' })
})

test('a silent peer is pinged, and dropped when it stays silent', async () => {
  const { peer, end } = await rawPeer({ keepaliveInterval: 100, keepaliveGracePeriod: 100 })
  assert.equal((await peer.frame()).opcode, PING)
  assert.deepEqual(await end.closed, { code: 1006, description: 'Peer not responding.' })
})

test('without dropConnectionOnKeepaliveTimeout it is pinged again and again', async () => {
  const { peer, end } = await rawPeer({ keepaliveInterval: 100, dropConnectionOnKeepaliveTimeout: false })
  for (const _ of [1, 2]) assert.equal((await peer.frame()).opcode, PING)
  assert.equal(end.connection.connected, true)
  peer.reset()
})

test('messages are compressed where both sides want it', async () => {
  for (const both of [true, false]) {
    const { server, client } = await meet(
      pair,
      { perMessageDeflate: true },
      { perMessageDeflate: both && { thresholdBytes: 0 } },
    )
    assert.deepEqual(
      client.connection.extensions.map(({ name }) => name),
      both ? ['permessage-deflate'] : [],
    )
    for (const text of ['again and '.repeat(10_000), 'short']) {
      client.connection.sendUTF(text)
      assert.equal(await server.messages.next(), text)
      server.connection.sendBytes(Buffer.from(text))
      assert.equal(String(await client.messages.next()), text)
    }
  }
})

test('what inflates beyond maxReceivedMessageSize fails the connection with 1009', async () => {
  const { server, client } = await meet(
    pair,
    { perMessageDeflate: true },
    { perMessageDeflate: true, fragmentOutgoingMessages: false },
  )
  client.connection.sendBytes(Buffer.alloc(1_048_577))
  assert.equal((await server.closed).code, 1009)
})

test('a slow peer is seen by outputBufferFull and bytesWaitingToFlush; drain tells when it has caught up', async () => {
  const { server, client } = await meet(pair)
  client.connection.pause()
  let called = false
  for (let sent = 0; !server.connection.outputBufferFull && sent < 1_000; sent++) {
    server.connection.sendBytes(Buffer.alloc(60_000), () => {
      called = true
    })
  }
  assert.equal(server.connection.outputBufferFull, true)
  assert.ok(server.connection.bytesWaitingToFlush > 0)
  assert.equal(called, false)
  const drained = once(server.connection, 'drain')
  client.connection.resume()
  await drained
  assert.equal(server.connection.outputBufferFull, false)
  assert.equal(called, true)
})

test('version 8 only differs by the name of the origin field', async () => {
  const { server, url } = await host(ours)
  const request = once(server, 'request')
  const connected = dial(ours, url, { webSocketVersion: 8 }, [], 'https://example.com')
  const [asked] = await request
  assert.equal(asked.webSocketVersion, 8)
  assert.equal(asked.origin, 'https://example.com')
  asked.accept(null, asked.origin)
  assert.equal((await connected).webSocketVersion, 8)
})
