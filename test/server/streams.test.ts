import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import type { MessageStream, Socket } from '../../src/server/index.ts'
import { BINARY, CONTINUATION, close, frame, PONG, ping, TEXT, text } from '../wire/frames.ts'
import { Inbox } from '../wire/inbox.ts'
import { testEach } from '../wire/listeners.ts'
import { RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

async function collected({ readable }: MessageStream): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of readable) pieces.push(piece)
  return Buffer.concat(pieces)
}

testEach(
  'with stream every message is a stream, whole or in fragments, text or binary, empty or large',
  async (options) => {
    const heard = new Inbox<[string, Promise<Buffer>]>()
    const next = async (): Promise<[string, Buffer]> => {
      const [type, bytes] = await heard.next()
      return [type, await bytes]
    }
    await using server = await served({
      ...options,
      limits: { maxMessageBytes: Number.POSITIVE_INFINITY },
      stream: (_, message) => heard.push([message.type, collected(message)]),
    })
    const peer = await RawPeer.open(server)
    peer.send(text('whole'), frame(BINARY, Uint8Array.of(1, 2)), text(''))
    peer.send(
      frame(TEXT, 'gr', { fin: false }),
      ping(),
      frame(CONTINUATION, Buffer.from('ü').subarray(0, 1), { fin: false }),
    )
    peer.send(frame(CONTINUATION, Buffer.from('üße').subarray(1)))
    const large = Buffer.alloc(3_000_000, 'abcdefg')
    peer.send(frame(BINARY, large))
    assert.deepEqual(await next(), ['text', Buffer.from('whole')])
    assert.deepEqual(await next(), ['binary', Buffer.of(1, 2)])
    assert.deepEqual(await next(), ['text', Buffer.alloc(0)])
    assert.deepEqual(await next(), ['text', Buffer.from('grüße')])
    const [type, bytes] = await next()
    assert.equal(type, 'binary')
    assert.ok(bytes.equals(large))
    assert.equal((await peer.frame()).opcode, PONG)
  },
)

test('a stream begins with the first bytes, long before the message is whole', async () => {
  const streams = new Inbox<MessageStream>()
  await using server = await served({ stream: (_, message) => streams.push(message) })
  const peer = await RawPeer.open(server)
  const bytes = text('hello world')
  peer.send(bytes.subarray(0, 8))
  const { readable } = await streams.next()
  const reader = readable.getReader()
  assert.equal(Buffer.from((await reader.read()).value as Uint8Array).toString(), 'he')
  peer.send(bytes.subarray(8))
  assert.equal(Buffer.from((await reader.read()).value as Uint8Array).toString(), 'llo world')
  assert.equal((await reader.read()).done, true)
})

testEach('whoever reads a stream slowly slows the peer down, and nothing is lost', async (options) => {
  const streams = new Inbox<MessageStream>()
  await using server = await served({
    ...options,
    limits: { maxMessageBytes: Number.POSITIVE_INFINITY },
    stream: (_, message) => streams.push(message),
  })
  const peer = await RawPeer.open(server)
  const size = 60_000_000
  peer.send(frame(BINARY, '', { declared: size, mask: 0 }))
  const piece = Buffer.alloc(1_000_000, 7)
  let sent = 0
  const flood = async (): Promise<void> => {
    for (; sent < size; sent += piece.length) {
      if (!peer.stream.write(piece)) await new Promise((resolve) => peer.stream.once('drain', resolve))
    }
  }
  const flooded = flood()
  const { readable } = await streams.next()
  // Nobody reads: the peer gets as far as the buffers of the system reach.
  for (let turn = 0; turn < 2_000; turn++) await new Promise(setImmediate)
  assert.ok(sent < 30_000_000, `${sent}`)
  let received = 0
  for await (const bytes of readable) received += bytes.length
  await flooded
  assert.equal(received, size)
})

test('messages behind a stream that nobody reads wait for it', async () => {
  const streams = new Inbox<MessageStream>()
  await using server = await served({ stream: (_, message) => streams.push(message) })
  const peer = await RawPeer.open(server)
  peer.send(frame(BINARY, Buffer.alloc(500_000)), text('behind'))
  const first = await streams.next()
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
  assert.equal(streams.length, 0)
  assert.equal((await collected(first)).length, 500_000)
  assert.equal((await collected(await streams.next())).toString(), 'behind')
})

test('a stream that is cancelled lets the rest of its message pass by', async () => {
  const heard = new Inbox<string>()
  let first = true
  await using server = await served({
    async stream(_, message) {
      if (first) {
        first = false
        const reader = message.readable.getReader()
        await reader.read()
        await reader.cancel()
        heard.push('cancelled')
      } else heard.push((await collected(message)).toString())
    },
  })
  const peer = await RawPeer.open(server)
  peer.send(frame(BINARY, Buffer.alloc(900_000)), text('next'))
  assert.equal(await heard.next(), 'cancelled')
  assert.equal(await heard.next(), 'next')
})

testEach(
  'a connection lost inside a message errors its stream, and that is no mistake of the handler',
  async (options) => {
    for (const how of ['end', 'reset', 'close frame', 'fault', 'terminate'] as const) {
      const recorder = new Recorder()
      const errors = new Inbox<Error & { code?: string }>()
      await using server = await served({
        ...options,
        open: recorder.handlers.open,
        close: recorder.handlers.close,
        error: recorder.handlers.error,
        async stream(socket, message) {
          if (how === 'terminate') socket.terminate()
          try {
            await collected(message)
          } catch (error) {
            errors.push(error as Error)
            throw error
          }
        },
      })
      const peer = await RawPeer.open(server)
      void peer.ended.then(() => peer.stream.end())
      peer.send(frame(TEXT, 'half', { fin: false }))
      await recorder.until('open')
      if (how === 'end') peer.stream.end()
      if (how === 'reset') {
        peer.send(ping())
        await Promise.race([peer.frame()])
        peer.reset()
      }
      if (how === 'close frame') peer.send(close(1000))
      if (how === 'fault') peer.send(frame(3))
      const code = { end: 'ERR_CONNECTION_LOST', reset: 'ERR_CONNECTION_LOST', 'close frame': 'ERR_CLOSED' }[
        how as 'end'
      ]
      const expected = code ?? (how === 'fault' ? 'ERR_RESERVED_OPCODE' : 'ERR_CONNECTION_LOST')
      assert.equal((await errors.next()).code, expected, how)
      if (how === 'fault') assert.equal((await recorder.until('error')).code, 'ERR_RESERVED_OPCODE')
      assert.equal((await recorder.next())[0], 'close', how)
      await new Promise(setImmediate)
      assert.equal(recorder.inbox.length, 0, how)
    }
  },
)

test('a handler that fails on a stream does not hold up the closing handshake', async () => {
  const recorder = new Recorder()
  await using server = await served({
    close: recorder.handlers.close,
    error: recorder.handlers.error,
    async stream(_, { readable }) {
      await readable.getReader().read()
      throw new Error('enough')
    },
  })
  const peer = await RawPeer.open(server)
  peer.send(frame(BINARY, Buffer.alloc(900_000)))
  assert.equal((await peer.finish()).code, 1011)
  assert.equal((await recorder.until('error')).code, 'ERR_HANDLER')
  assert.equal((await recorder.until('close')).wasClean, true)
})

test('limits hold for streams too: size, fragments and UTF-8, from the first byte beyond', async () => {
  for (const [bytes, code, error] of [
    [[frame(BINARY, Buffer.alloc(101))], 1009, 'ERR_MESSAGE_TOO_LARGE'],
    [
      [frame(BINARY, Buffer.alloc(60), { fin: false }), frame(CONTINUATION, Buffer.alloc(41))],
      1009,
      'ERR_MESSAGE_TOO_LARGE',
    ],
    [
      [0, 1, 2, 3].map((at) => frame(at === 0 ? BINARY : CONTINUATION, 'x', { fin: false })),
      1008,
      'ERR_TOO_MANY_FRAGMENTS',
    ],
    [[frame(TEXT, Uint8Array.of(0x61, 0xff), { fin: false })], 1007, 'ERR_INVALID_UTF8'],
    [[frame(TEXT, Uint8Array.of(0x61, 0xc3))], 1007, 'ERR_INVALID_UTF8'],
  ] as const) {
    const recorder = new Recorder()
    await using server = await served({
      error: recorder.handlers.error,
      limits: { maxMessageBytes: 100, maxFragments: 3 },
      async stream(_, message) {
        await collected(message).catch(() => {})
      },
    })
    const peer = await RawPeer.open(server)
    peer.send(...bytes)
    assert.equal((await peer.closeFrame()).code, code)
    peer.stream.end()
    assert.equal((await recorder.until('error')).code, error)
  }
})

test('compressed messages are inflated piece by piece', async () => {
  const heard = new Inbox<Buffer>()
  await using server = await served({
    compression: true,
    limits: { maxMessageBytes: 10_000_000, maxInflationRatio: 5_000 },
    async stream(_, message) {
      heard.push(await collected(message))
    },
  })
  const peer = await RawPeer.open(server, '/', { 'Sec-WebSocket-Extensions': 'permessage-deflate' })
  assert.match(peer.answer.headers['sec-websocket-extensions'] ?? '', /permessage-deflate/)
  for (const data of [Buffer.from('hello'), Buffer.alloc(5_000_000, 'abc'), Buffer.alloc(0)]) {
    const deflated = deflateRawSync(data, { finishFlush: 2 }).subarray(0, -4)
    const middle = deflated.length >> 1
    peer.send(
      frame(BINARY, deflated.subarray(0, middle), { rsv1: true, fin: false }),
      frame(CONTINUATION, deflated.subarray(middle)),
    )
    assert.ok((await heard.next()).equals(data))
  }
})

// ---------------------------------------------------------------------------------------------------- sending

/** The frames of one message. */
async function messageOf(peer: RawPeer): Promise<{ opcode: number; frames: number; payload: Buffer }> {
  const frames = [await peer.frame()]
  while (frames.at(-1)?.fin === false) frames.push(await peer.frame())
  assert.ok(frames.slice(1).every(({ opcode }) => opcode === CONTINUATION))
  const payload = Buffer.concat(frames.map((one) => one.payload))
  return { opcode: frames[0]?.opcode ?? -1, frames: frames.length, payload }
}

async function opened(options: object = {}) {
  const recorder = new Recorder()
  const server = await served({ ...recorder.handlers, ...options })
  const peer = await RawPeer.open(server)
  return { recorder, server, peer, socket: (await recorder.opened.next()) as Socket }
}

async function* pieces<Piece>(...all: Piece[]): AsyncGenerator<Piece> {
  for (const piece of all) {
    await undefined
    yield piece
  }
}

test('sendStream sends one message from any source, text or binary as its first piece is', async () => {
  const { server, peer, socket } = await opened()
  await using _ = server
  const bytes = [Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 3)]
  for (const [source, type, opcode, payload] of [
    [pieces('one', 'two'), undefined, TEXT, 'onetwo'],
    [['array ', 'of text'], undefined, TEXT, 'array of text'],
    [pieces(...bytes), undefined, BINARY, '\u0001\u0002\u0003'],
    [bytes, 'text', TEXT, '\u0001\u0002\u0003'],
    [pieces('text as bytes'), 'binary', BINARY, 'text as bytes'],
    [new Response('a web stream').body as ReadableStream<Uint8Array>, undefined, BINARY, 'a web stream'],
    [pieces('gr\u00fc', '\ud83d', '\ude00', ' ', '\ud83d'), undefined, TEXT, 'grü😀 \ufffd'],
    [[], undefined, BINARY, ''],
    [[], 'text', TEXT, ''],
    [pieces('', ''), undefined, TEXT, ''],
  ] as const) {
    const sent = socket.sendStream(source as unknown as string[], type === undefined ? undefined : { type })
    const message = await messageOf(peer)
    assert.deepEqual([message.opcode, message.payload.toString()], [opcode, payload])
    await sent
  }
})

test('while a message is streamed others wait behind it, streams too, and pings pass', async () => {
  const { server, peer, socket, recorder } = await opened()
  await using _ = server
  const gates = new Inbox<() => void>()
  const streamed = socket.sendStream(
    (async function* () {
      yield 'first, '
      await new Promise<void>((resolve) => gates.push(resolve))
      yield 'last'
    })(),
  )
  const open = await gates.next()
  assert.equal(socket.send('second'), 'queued')
  const third = socket.sendStream(pieces('thi', 'rd'))
  assert.ok(socket.bufferedAmount >= 6)
  const trip = socket.ping(Buffer.from('p'))
  peer.send(ping('q'))
  await recorder.until('ping')
  assert.equal(socket.send(Buffer.from('fourth?')), 'queued')
  const first = await peer.frame()
  assert.deepEqual([first.opcode, first.fin, first.payload.toString()], [TEXT, false, 'first, '])
  const controls = [await peer.frame(), await peer.frame()]
  assert.deepEqual(controls.map(({ opcode, payload }) => [opcode, payload.toString()]).sort(), [
    [10, 'q'],
    [9, 'p'],
  ])
  peer.send(frame(PONG, 'p'))
  await trip
  open()
  await streamed
  await third
  const rest: string[] = []
  let text = ''
  while (rest.length < 4) {
    const { fin, payload } = await peer.frame()
    text += payload
    if (fin) rest.push(text)
    if (fin) text = ''
  }
  assert.deepEqual(rest, ['last', 'second', 'fourth?', 'third'])
})

test('a source that fails closes the socket with 1011, for half a message cannot be taken back', async () => {
  const { server, peer, socket } = await opened()
  await using _ = server
  const cause = new Error('file gone')
  const source = (async function* () {
    yield 'half'
    throw cause
  })()
  await assert.rejects(socket.sendStream(source), cause)
  assert.equal((await peer.frame()).fin, false)
  assert.equal((await peer.closeFrame()).code, 1011)
})

test('a source that fails before its first piece leaves the socket as it was', async () => {
  const { server, peer, socket } = await opened()
  await using _ = server
  const source = new ReadableStream<string>({
    start: (controller) => controller.error(new Error('no such file')),
  })
  await assert.rejects(socket.sendStream(source), /no such file/)
  await assert.rejects(socket.sendStream([5] as never), TypeError)
  socket.send('as before')
  assert.equal(await peer.text(), 'as before')
})

testEach(
  'when the connection is lost in the middle the source is cancelled, also one that never yields again',
  async (options) => {
    for (const kind of ['generator', 'web stream'] as const) {
      const recorder = new Recorder()
      await using server = await served({ ...options, ...recorder.handlers })
      const peer = await RawPeer.open(server)
      const socket = await recorder.opened.next()
      const cancelled = new Inbox<void>()
      const endless: AsyncIterable<string> | ReadableStream<string> =
        kind === 'web stream'
          ? new ReadableStream<string>({
              start: (controller) => controller.enqueue('first'),
              cancel: () => cancelled.push(),
            })
          : {
              [Symbol.asyncIterator]: () => {
                let count = 0
                return {
                  next: () =>
                    count++ === 0
                      ? Promise.resolve({ done: false, value: 'first' })
                      : new Promise<never>(() => {}),
                  return: () => {
                    cancelled.push()
                    return Promise.resolve({ done: true as const, value: undefined })
                  },
                }
              },
            }
      const sent = socket.sendStream(endless)
      assert.equal(await peer.text(), 'first')
      peer.reset()
      await assert.rejects(sent, { name: 'ClosedError', code: 'ERR_CLOSED' })
      await cancelled.next()
      await assert.rejects(socket.sendStream(['late']), { code: 'ERR_CLOSED' })
    }
  },
)

test('a stream that nobody waits for may fail without harm', async () => {
  const { server, peer, socket, recorder } = await opened()
  await using _ = server
  void socket.sendStream(
    (async function* () {
      yield 'half'
      await new Promise(() => {})
    })(),
  )
  await peer.frame()
  peer.reset()
  await recorder.until('close')
  await new Promise(setImmediate)
})

test('close while a message is streamed ends it, and the socket closes in order', async () => {
  const { server, peer, socket, recorder } = await opened()
  await using _ = server
  const gates = new Inbox<() => void>()
  const sent = socket.sendStream(
    (async function* () {
      yield 'half'
      await new Promise<void>((resolve) => gates.push(resolve))
      yield 'never'
    })(),
  )
  const open = await gates.next()
  socket.close(4000, 'enough')
  open()
  await assert.rejects(sent, { code: 'ERR_CLOSED' })
  assert.equal(await peer.text(), 'half')
  assert.deepEqual(await peer.finish(), { code: 4000, reason: 'enough' })
  assert.equal((await recorder.until('close')).wasClean, true)
})

test('a source that is never waited for leaves others their turn', async () => {
  const { server, peer, socket } = await opened({ backpressure: { highWaterMarkBytes: 1_000_000_000 } })
  await using _ = server
  let turns = 0
  let done = false
  const count = (): void => {
    turns += 1
    if (!done) setImmediate(count)
  }
  setImmediate(count)
  const piece = new Uint8Array(10_000)
  const sent = socket.sendStream(
    (function* () {
      for (let index = 0; index < 5_000; index++) yield piece
    })(),
  )
  await sent
  done = true
  assert.ok(turns > 20, `${turns}`)
  assert.equal((await messageOf(peer)).payload.length, 50_000_000)
})
