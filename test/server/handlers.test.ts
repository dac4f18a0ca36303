import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import type { Handlers, Server, Socket } from '../../src/server/index.ts'
import { CLOSE, close, frame, PONG, ping, pong, TEXT, text } from '../wire/frames.ts'
import { Inbox } from '../wire/inbox.ts'
import { testEach } from '../wire/listeners.ts'
import { handshake, RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

/** What makes each handler run. */
const triggers: Record<'open' | 'message' | 'stream' | 'ping' | 'pong', Buffer> = {
  open: Buffer.alloc(0),
  message: text('boom'),
  stream: text('boom'),
  ping: ping(),
  pong: pong(),
}

for (const [name, bytes] of Object.entries(triggers)) {
  for (const how of ['throws', 'rejects'] as const) {
    testEach(
      `a handler '${name}' that ${how} closes its own socket with 1011 and is told to error`,
      async (options) => {
        const recorder = new Recorder()
        const cause = new Error(`no ${name}`)
        const quiet = new Set<Socket>()
        const fails = (socket: Socket): Promise<void> | undefined => {
          if (quiet.has(socket) || socket.request.path === '/other') return undefined
          quiet.add(socket)
          if (how === 'rejects') return Promise.reject(cause)
          throw cause
        }
        await using server = await served({
          ...options,
          close: recorder.handlers.close,
          error: recorder.handlers.error,
          [name]: fails,
        })
        const other = await RawPeer.open(server, '/other')
        const peer = await RawPeer.open(server)
        peer.send(bytes)
        let frame = await peer.frame()
        if (frame.opcode === PONG) frame = await peer.frame()
        assert.deepEqual([frame.opcode, frame.payload.readUInt16BE(0)], [CLOSE, 1011])
        peer.send(close(1011))
        peer.stream.end()
        await peer.gone
        const [kind, error] = (await recorder.next()) as ['error', Error & { code?: string; side?: string }]
        assert.deepEqual(
          [kind, error.code, error.side, error.cause],
          ['error', 'ERR_HANDLER', 'local', cause],
        )
        const closed = await recorder.until('close')
        assert.deepEqual(
          [closed.code, closed.wasClean, closed.sent?.code, closed.first],
          [1011, true, 1011, 'local'],
        )
        // Nobody else noticed.
        other.send(ping('still?'))
        assert.equal(await other.text(), 'still?')
        assert.equal(server.sockets.size, 1)
      },
    )
  }
}

for (const how of ['throws', 'rejects'] as const) {
  test(`a handler 'close' that ${how} is told to error`, async () => {
    const recorder = new Recorder()
    await using server = await served({
      error: recorder.handlers.error,
      close() {
        if (how === 'rejects') return Promise.reject(new Error('no'))
        throw new Error('no')
      },
    })
    const peer = await RawPeer.open(server)
    peer.send(close(1000))
    await peer.finish()
    assert.equal((await recorder.until('error')).code, 'ERR_HANDLER')
  })

  test(`a handler 'drain' that ${how} closes its socket with 1011`, async () => {
    const recorder = new Recorder()
    await using server = await served({
      ...recorder.handlers,
      drain() {
        if (how === 'rejects') return Promise.reject(new Error('no'))
        throw new Error('no')
      },
    })
    const peer = await RawPeer.open(server)
    peer.stream.pause()
    const socket = await recorder.opened.next()
    while (socket.send(new Uint8Array(500_000)) === 'sent');
    peer.stream.resume()
    void peer.skipToClose()
    assert.equal((await recorder.until('error')).code, 'ERR_HANDLER')
    assert.equal((await recorder.until('close')).sent?.code, 1011)
  })

  for (const [what, break_] of Object.entries({
    'breaks the protocol': (peer: RawPeer) => peer.send(frame(3)),
    'sends what a handler fails at': (peer: RawPeer) => peer.send(text('boom')),
    'is refused': (peer: RawPeer) => peer.send(handshake('/refused')),
  })) {
    test(`a handler 'error' that ${how} ends nothing but up in the console, when a peer ${what}`, async () => {
      const printed = new Inbox<unknown>()
      const console_ = mock.method(console, 'error', printed.push)
      const again = new Error('error itself')
      const failing: Handlers<undefined> = {
        admit(request) {
          if (request.path === '/refused') return new Response('no', { status: 403 })
          return undefined
        },
        message() {
          throw new Error('first')
        },
        error() {
          if (how === 'rejects') return Promise.reject(again)
          throw again
        },
      }
      await using server = await served(failing)
      const peer = what === 'is refused' ? await RawPeer.connect(server) : await RawPeer.open(server)
      break_(peer)
      void peer.ended.then(() => peer.stream.end())
      assert.equal(await printed.next(), again)
      if (what === 'is refused') assert.equal((await peer.head()).status, 403)
      else assert.equal((await peer.frame()).opcode, CLOSE)
      assert.equal(printed.length, 0)
      console_.mock.restore()
      await RawPeer.open(server)
    })
  }
}

test('without a handler error, handlers that throw go to the console', async () => {
  const printed = new Inbox<unknown>()
  const console_ = mock.method(console, 'error', printed.push)
  await using server = await served({
    message() {
      throw new Error('oops')
    },
  })
  const peer = await RawPeer.open(server)
  peer.send(text('boom'))
  assert.equal((await peer.closeFrame()).code, 1011)
  const error = (await printed.next()) as { code: string; cause: Error }
  assert.deepEqual([error.code, error.cause.message], ['ERR_HANDLER', 'oops'])
  console_.mock.restore()
})

for (const thrown of [undefined, null, 'a string', 42]) {
  test(`a handler may throw ${JSON.stringify(thrown)}`, async () => {
    const recorder = new Recorder()
    await using server = await served({
      ...recorder.handlers,
      message() {
        throw thrown
      },
    })
    const peer = await RawPeer.open(server)
    peer.send(text('boom'))
    assert.equal((await peer.closeFrame()).code, 1011)
    const error = await recorder.until('error')
    assert.deepEqual([error.code, error.cause], ['ERR_HANDLER', thrown])
  })
}

test('a handler that still waits for its socket when that goes away has done nothing wrong', async () => {
  const recorder = new Recorder()
  await using server = await served({
    ...recorder.handlers,
    async message(socket) {
      await socket.ping()
    },
  })
  const peer = await RawPeer.open(server)
  peer.send(text('ping me'))
  await peer.frame()
  peer.reset()
  assert.deepEqual((await recorder.next())[0], 'open')
  assert.deepEqual((await recorder.next())[0], 'close')
  // The rejection came before, or now.
  await new Promise(setImmediate)
  assert.equal(recorder.inbox.length, 0)
})

const insides: Record<string, (socket: Socket, server: Server) => void> = {
  'closes its socket': (socket) => socket.close(4000),
  'terminates its socket': (socket) => socket.terminate(),
  'sends and terminates': (socket) => {
    socket.send('x')
    socket.terminate()
    socket.send('y')
  },
  'closes and terminates': (socket) => {
    socket.close(4000)
    socket.terminate()
  },
  'closes and sends': (socket) => {
    socket.close(4000)
    socket.send('x')
  },
  'pauses and closes': (socket) => {
    socket.pause()
    socket.close(4000)
    socket.resume()
  },
  'pauses and terminates': (socket) => {
    socket.pause()
    socket.terminate()
  },
  'closes the server': (_, server) => void server.close(),
  'closes the server and terminates': (socket, server) => {
    void server.close()
    socket.terminate()
  },
  'terminates everybody': (_, server) => {
    for (const socket of server.sockets) socket.terminate()
  },
}

for (const [what, act] of Object.entries(insides)) {
  for (const name of ['open', 'message', 'ping', 'pong', 'close', 'error'] as const) {
    testEach(`a handler '${name}' that ${what} leaves everything in order`, async (options) => {
      const closes = new Inbox<Socket>()
      let open = 0
      const holder: { server?: Server } = {}
      const handlers: Handlers<undefined> = {
        open() {
          open += 1
        },
        close: (socket) => closes.push(socket),
        error() {},
      }
      const own = handlers[name] as undefined | ((...args: unknown[]) => void)
      await using server = await served({
        ...options,
        ...handlers,
        [name](...args: unknown[]) {
          own?.(...args)
          const socket = args[0] as Socket | undefined
          if (socket !== undefined && holder.server !== undefined) act(socket, holder.server)
        },
      })
      holder.server = server
      const peer = await RawPeer.connect(server)
      // Everything in one chunk: what comes behind must not disturb, and nothing may happen twice.
      const behind = [text('1'), ping('2'), pong('3'), text('4'), frame(3)]
      peer.send(Buffer.concat([Buffer.from(handshake()), ...behind]))
      void peer.ended.then(() => peer.stream.end())
      assert.equal((await closes.next()).readyState, 3)
      await new Promise(setImmediate)
      assert.deepEqual([open, closes.length, server.sockets.size], [1, 0, 0])
    })
  }
}

testEach('a socket terminated inside message is told nothing of the frames behind', async (options) => {
  const recorder = new Recorder()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    message(socket, data) {
      recorder.handlers.message(socket, data)
      socket.terminate()
    },
  })
  const peer = await RawPeer.open(server)
  peer.send(Buffer.concat([text('one'), text('two'), ping(), text('three')]))
  assert.deepEqual(await recorder.next(), ['open'])
  assert.deepEqual(await recorder.next(), ['message', 'one'])
  assert.equal((await recorder.next())[0], 'close')
})

test('a handler may answer later, also when the peer has gone', async () => {
  const answers = new Inbox<() => string>()
  await using server = await served({
    message: (socket) =>
      new Promise<void>((resolve) => {
        answers.push(() => {
          resolve()
          return socket.send('late')
        })
      }),
  })
  const peer = await RawPeer.open(server)
  peer.send(text('a'), text('b'))
  const [first, second] = [await answers.next(), await answers.next()]
  assert.equal(first(), 'sent')
  assert.equal(await peer.text(), 'late')
  peer.reset()
  while (server.sockets.size > 0) await new Promise(setImmediate)
  assert.equal(second(), 'dropped')
})

test('bytes given to message may be kept and changed', async () => {
  const kept: Uint8Array[] = []
  const done = new Inbox<void>()
  await using server = await served({
    message(_, data) {
      kept.push(data as Uint8Array)
      if (kept.length === 200) done.push()
    },
  })
  const peer = await RawPeer.open(server)
  for (let index = 0; index < 200; index++) {
    peer.send(frame(2, new Uint8Array(1 + ((index * 37) % 6_000)).fill(index)))
  }
  await done.next()
  for (const [index, bytes] of kept.entries()) {
    assert.equal(bytes.length, 1 + ((index * 37) % 6_000))
    assert.ok(bytes.every((byte) => byte === index))
    assert.equal(bytes.byteOffset % 8, 0)
    bytes.fill(255)
  }
})

test('text of every kind arrives as it was', async () => {
  const heard = new Inbox<string | Uint8Array>()
  await using server = await served({ message: (_, data) => heard.push(data) })
  const peer = await RawPeer.open(server)
  for (const sample of [
    '',
    'a',
    'ü',
    '€',
    '😀',
    '\u0000',
    '\uFEFFbom',
    'x'.repeat(65_536),
    '世界'.repeat(50_000),
  ]) {
    peer.send(frame(TEXT, sample))
    assert.equal(await heard.next(), sample)
  }
})
