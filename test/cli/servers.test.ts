import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { test } from 'node:test'
import { Running, run, startServer } from './program.ts'
import { WsClient } from './ws-client.ts'

const limitBytes = 67_108_864

for (const command of ['echo', 'relay', 'serve']) {
  test(`${command}: --json prints one line with both addresses`, async (t) => {
    const { url, ws } = await startServer(t, command, '--host', '127.0.0.1')
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/)
    assert.equal(ws, url.replace('http', 'ws'))
  })

  test(`${command}: a person is told where it is`, async () => {
    const running = new Running([command, '--port', '0'])
    assert.match(await running.line(), /(ws|http):\/\/localhost:\d+\//)
    assert.deepEqual(await running.stop(), [0, null])
  })

  test(`${command}: a taken port gives one clear line and exit code 1`, async (t) => {
    const other = createServer().listen(0)
    t.after(() => other.close())
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { code, stdout, stderr } = await run([command, '--port', String(port)])
    assert.deepEqual(
      { code, stdout, stderr },
      {
        code: 1,
        stdout: '',
        stderr: `polyplex ${command}: port ${port} is already in use; choose another one with --port\n`,
      },
    )
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${command}: ${signal} closes every connection with 1001 and ends with exit code 0`, async (t) => {
      const server = await startServer(t, command)
      const clients = await Promise.all([
        WsClient.open(t, `${server.ws}echo`),
        WsClient.open(t, `${server.ws}echo`),
      ])
      assert.deepEqual(await server.program.stop(signal), [0, null])
      for (const client of clients) assert.equal((await client.closed).code, 1001)
    })
  }

  test(`${command}: ends in order though a client never answers`, async (t) => {
    const server = await startServer(t, command)
    const silent = await WsClient.open(t, `${server.ws}echo`)
    silent.socket.pause()
    const begun = performance.now()
    assert.deepEqual(await server.program.stop(), [0, null])
    assert.ok(performance.now() - begun < 4_000)
  })

  test(`${command}: goes on when nobody reads its output any more`, async (t) => {
    const server = await startServer(t, command)
    server.program.child.stdout?.destroy()
    const client = await WsClient.open(t, `${server.ws}echo`)
    client.send('still there?')
    assert.equal(await client.next(), 'still there?')
    assert.deepEqual(await server.program.stop(), [0, null])
  })
}

for (const command of ['echo', 'relay']) {
  test(`${command}: text stays text and binary stays binary, on every path`, async (t) => {
    const server = await startServer(t, command)
    for (const path of ['', 'a/b', 'x?y=z']) {
      const client = await WsClient.open(t, server.ws + path)
      client.send('grüße')
      client.send('')
      client.send(Uint8Array.of(0, 255))
      assert.equal(await client.next(), 'grüße')
      assert.equal(await client.next(), '')
      assert.deepEqual(await client.next(), Buffer.of(0, 255))
    }
  })

  test(`${command}: pages of any origin may connect`, async (t) => {
    const server = await startServer(t, command)
    await WsClient.open(t, server.ws, { origin: 'https://elsewhere.example' })
  })

  test(`${command}: the first offered subprotocol is agreed to`, async (t) => {
    const server = await startServer(t, command)
    const client = await WsClient.open(t, server.ws, { protocols: ['b', 'a'] })
    assert.equal(client.socket.protocol, 'b')
  })

  test(`${command}: a message of 64 MiB passes, one byte more closes with 1009`, async (t) => {
    const server = await startServer(t, command)
    const client = await WsClient.open(t, server.ws)
    const message = Buffer.alloc(limitBytes, 'x')
    client.send(message)
    assert.ok(message.equals((await client.next()) as Buffer))
    client.send(Buffer.alloc(limitBytes + 1))
    assert.equal((await client.closed).code, 1009)
  })

  test(`${command}: compression only with --compress`, async (t) => {
    const plain = await startServer(t, command)
    const compressing = await startServer(t, command, '--compress')
    assert.equal((await WsClient.open(t, plain.ws, { perMessageDeflate: true })).socket.extensions, '')
    const client = await WsClient.open(t, compressing.ws, { perMessageDeflate: true })
    assert.match(client.socket.extensions, /permessage-deflate/)
    // Deflate makes a thousandth of it: the ratio is no reason to refuse here, the limit of 64 MiB bounds memory.
    const message = Buffer.alloc(limitBytes, 'x')
    client.send(message)
    assert.ok(message.equals((await client.next()) as Buffer))
  })
}

test('echo: a client that does not read loses nothing, and is not read from', async (t) => {
  const server = await startServer(t, 'echo')
  const client = await WsClient.open(t, server.ws)
  client.socket.pause()
  const count = 100
  let taken = 0
  for (let number = 0; number < count; number++) {
    client.socket.send(Buffer.alloc(1_000_000, number), () => {
      taken += 1
    })
  }
  // A second client is answered all the while; its round trips give the first one time to send what it can.
  const other = await WsClient.open(t, server.ws)
  for (let round = 0; round < 1_000; round++) {
    other.send('ping')
    assert.equal(await other.next(), 'ping')
  }
  assert.ok(taken < count / 2, `${taken} of ${count} messages were read from a client that reads nothing`)
  client.socket.resume()
  for (let number = 0; number < count; number++) {
    assert.ok(Buffer.alloc(1_000_000, number).equals((await client.next()) as Buffer))
  }
})

test('echo: a client that vanishes in the middle of a frame is no trouble for the others', async (t) => {
  const server = await startServer(t, 'echo')
  const { port } = new URL(server.url)
  const rude = connect(Number(port), 'localhost')
  await once(rude, 'connect')
  rude.write(
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await once(rude, 'data')
  rude.write(Buffer.of(0x82, 0xff, 0, 0))
  rude.resetAndDestroy()
  const client = await WsClient.open(t, server.ws)
  client.send('hello')
  assert.equal(await client.next(), 'hello')
})

test('relay: a message goes to every connection on the same path, the sender too, and to no other path', async (t) => {
  const server = await startServer(t, 'relay')
  const room = await Promise.all(
    ['', '?as=two', ''].map((query) => WsClient.open(t, `${server.ws}room${query}`)),
  )
  const elsewhere = await WsClient.open(t, `${server.ws}elsewhere`)
  room[0]?.send('hello')
  room[1]?.send(Uint8Array.of(7))
  for (const client of room) {
    const got = [await client.next(), await client.next()]
    assert.deepEqual(
      new Set(got.map((data) => (typeof data === 'string' ? data : data.toString('hex')))),
      new Set(['hello', '07']),
    )
  }
  elsewhere.send('alone')
  assert.equal(await elsewhere.next(), 'alone')
})

test('relay: a reader that does not read is closed, and the others get everything', async (t) => {
  const server = await startServer(t, 'relay')
  const reader = await WsClient.open(t, server.ws)
  const frozen = await WsClient.open(t, server.ws)
  frozen.socket.pause()
  const count = 100
  for (let number = 0; number < count; number++) {
    reader.send(Buffer.alloc(1_000_000, number))
    assert.ok(Buffer.alloc(1_000_000, number).equals((await reader.next()) as Buffer))
  }
  frozen.socket.resume()
  assert.ok([1006, 1013].includes((await frozen.closed).code))
})
