import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mock, test } from 'node:test'
import WebSocket from 'polyplex/ws'
import { combinations, endPair, messagesOf, openPair, testPairs } from './pairs.ts'

testPairs('text arrives as a Buffer that is not binary', async ({ client, server }) => {
  const received = messagesOf(server, 3)
  client.send('plain')
  client.send('Grüße, 世界 🌍')
  client.send('')
  assert.deepEqual(await received, [
    [Buffer.from('plain'), false],
    [Buffer.from('Grüße, 世界 🌍'), false],
    [Buffer.alloc(0), false],
  ])
})

testPairs('binary data of every kind arrives as a Buffer', async ({ client, server }) => {
  const received = messagesOf(client, 5)
  server.send(Buffer.from([1, 2]))
  server.send(Uint8Array.of(3, 4).buffer)
  server.send(new Uint16Array([0x0605]))
  server.send([7, 8])
  server.send(new Blob([Uint8Array.of(9, 10)]))
  const expected = [
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
    [9, 10],
  ]
  assert.deepEqual(
    await received,
    expected.map((bytes) => [Buffer.from(bytes), true]),
  )
})

testPairs('what is sent behind a Blob arrives behind it', async ({ client, server }) => {
  const received = messagesOf(server, 4)
  client.send(new Blob(['first']), { binary: false })
  client.send('second')
  client.send(new Blob(['third']), { binary: false })
  client.send('fourth')
  const order = (await received).map(([data]) => String(data))
  assert.deepEqual(order, ['first', 'second', 'third', 'fourth'])
})

testPairs('numbers are sent as text, and what is falsy as nothing', async ({ client, server }) => {
  const received = messagesOf(server, 2)
  client.send(42)
  client.send(undefined as unknown as string)
  assert.deepEqual(await received, [
    [Buffer.from('42'), false],
    [Buffer.alloc(0), true],
  ])
})

testPairs('the option `binary` decides whether a message is binary', async ({ client, server }) => {
  const received = messagesOf(server, 2)
  client.send('text', { binary: true })
  client.send(Buffer.from('bytes'), { binary: false })
  assert.deepEqual(await received, [
    [Buffer.from('text'), true],
    [Buffer.from('bytes'), false],
  ])
})

testPairs('the option `fin` sends a message in fragments', async ({ client, server }) => {
  const received = messagesOf(server, 2)
  client.send('a', { fin: false })
  client.ping()
  client.send('b', { fin: false })
  client.send('c')
  client.send('whole')
  assert.deepEqual(
    (await received).map(([data]) => String(data)),
    ['abc', 'whole'],
  )
})

testPairs('messages of every size arrive whole', async ({ client, server }) => {
  const sizes = [125, 126, 65_535, 65_536, 1_000_000]
  server.on('message', (data) => server.send(data))
  const received = messagesOf(client, sizes.length)
  const sent = sizes.map((size) => randomBytes(size))
  for (const data of sent) client.send(data)
  const back = (await received).map(([data]) => data as Buffer)
  assert.ok(back.every((data, index) => data.equals(sent[index] as Buffer)))
})

testPairs('a callback is called later, in order, and not before the message is gone', async ({ client }) => {
  const order: string[] = []
  await new Promise<void>((resolve) => {
    client.send('a', (error) => order.push(`a ${error}`))
    client.send('b', { compress: false }, (error) => order.push(`b ${error}`))
    client.ping('c', undefined, (error) => {
      order.push(`c ${error ?? undefined}`)
      resolve()
    })
    order.push('sent')
  })
  assert.deepEqual(
    order.map((line) => line.replace('null', 'undefined')),
    ['sent', 'a undefined', 'b undefined', 'c undefined'],
  )
  assert.equal(client.bufferedAmount, 0)
})

testPairs(
  'a ping is answered by a pong with its data, and both are told of it',
  async ({ client, server }) => {
    const pinged = once(server, 'ping')
    const answered = once(client, 'pong')
    client.ping('beat')
    assert.deepEqual(await pinged, [Buffer.from('beat')])
    assert.deepEqual(await answered, [Buffer.from('beat')])
  },
)

testPairs('a ping of more than 125 bytes is refused', ({ client }) => {
  assert.throws(() => client.ping(Buffer.alloc(126)), {
    name: 'RangeError',
    message: 'The data size must not be greater than 125 bytes',
  })
})

testPairs(
  'without `autoPong` a ping is answered by nobody but the program',
  async ({ client, server }) => {
    server.on('ping', (data) => server.pong(`own ${data}`))
    const answered = once(client, 'pong')
    client.ping('x')
    assert.deepEqual(await answered, [Buffer.from('own x')])
  },
  { server: { autoPong: false } },
)

for (const [type, check] of Object.entries({
  arraybuffer: (data: unknown) => data instanceof ArrayBuffer && Buffer.from(data).toString() === 'abc',
  nodebuffer: (data: unknown) => Buffer.isBuffer(data) && data.toString() === 'abc',
  fragments: (data: unknown) => Array.isArray(data) && data.map(String).join() === 'a,bc',
  blob: (data: unknown) => data instanceof Blob && data.size === 3,
})) {
  testPairs(`\`binaryType\` ${type} says what binary data is`, async ({ client, server }) => {
    server.binaryType = type as 'blob'
    const received = messagesOf(server, 1)
    client.send(Buffer.from('a'), { fin: false })
    client.send(Buffer.from('bc'))
    const [message] = await received
    assert.ok(check(message?.[0]))
  })
}

testPairs(
  'a message that is being handled may be kept: later ones do not change it',
  async ({ client, server }) => {
    const received = messagesOf(server, 200)
    for (let index = 0; index < 100; index++) {
      client.send(`text ${index}`)
      client.send(Buffer.from(`binary ${index}`))
    }
    const texts = (await received).map(([data]) => String(data))
    assert.deepEqual(
      texts,
      Array.from({ length: 100 }, (_, index) => [`text ${index}`, `binary ${index}`]).flat(),
    )
  },
)

for (const combination of combinations) {
  for (const options of [
    { server: { perMessageDeflate: true } },
    {
      server: {
        perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 1 },
      },
    },
    { server: { perMessageDeflate: { serverMaxWindowBits: 10, clientMaxWindowBits: 9 } } },
    { server: { perMessageDeflate: { zlibDeflateOptions: { level: 9, memLevel: 4 } } } },
  ]) {
    const what = JSON.stringify(options.server.perMessageDeflate)
    test(`messages are compressed both ways with ${what} (${combination.name})`, async () => {
      const pair = await openPair(combination, options)
      assert.equal(pair.client.extensions, 'permessage-deflate')
      pair.server.on('message', (data, isBinary) => pair.server.send(data, { binary: isBinary }))
      const received = messagesOf(pair.client, 5)
      const text = 'the same words again and again, '.repeat(500)
      pair.client.send(text)
      pair.client.send(text)
      pair.client.send('short')
      pair.client.send(text.slice(0, 100), { compress: false })
      pair.client.send(text, { fin: false })
      pair.client.send(text)
      const back = (await received).map(([data]) => String(data))
      assert.deepEqual(back, [text, text, 'short', text.slice(0, 100), text + text])
      await endPair(pair)
    })
  }
}

testPairs('`pause` keeps messages back until `resume`', async ({ client, server }) => {
  server.pause()
  assert.equal(server.isPaused, true)
  let received = 0
  server.on('message', () => received++)
  client.send('late')
  const answered = once(client, 'pong')
  // Of what was sent to it the server has seen nothing; its own ping goes both ways through the kernel meanwhile.
  server.ping()
  await once(client, 'ping')
  assert.equal(received, 0)
  const arrived = once(server, 'message')
  server.resume()
  await arrived
  client.ping()
  await answered
  assert.equal(server.isPaused, false)
})

test('a server hears what a client sends with its handshake, after the program had a turn to listen', async () => {
  const pair = await openPair(combinations[0] as (typeof combinations)[0], {
    connected: (server) => {
      process.nextTick(() => server.on('message', (data) => server.send(`heard ${data}`)))
    },
  })
  const received = messagesOf(pair.client, 1)
  pair.client.send('at once')
  assert.deepEqual(await received, [[Buffer.from('heard at once'), false]])
  await endPair(pair)
})

test('with `allowSynchronousEvents` false one turn of the event loop brings one event', async () => {
  const pair = await openPair(combinations[0] as (typeof combinations)[0], {
    server: { allowSynchronousEvents: false },
  })
  const turns: number[] = []
  let turn = 0
  let counting = true
  const count = (): void => {
    turn += 1
    if (counting) setImmediate(count)
  }
  setImmediate(count)
  const all = messagesOf(pair.server, 3)
  pair.server.on('message', () => turns.push(turn))
  for (const text of ['a', 'b', 'c']) pair.client.send(text)
  await all
  counting = false
  assert.equal(new Set(turns).size, 3)
  await endPair(pair)
})

test('what a listener throws is thrown all the same, and the messages behind it arrive', async () => {
  const pair = await openPair(combinations[0] as (typeof combinations)[0])
  const thrown: unknown[] = []
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => thrown.push(error.message))
  const received = messagesOf(pair.server, 2)
  pair.server.once('message', () => {
    throw new Error('in the listener')
  })
  pair.client.send('first')
  pair.client.send('second')
  assert.equal((await received).length, 2)
  process.removeAllListeners('uncaughtException')
  for (const listener of listeners) process.on('uncaughtException', listener)
  assert.deepEqual(thrown, ['in the listener'])
  await endPair(pair)
})

test('a program that puts timers of its own in place of the platform’s still talks', async () => {
  const pair = await openPair(combinations[0] as (typeof combinations)[0])
  const { nextTick } = process
  const received = messagesOf(pair.server, 2)
  mock.timers.enable({ apis: ['setImmediate', 'setTimeout'] })
  process.nextTick = () => {}
  try {
    const sent = new Promise<void>((resolve) => {
      pair.client.send('without callback')
      pair.client.send('with callback', () => resolve())
    })
    await sent
    assert.equal((await received).length, 2)
  } finally {
    process.nextTick = nextTick
    mock.timers.reset()
  }
  await endPair(pair)
})

test('what was sent may be changed at once, also with a `mask` that is not the usual one', async () => {
  const pair = await openPair(combinations[0] as (typeof combinations)[0])
  const failed = new Promise<Error & { code?: string }>((resolve) => {
    pair.server.on('error', resolve)
  })
  const received = messagesOf(pair.server, 2)
  const data = Buffer.from('aaa')
  pair.client.send(data)
  data.fill('b')
  pair.client.send(data, { mask: true })
  data.fill('c')
  pair.client.send(data, { mask: false })
  assert.deepEqual(
    (await received).map(([message]) => String(message)),
    ['aaa', 'bbb'],
  )
  assert.equal((await failed).code, 'WS_ERR_EXPECTED_MASK')
  await endPair(pair)
})

test('a frame made by `Sender.frame` is sent by `_sender.sendFrame`, in the order of all else', async () => {
  const pair = await openPair(combinations[0] as (typeof combinations)[0])
  const frame = WebSocket.Sender.frame('made', {
    fin: true,
    opcode: 1,
    mask: false,
    readOnly: false,
    rsv1: false,
  })
  const received = messagesOf(pair.client, 3)
  const { _sender } = pair.server as unknown as { _sender: InstanceType<typeof WebSocket.Sender> }
  pair.server.send('before')
  await new Promise<void>((resolve) => {
    _sender.sendFrame(frame, () => resolve())
    pair.server.send('after')
  })
  assert.deepEqual(
    (await received).map(([data]) => String(data)),
    ['before', 'made', 'after'],
  )
  await endPair(pair)
})
