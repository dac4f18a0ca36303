import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { Server } from '../../src/server/index.ts'
import { certificate } from '../wire/certificate.ts'
import { BINARY, CONTINUATION, close, frame, PING, ping, TEXT, text } from '../wire/frames.ts'
import { Inbox } from '../wire/inbox.ts'
import { testEach } from '../wire/listeners.ts'
import { memoryInUse } from '../wire/memory.ts'
import { handshake, RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

async function isAlive(server: Server<never>): Promise<void> {
  const peer = await RawPeer.open(server)
  peer.send(ping('alive'))
  for (let frame = await peer.frame(); frame.payload.toString() !== 'alive'; frame = await peer.frame());
  peer.stream.destroy()
}

testEach('a reset at any stage ends one connection and nothing else', async (options) => {
  const recorder = new Recorder()
  const undecided = new Inbox<() => void>()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    admit: ({ path }) =>
      path === '/slow'
        ? new Promise<undefined>((resolve) => undecided.push(() => resolve(undefined)))
        : undefined,
    message(socket, data) {
      if (data === 'flood me') for (let count = 0; count < 50; count++) socket.send(new Uint8Array(100_000))
      if (data === 'close me') socket.close(4000)
      recorder.handlers.message(socket, data)
    },
    fetch: () => new Promise<Response>(() => {}),
  })
  const stages: Record<string, (peer: RawPeer) => Promise<void> | void> = {
    'before the head': () => {},
    'in the head': (peer) => peer.send(handshake().slice(0, 40)),
    'while admit decides': async (peer) => {
      peer.send(handshake('/slow'))
      const admit = await undecided.next()
      peer.reset()
      await peer.gone
      admit()
    },
    'right behind the handshake': (peer) => peer.send(handshake()),
    'right after 101': async (peer) => {
      peer.send(handshake())
      await peer.head()
    },
    'in the head of a frame': async (peer) => {
      peer.send(handshake(), text('hello').subarray(0, 1))
      await peer.head()
    },
    'in a frame': async (peer) => {
      peer.send(handshake(), text('hello').subarray(0, 8))
      await peer.head()
    },
    'between fragments': async (peer) => {
      peer.send(handshake(), frame(TEXT, 'a', { fin: false }))
      await peer.head()
    },
    'with output waiting': async (peer) => {
      peer.send(handshake(), text('flood me'))
      await peer.head()
      peer.stream.pause()
    },
    'instead of answering the close frame': async (peer) => {
      peer.send(handshake(), text('close me'))
      await peer.head()
      await peer.closeFrame()
    },
    'right behind its own close frame': async (peer) => {
      peer.send(handshake(), close(1000))
      await peer.head()
    },
    'after a fault of its own': async (peer) => {
      peer.send(handshake(), frame(3))
      await peer.head()
    },
    'while it is refused': (peer) => peer.send('GET / HTTP/9.9\r\n\r\n'),
    'while it waits for a page': (peer) => peer.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n'),
    'in the body it sends': (peer) =>
      peer.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf'),
  }
  for (const [stage, reach] of Object.entries(stages)) {
    for (const rude of [true, false]) {
      const peer = await RawPeer.connect(server)
      await reach(peer)
      if (rude) peer.reset()
      else peer.stream.end()
      await Promise.race([
        peer.gone,
        rude ? peer.gone : peer.ended,
        new Promise((resolve) => setTimeout(resolve, 20)),
      ])
      peer.stream.destroy()
      await isAlive(server as Server<never>).catch((cause: unknown) => {
        throw new Error(`not alive after a reset ${stage}`, { cause })
      })
    }
  }
  // Whatever opened closes, each once.
  while (server.sockets.size > 0) await new Promise(setImmediate)
  const happened = recorder.inbox.rest().map(([kind]) => kind)
  const count = (kind: string): number => happened.filter((one) => one === kind).length
  assert.equal(count('open'), count('close'))
})

test('garbage instead of TLS fails that connection alone', async () => {
  const recorder = new Recorder()
  await using server = await served({ ...recorder.handlers, tls: certificate })
  for (const garbage of [handshake(), '\u0016\u0003\u0001\u0002\u0000garbage', '\u0000'.repeat(1_000), 'x']) {
    const raw = connect(server.port, '127.0.0.1')
    raw.on('error', () => {})
    raw.end(garbage, 'latin1')
    await new Promise((resolve) => raw.resume().once('close', resolve))
  }
  await isAlive(server as Server<never>)
  const errors = recorder.inbox.rest().filter(([kind]) => kind === 'error')
  assert.ok(errors.length >= 3)
  for (const [, error] of errors) assert.equal((error as { code?: string }).code, 'ERR_NETWORK')
})

test('garbage instead of HTTP/2 fails that connection alone', async () => {
  for (const options of [
    { http2: true },
    { http2: true, rawHandles: false },
    { http2: true, tls: certificate },
  ]) {
    const recorder = new Recorder()
    await using server = await served({ ...options, ...recorder.handlers })
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
    for (const garbage of [
      preface,
      'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n',
      `${preface}${'\u00ff'.repeat(500)}`,
      `${preface}\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000\u0001`,
      preface.slice(0, 20),
    ]) {
      const peer = await RawPeer.connect(server)
      peer.send(garbage)
      if (garbage === preface || garbage.length === 20) {
        // A valid beginning: it is the peer that leaves.
        peer.reset()
        continue
      }
      await Promise.race([peer.ended, peer.gone])
      peer.stream.destroy()
    }
    await isAlive(server as Server<never>)
  }
})

test('a client that speaks HTTP/2 to a server without it gets 505', async () => {
  await using server = await served({ message: () => {} })
  const peer = await RawPeer.connect(server)
  assert.equal((await peer.ask('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).status, 505)
})

testEach('a flood of pings costs no memory, whether they are answered or not', async (options) => {
  await using server = await served({ ...options, message: () => {} })
  const peer = await RawPeer.open(server)
  peer.stream.pause()
  const pings = Buffer.concat(Array.from({ length: 5_000 }, () => ping('x'.repeat(100))))
  const before = process.memoryUsage().rss
  let flooding = true
  const flood = (async () => {
    for (let round = 0; round < 100 && flooding; round++) {
      if (!peer.stream.write(pings)) await new Promise((resolve) => peer.stream.once('drain', resolve))
    }
  })()
  await flood
  flooding = false
  const grown = process.memoryUsage().rss - before
  assert.ok(grown < 60_000_000, `${grown} bytes`)
  for (const socket of server.sockets)
    assert.ok(socket.bufferedAmount < 2_000_000, `${socket.bufferedAmount}`)
  await isAlive(server as Server<never>)
})

test('endless fragments: 1008 beyond limits.maxFragments, 1009 beyond limits.maxMessageBytes', async () => {
  for (const [piece, limits, code, error] of [
    ['', {}, 1008, 'ERR_TOO_MANY_FRAGMENTS'],
    ['x', { maxFragments: 1_000 }, 1008, 'ERR_TOO_MANY_FRAGMENTS'],
    ['x'.repeat(100), {}, 1009, 'ERR_MESSAGE_TOO_LARGE'],
  ] as const) {
    const recorder = new Recorder()
    await using server = await served({ ...recorder.handlers, limits })
    const peer = await RawPeer.open(server)
    void peer.ended.then(() => peer.stream.end())
    const fragments = Buffer.concat(
      Array.from({ length: 1_000 }, () => frame(CONTINUATION, piece, { fin: false })),
    )
    peer.send(frame(BINARY, '', { fin: false }))
    const before = process.memoryUsage().rss
    let failed = false
    const closed = peer.closeFrame().finally(() => {
      failed = true
    })
    while (!failed) {
      if (!peer.stream.write(fragments))
        await Promise.race([new Promise((r) => peer.stream.once('drain', r)), closed])
      await new Promise(setImmediate)
    }
    assert.equal((await closed).code, code)
    assert.ok(process.memoryUsage().rss - before < 50_000_000)
    assert.equal((await recorder.until('error')).code, error)
    await isAlive(server as Server<never>)
  }
})

test('a huge declared length is refused at once, and a large one costs no memory before its bytes come', async () => {
  const recorder = new Recorder()
  await using server = await served({ ...recorder.handlers, limits: { maxMessageBytes: 1_000_000_000 } })
  for (const [declared, code, error] of [
    [1_000_000_001n, 1009, 'ERR_MESSAGE_TOO_LARGE'],
    [2n ** 62n, 1009, 'ERR_MESSAGE_TOO_LARGE'],
    [2n ** 63n - 1n, 1009, 'ERR_MESSAGE_TOO_LARGE'],
    [2n ** 63n, 1002, 'ERR_LENGTH_INVALID'],
    [2n ** 64n - 1n, 1002, 'ERR_LENGTH_INVALID'],
  ] as const) {
    const peer = await RawPeer.open(server)
    peer.send(frame(BINARY, '', { declared, lengthBits: 64 }))
    assert.equal((await peer.closeFrame()).code, code)
    peer.stream.destroy()
    assert.equal((await recorder.until('error')).code, error)
  }
  const before = process.memoryUsage().rss
  const peers = await Promise.all(Array.from({ length: 100 }, () => RawPeer.open(server)))
  for (const peer of peers) peer.send(frame(BINARY, Buffer.alloc(10), { declared: 1_000_000_000 }))
  await isAlive(server as Server<never>)
  const grown = process.memoryUsage().rss - before
  assert.ok(grown < 60_000_000, `${grown} bytes`)
})

test('messages of limits.maxMessageBytes pass, and one byte more is refused: whole, fragmented, split', async () => {
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 100_000]) {
    await using server = await served({
      limits: { maxMessageBytes: size },
      message: (socket, data) => void socket.send(String(data.length)),
    })
    const peer = await RawPeer.open(server)
    const half = size >> 1
    peer.send(text('x'.repeat(size)))
    assert.equal(await peer.text(), String(size))
    peer.send(frame(TEXT, 'x'.repeat(half), { fin: false }), frame(CONTINUATION, 'x'.repeat(size - half)))
    assert.equal(await peer.text(), String(size))
    for (const frames of [
      [text('x'.repeat(size + 1))],
      [frame(TEXT, 'x'.repeat(size), { fin: false }), frame(CONTINUATION, 'x')],
      [frame(TEXT, '', { fin: false }), frame(CONTINUATION, 'x'.repeat(size + 1), { fin: false })],
    ]) {
      const other = await RawPeer.open(server)
      other.send(...frames)
      assert.equal((await other.closeFrame()).code, 1009)
      other.stream.destroy()
    }
  }
})

test('whatever came whole before a fault is handed over', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  void peer.ended.then(() => peer.stream.end())
  peer.send(
    Buffer.concat([
      text('one'),
      frame(TEXT, 'two', { fin: false }),
      frame(PING),
      frame(CONTINUATION, ''),
      frame(3),
    ]),
  )
  const happened: unknown[] = []
  for (;;) {
    const [kind, value] = await recorder.next()
    happened.push(typeof value === 'string' ? `${kind} ${value}` : kind)
    if (kind === 'close') break
  }
  assert.deepEqual(happened, ['open', 'message one', 'ping ', 'message two', 'error', 'close'])
})

testEach('thousands of connections, opened and dropped, leave nothing behind', async (options, context) => {
  const total = 'tls' in options ? 500 : 'rawHandles' in options ? 2_000 : 10_000
  let opened = 0
  let closed = 0
  await using server = await served({
    ...options,
    open: () => {
      opened += 1
    },
    close: () => {
      closed += 1
    },
  })
  const round = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += 50) {
      const peers = await Promise.all(Array.from({ length: 50 }, () => RawPeer.open(server)))
      for (const [index, peer] of peers.entries()) {
        if (index % 3 === 0) peer.reset()
        else if (index % 3 === 1) peer.stream.end()
        else peer.stream.destroy()
      }
      await Promise.all(peers.map((peer) => Promise.race([peer.gone, peer.ended])))
      RawPeer.destroyAll()
    }
    while (server.sockets.size > 0) await new Promise(setImmediate)
  }
  await round(total / 10)
  const before = await memoryInUse()
  await round((total * 9) / 10)
  const grown = (await memoryInUse()) - before
  assert.deepEqual([opened, closed], [total, total])
  // A connection that somebody held on to costs 2 to 10 KB.
  context.diagnostic(`${grown} bytes more after ${total} connections`)
  assert.ok(grown < total * 300 + 1_000_000, `${grown} bytes`)
})
