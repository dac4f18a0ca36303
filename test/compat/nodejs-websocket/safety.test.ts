import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { certificate } from '../../wire/certificate.ts'
import { BINARY, CONTINUATION, frame, TEXT } from '../../wire/frames.ts'
import { handshake, RawPeer } from '../../wire/raw-peer.ts'
import { End, host, meet, ours } from './pairs.ts'

const pair = { name: '', server: ours, client: ours }

/** Runs a program of its own, in which nobody listens for errors. */
function runs(program: string): Promise<{ stdout: string }> {
  const library = new URL('../../../src/compat/nodejs-websocket/index.js', import.meta.url)
  const code = `import ws from '${pathToFileURL(fileURLToPath(library)).href}'\nimport net from 'node:net'\n${program}`
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { timeout: 20_000 })
}

const upgrade = JSON.stringify(handshake('/'))

test('a tab that closes abruptly does not end the process, though nobody listens for errors', async () => {
  const { stdout } = await runs(`
    const server = ws.createServer((connection) => {
      connection.on('text', () => connection.sendText('x'.repeat(100)))
      connection.on('close', (code) => {
        console.log('closed', code)
        connection.sendText('to nobody')
        connection.sendBinary(Buffer.alloc(1))
        connection.sendPing()
        connection.beginBinary().end('to nobody')
        connection.close()
        server.close()
      })
    }).listen(0, () => {
      const tab = net.connect(server.socket.address().port)
      tab.write(${upgrade})
      tab.once('data', () => tab.resetAndDestroy())
    })
  `)
  assert.equal(stdout, 'closed 1006\n')
})

test('a server that is not there does not end the process of a client without a listener', async () => {
  const { stdout } = await runs(`
    ws.connect('ws://127.0.0.1:1/').on('close', (code, reason) => console.log('closed', code))
  `)
  assert.equal(stdout, 'closed 1006\n')
})

test('resets during the handshake, and what is no handshake, do not end the process', async () => {
  const { stdout } = await runs(`
    const server = ws.createServer().listen(0, async () => {
      const { port } = server.socket.address()
      for (const begun of ['', 'GET / HTTP/1.1', 'GET / HTTP/1.1\\r\\n\\r\\n', 'nonsense\\r\\n\\r\\n']) {
        const peer = net.connect(port)
        await new Promise((resolve) => peer.write(begun, resolve))
        peer.on('error', () => {}).resetAndDestroy()
      }
      server.close(() => console.log('still here'))
    })
  `)
  assert.equal(stdout, 'still here\n')
})

test('a request that is no upgrade, or a wrong one, is answered with 400', async () => {
  const { url } = await host(ours)
  for (const request of [
    'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
    handshake('/', { 'Sec-WebSocket-Key': undefined }),
    handshake('/', { Connection: 'keep-alive', Upgrade: undefined }),
  ]) {
    const peer = await RawPeer.connect({ url })
    assert.equal((await peer.ask(request)).status, 400)
  }
})

test('a text is limited by setMaxBufferLength, in however many frames it comes', async () => {
  const { server, url } = await host(ours)
  const accepted = once(server, 'connection')
  const peer = await RawPeer.connect({ url })
  peer.send(handshake('/'))
  await peer.head()
  const end = new End((await accepted)[0])
  const piece = 'x'.repeat(1_000_000)
  peer.send(frame(TEXT, piece, { fin: false }), frame(CONTINUATION, piece, { fin: false }))
  peer.send(frame(CONTINUATION, piece, { fin: true }))
  assert.equal((await end.closed).code, 1009)
  assert.equal(end.texts.length, 0)
  peer.reset()
})

test('a binary message that is cut off has no end', async () => {
  const { server, url } = await host(ours)
  const accepted = once(server, 'connection')
  const peer = await RawPeer.connect({ url })
  peer.send(handshake('/'))
  await peer.head()
  const [connection] = await accepted
  const begun = once(connection, 'binary')
  peer.send(frame(BINARY, 'half', { fin: false }))
  const [stream] = await begun
  let ended = false
  stream.on('end', () => {
    ended = true
  })
  assert.equal(String((await once(stream, 'data'))[0]), 'half')
  peer.reset()
  await once(stream, 'close')
  assert.equal(ended, false)
})

test('a binary message of any size passes with little memory, and the peer waits for whoever reads', async () => {
  const { server, client } = await meet(pair)
  server.connection.removeAllListeners('binary')
  const begun = once(server.connection, 'binary')
  const total = 64 * 1024 * 1024
  const out = client.connection.beginBinary()
  const sending = (async () => {
    const piece = Buffer.alloc(1024 * 1024, 5)
    for (let sent = 0; sent < total; sent += piece.length) {
      if (!out.write(piece)) await once(out, 'drain')
    }
    out.end()
  })()
  const [stream] = await begun
  let most = 0
  let seen = 0
  for await (const data of stream.pipe(new PassThrough())) {
    seen += data.length
    most = Math.max(most, stream.readableLength)
  }
  await sending
  assert.equal(seen, total)
  assert.ok(most <= 4 * 1024 * 1024, `${most} bytes waited`)
})

test('a binary message nobody listens for is thrown away, and texts go on', async () => {
  const { server, client } = await meet(pair)
  server.connection.removeAllListeners('binary')
  client.connection.sendBinary(Buffer.alloc(1_900_000))
  client.connection.sendBinary(Buffer.alloc(1_900_000))
  client.connection.sendText('here')
  assert.equal(await server.texts.next(), 'here')
})

test('close is told once, however often and by whomever it is closed', async () => {
  const { server, client } = await meet(pair)
  let told = 0
  client.connection.on('close', () => {
    told += 1
  })
  client.connection.close(1000)
  client.connection.close(1000)
  await server.closed
  await once(client.connection.socket, 'close')
  client.connection.close()
  assert.equal(told, 1)
})

test('a code that must not be sent can be passed on', async () => {
  const { server, client } = await meet(pair)
  client.connection.close(1006, 'lost')
  assert.deepEqual(await server.closed, { code: 1005, reason: '' })
})

test('messages are compressed where both sides want it', async () => {
  for (const both of [true, false]) {
    const { server, client } = await meet(
      pair,
      { perMessageDeflate: true },
      both ? { perMessageDeflate: { thresholdBytes: 0 } } : {},
    )
    const extensions = client.connection.headers['sec-websocket-extensions']
    if (both) assert.match(extensions ?? '', /permessage-deflate/)
    else assert.equal(extensions, undefined)
    const text = 'again and '.repeat(10_000)
    client.connection.sendText(text)
    assert.equal(await server.texts.next(), text)
    server.connection.sendBinary(Buffer.from(text))
    assert.equal(String(await client.binaries.next()), text)
    const out = client.connection.beginBinary()
    out.write(text)
    out.end(text)
    assert.equal(String(await server.binaries.next()), text + text)
  }
})

test('it speaks TLS where it is asked to', async () => {
  const { key, cert } = certificate
  const { server, url } = await host(ours, { secure: true, key, cert })
  server.on('connection', (connection) =>
    connection.on('text', (text) => connection.sendText(text.toUpperCase())),
  )
  const client = new End(ours.connect(url.replace('ws:', 'wss:'), { ca: cert }))
  await once(client.connection, 'connect')
  client.connection.sendText('hi')
  assert.equal(await client.texts.next(), 'HI')
  client.connection.close()
  await once(client.connection.socket, 'close')
})

test('a client that is closed while it connects is told so, and connects no more', async () => {
  const { server, url } = await host(ours)
  let connected = false
  server.on('connection', () => {
    connected = true
  })
  const client = new End(ours.connect(url))
  client.connection.close(4000, 'never mind')
  assert.deepEqual(await client.closed, { code: 4000, reason: 'never mind' })
  assert.equal(client.connection.readyState, client.connection.CLOSED)
  assert.deepEqual(client.errors, [])
  assert.equal(connected, false)
})

test('what a listener throws is an uncaught exception, and nothing that came behind it is lost', async () => {
  const { stdout } = await runs(`
    process.on('uncaughtException', ({ message }) => console.log('uncaught', message))
    const server = ws.createServer((connection) => {
      connection.on('text', (text) => {
        console.log('text', text)
        if (text === 'one') throw new Error('of mine')
        server.close()
        connection.close()
      })
    }).listen(0, () => {
      ws.connect('ws://localhost:' + server.socket.address().port, function () {
        this.sendText('one')
        this.sendText('two')
      })
    })
  `)
  assert.deepEqual(stdout.trim().split('\n').sort(), ['text one', 'text two', 'uncaught of mine'])
})

test('only ws: and wss: are URLs to connect to', () => {
  assert.throws(() => ours.connect('http://localhost/'), /Invalid protocol http:. It must be ws or wss/)
})

test('a peer that never sends its request does not keep the process busy', async () => {
  const { server } = await host(ours)
  const peer = connectTcp((server.socket.address() as { port: number }).port)
  await once(server.socket, 'connection')
  peer.destroy()
  await once(peer, 'close')
  assert.deepEqual(server.connections, [])
})
