import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, describe, test } from 'node:test'
import { End, host, meet, original, ours, pairs } from './pairs.ts'

const sizes = [0, 1, 125, 126, 65_535, 65_536, 1_048_576]

afterEach(() => {
  for (const library of [ours, original]) {
    library.setBinaryFragmentation(512 * 1024)
    library.setMaxBufferLength(2 * 1024 * 1024)
  }
})

function text(size: number): string {
  return 'aé€😀'.repeat(Math.floor(size / 10)) + 'x'.repeat(size % 10)
}

for (const pair of pairs) {
  describe(pair.name, () => {
    test('texts and Buffers of all sizes come whole, both ways', async () => {
      const { server, client } = await meet(pair)
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        for (const size of sizes) {
          from.connection.sendText(text(size))
          assert.ok((await to.texts.next()) === text(size), `text of ${size}`)
          from.connection.sendBinary(Buffer.alloc(size, 7))
          assert.ok((await to.binaries.next()).equals(Buffer.alloc(size, 7)), `binary of ${size}`)
        }
      }
    })

    test('send sends text and Buffers, and throws on anything else', async () => {
      const { server, client } = await meet(pair)
      client.connection.send('a')
      client.connection.send(Buffer.from('b'))
      assert.equal(await server.texts.next(), 'a')
      assert.equal(String(await server.binaries.next()), 'b')
      assert.throws(() => client.connection.send(1 as unknown as string), TypeError)
    })

    test('callbacks of sends are called when the system has taken it, in order', async () => {
      const { client } = await meet(pair)
      const called: string[] = []
      client.connection.sendText('a', () => called.push('a'))
      client.connection.sendBinary(Buffer.from('b'), () => called.push('b'))
      assert.deepEqual(called, [])
      await new Promise<void>((resolve) => client.connection.sendText('c', () => resolve()))
      assert.deepEqual(called, ['a', 'b'])
    })

    test('a binary message is a stream, sent piece by piece and received as it comes', async () => {
      const { server, client } = await meet(pair)
      pair.client.setBinaryFragmentation(4)
      server.connection.removeAllListeners('binary')
      const begun = once(server.connection, 'binary')
      const out = client.connection.beginBinary()
      assert.equal(client.connection.outStream, out)
      out.write(Buffer.from('ab'))
      out.write(Buffer.from('cde'))
      const [stream] = await begun
      assert.equal(String((await once(stream, 'data'))[0]), 'abcde')
      const rest: string[] = []
      stream.on('data', (data: Buffer) => rest.push(String(data)))
      out.write(Buffer.from('fghij'))
      out.end(Buffer.from('k'))
      await once(stream, 'end')
      assert.deepEqual(
        rest.filter((part) => part !== ''),
        ['fghij', 'k'],
      )
      assert.equal(client.connection.outStream, null)
    })

    test('a frame is read as one piece, as programs expect that read once', async () => {
      const { server, client } = await meet(pair)
      server.connection.removeAllListeners('binary')
      const begun = once(server.connection, 'binary')
      client.connection.sendBinary(Buffer.alloc(1_000_000, 1))
      const [stream] = await begun
      await once(stream, 'readable')
      assert.equal(stream.read().length, 1_000_000)
    })

    test('a ping is answered with its payload', async () => {
      const { server, client } = await meet(pair)
      for (const end of [server, client]) {
        end.connection.sendPing('are you there')
        assert.equal(await end.pongs.next(), 'are you there')
        end.connection.sendPing()
        assert.equal(await end.pongs.next(), '')
      }
    })

    test('the close code and its reason reach the other side; whoever closes is told at once', async () => {
      const { server, client } = await meet(pair)
      assert.equal(client.connection.readyState, client.connection.OPEN)
      client.connection.close(4001, 'enough')
      assert.equal(client.connection.readyState, client.connection.CLOSING)
      assert.deepEqual(await client.closed, { code: 4001, reason: 'enough' })
      assert.deepEqual(await server.closed, { code: 4001, reason: 'enough' })
      assert.equal(server.connection.readyState, server.connection.CLOSED)
    })

    test('a close without a code is 1005 for the other side', async () => {
      const { server, client } = await meet(pair)
      client.connection.close()
      assert.deepEqual(await client.closed, { code: undefined, reason: undefined })
      assert.deepEqual(await server.closed, { code: 1005, reason: '' })
    })

    test('an abrupt cut is 1006 for the other side', async () => {
      const { server, client } = await meet(pair)
      client.connection.socket.destroy()
      assert.deepEqual(await server.closed, { code: 1006, reason: '' })
    })

    test('both sides know path, fields and subprotocols', async () => {
      const { server, client } = await meet(
        pair,
        { validProtocols: ['b', 'c'] },
        { protocols: ['a', 'b', 'c'], extraHeaders: { 'X-HeaderName': 'header value' } },
      )
      assert.equal(server.connection.path, '/')
      assert.equal(server.connection.headers['x-headername'], 'header value')
      assert.deepEqual(server.connection.protocols, ['a', 'b', 'c'])
      assert.equal(server.connection.protocol, 'b')
      assert.equal(client.connection.protocol, 'b')
      assert.equal(client.connection.server, null)
      assert.equal(client.connection.headers['upgrade'], 'websocket')
      assert.equal(client.connection.headers['connection'], 'Upgrade')
      assert.ok('sec-websocket-accept' in client.connection.headers)
    })

    test('selectProtocol chooses, and may choose none', async () => {
      const { server, client } = await meet(
        pair,
        { selectProtocol: (_connection, protocols) => protocols.at(-1) },
        { protocols: ['a', 'b'] },
      )
      assert.equal(server.connection.protocol, 'b')
      assert.equal(client.connection.protocol, 'b')
      const { url } = await host(pair.server, { selectProtocol: () => undefined })
      const refused = new End(pair.client.connect(url, { protocols: ['a'] }))
      assert.equal((await refused.closed).code, 1006)
      assert.match(refused.errors[0]?.message ?? '', /no protocol was negotiated/)
    })

    test('server.connections holds who is there', async () => {
      const { server, client, host: it } = await meet(pair)
      assert.deepEqual(it.connections, [server.connection])
      assert.equal(server.connection.server, it)
      client.connection.close(1000, '')
      await server.closed
      assert.deepEqual(it.connections, [])
    })

    test('a frame larger than setMaxBufferLength fails the connection with 1009', async () => {
      const { server, client } = await meet(pair)
      pair.server.setMaxBufferLength(1000)
      client.connection.sendText('x'.repeat(900))
      assert.equal((await server.texts.next()).length, 900)
      client.connection.sendText('x'.repeat(1_000_000))
      assert.equal((await server.closed).code, 1009)
    })

    test('a text within a binary message is an error', async () => {
      const { server, client } = await meet(pair)
      const stream = client.connection.beginBinary()
      client.connection.sendText('no')
      client.connection.sendBinary(Buffer.from('no'))
      assert.match(client.errors[0]?.message ?? '', /can't send a text frame until you finish sending binary/)
      assert.match(client.errors[1]?.message ?? '', /can't send more binary frames until you finish/)
      client.connection.removeAllListeners('error')
      assert.throws(() => client.connection.sendText('no'), /can't send a text frame/)
      stream.end('done')
      assert.equal(String(await server.binaries.next()), 'done')
      client.connection.sendText('yes')
      assert.equal(await server.texts.next(), 'yes')
    })

    test('what the server sends in its connection listener comes right behind the handshake', async () => {
      const { server, url } = await host(pair.server)
      server.on('connection', (connection) => connection.sendText('hello'))
      const client = new End(pair.client.connect(url))
      assert.equal(await client.texts.next(), 'hello')
    })

    test('close lets connections be, and tells when the last has gone', async () => {
      const { client, host: it, server } = await meet(pair)
      let closed = false
      const ended = new Promise<void>((resolve) =>
        it.close(() => {
          closed = true
          resolve()
        }),
      )
      client.connection.sendText('still here')
      assert.equal(await server.texts.next(), 'still here')
      assert.equal(closed, false)
      client.connection.close()
      if (pair.server === original || pair.client === original) client.connection.socket.destroy()
      await ended
    })
  })
}
