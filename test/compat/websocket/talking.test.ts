import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { type End, meet, original, ours, pairs } from './pairs.ts'

const sizes = [0, 1, 125, 126, 16_384, 16_385, 65_535, 65_536, 65_537, 1_048_576]

function text(size: number): string {
  return 'aé€😀'.repeat(Math.floor(size / 10)) + 'x'.repeat(size % 10)
}

async function echo(from: End, to: End, message: string | Buffer): Promise<void> {
  from.connection.send(message)
  const seen = await to.messages.next()
  assert.ok(Buffer.compare(Buffer.from(seen as string), Buffer.from(message as string)) === 0, 'the same')
  assert.equal(typeof seen, typeof message)
}

for (const pair of pairs) {
  describe(pair.name, () => {
    test('texts and Buffers of all sizes come whole, both ways', async () => {
      const { server, client } = await meet(pair)
      for (const size of sizes) {
        for (const message of [text(size), Buffer.alloc(size, 7)]) {
          await echo(client, server, message)
          await echo(server, client, message)
        }
      }
    })

    test('a message without fragments is one frame', async () => {
      const whole = { fragmentOutgoingMessages: false, maxReceivedFrameSize: 1_000_000 }
      const { server, client } = await meet(pair, whole, whole)
      await echo(client, server, text(100_000))
      await echo(server, client, text(100_000))
    })

    test('callbacks of sends come in order, and without an error', async () => {
      const { server, client } = await meet(pair)
      const called: unknown[] = []
      await new Promise<void>((resolve) => {
        client.connection.sendUTF('a', (error) => called.push(['a', error ?? undefined]))
        client.connection.sendBytes(Buffer.alloc(40_000), (error) => called.push(['b', error ?? undefined]))
        client.connection.send('c', () => resolve())
        assert.equal(called.length, 0, 'not at once')
      })
      assert.deepEqual(called, [
        ['a', undefined],
        ['b', undefined],
      ])
      assert.equal(await server.messages.next(), 'a')
    })

    test('a ping is answered with its payload', async () => {
      const { server, client } = await meet(pair)
      for (const { connection } of [server, client]) {
        const pong = once(connection, 'pong')
        connection.ping('are you there')
        assert.equal(String((await pong)[0]), 'are you there')
      }
    })

    test('the close code and its description reach the other side', async () => {
      const { server, client } = await meet(pair)
      client.connection.close(4001, 'enough')
      assert.deepEqual(await server.closed, { code: 4001, description: 'enough' })
      assert.deepEqual(await client.closed, { code: 4001, description: 'enough' })
      assert.equal(server.connection.connected, false)
      assert.equal(server.connection.state, 'closed')
      assert.equal(server.connection.closeReasonCode, 4001)
    })

    test('a close without a code is 1000, with its usual description', async () => {
      const { server, client } = await meet(pair)
      server.connection.close()
      const normal = { code: 1000, description: 'Normal connection closure' }
      assert.deepEqual(await client.closed, normal)
      assert.deepEqual(await server.closed, normal)
    })

    test('an abrupt cut is 1006 for the other side', async () => {
      const { server, client } = await meet(pair)
      client.connection.socket.destroy()
      assert.equal((await server.closed).code, 1006)
      assert.equal((await client.closed).code, 1006)
    })

    test('drop cuts at once, after a close frame', async () => {
      const { server, client } = await meet(pair)
      server.connection.drop(1008, 'away with you')
      assert.equal(server.connection.state, 'closed')
      assert.deepEqual(await server.closed, { code: 1008, description: 'away with you' })
      assert.deepEqual(await client.closed, { code: 1008, description: 'away with you' })
    })

    test('a frame larger than maxReceivedFrameSize fails the connection with 1009', async () => {
      const { server, client } = await meet(
        pair,
        { maxReceivedFrameSize: 1000 },
        { fragmentOutgoingMessages: false },
      )
      client.connection.sendUTF('just before')
      client.connection.sendBytes(Buffer.alloc(1001))
      assert.equal(await server.messages.next(), 'just before')
      const { code, description } = await server.closed
      assert.equal(code, 1009)
      assert.match(description ?? '', /1001 bytes exceeds maximum accepted frame size/)
      assert.equal((await client.closed).code, 1009)
    })

    test('a message larger than maxReceivedMessageSize fails the connection with 1009', async () => {
      const { server, client } = await meet(pair, { maxReceivedMessageSize: 100_000 })
      client.connection.sendBytes(Buffer.alloc(100_000))
      assert.equal((await server.messages.next()).length, 100_000)
      client.connection.sendBytes(Buffer.alloc(100_001))
      assert.equal((await server.closed).code, 1009)
    })

    test('pause lets the peer wait, resume hands on what came', async () => {
      const { server, client } = await meet(pair)
      const paused = once(server.connection, 'pause')
      server.connection.pause()
      await paused
      client.connection.sendUTF('one')
      const pong = once(client.connection, 'pong')
      server.connection.resume()
      client.connection.ping('after')
      assert.equal(await server.messages.next(), 'one')
      await pong
    })

    test('without assembleFragments every frame is told as it came, and no message', async () => {
      const { server, client } = await meet(pair, { assembleFragments: false }, { fragmentationThreshold: 3 })
      const frames: unknown[] = []
      server.connection.on('frame', ({ opcode, fin, length, binaryPayload, closeStatus }) =>
        frames.push([opcode, fin, length, String(binaryPayload), closeStatus]),
      )
      client.connection.sendUTF('abcdefgh')
      client.connection.ping('p')
      await once(client.connection, 'pong')
      client.connection.close(4000, 'bye')
      await server.closed
      assert.deepEqual(frames, [
        [1, false, 3, 'abc', -1],
        [0, false, 3, 'def', -1],
        [0, true, 2, 'gh', -1],
        [9, true, 1, 'p', -1],
        [8, true, 5, 'bye', 4000],
      ])
      assert.equal(server.messages.length, 0)
    })

    test('sendFrame sends a frame as it is', async () => {
      const { server, client } = await meet(pair)
      for (const [opcode, fin, payload] of [
        [1, false, 'ab'],
        [0, true, 'cd'],
      ] as const) {
        const frame = new pair.client.frame(Buffer.alloc(4), Buffer.alloc(10), client.connection.config)
        frame.opcode = opcode
        frame.fin = fin
        frame.binaryPayload = Buffer.from(payload)
        client.connection.sendFrame(frame)
      }
      assert.equal(await server.messages.next(), 'abcd')
    })

    test('a listener of ping may cancel the pong', async () => {
      const { server, client } = await meet(pair)
      const pongs: string[] = []
      client.connection.on('pong', (data) => pongs.push(String(data)))
      server.connection.on('ping', (cancel, payload) => {
        if (String(payload) === 'quiet') cancel()
      })
      client.connection.ping('quiet')
      client.connection.ping('loud')
      await once(client.connection, 'pong')
      assert.deepEqual(pongs, ['loud'])
    })
  })
}

test('a message that the peer cannot take after its end calls back with an error', async () => {
  const { client } = await meet({ server: ours, client: ours, name: '' })
  client.connection.close()
  const error = await new Promise<Error | undefined>((resolve) => client.connection.send('late', resolve))
  assert.ok(error instanceof Error)
})

test('a close code that must not be sent is refused, by both libraries alike', async () => {
  for (const library of [ours, original]) {
    const { client } = await meet({ server: ours, client: library, name: '' })
    assert.throws(() => client.connection.close(1006), /Close code 1006 is not valid/)
  }
})
