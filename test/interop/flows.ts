import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Closed, type ServeOptions, type Socket, serve } from '../../src/server/index.ts'
import { certificate } from '../wire/certificate.ts'
import { listeners } from '../wire/listeners.ts'
import type { ForeignClient, ForeignKind } from './foreign-client.ts'

/** A client and our end of its connection. */
interface Meeting {
  readonly kind: ForeignKind
  readonly client: ForeignClient
  readonly socket: Socket
  readonly closed: Promise<Closed>
}

interface Flow {
  readonly title: string
  readonly options?: ServeOptions<undefined>
  readonly protocols?: string[]
  needs?(kind: ForeignKind): boolean
  run(meeting: Meeting): Promise<void>
}

const kibibyte = 1024
const sizes = [1, 125, 126, 64 * kibibyte - 1, 64 * kibibyte, 64 * kibibyte + 1, kibibyte * kibibyte]

function bytes(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 7) ^ (index >> 8))
}

/** Text of so many bytes, with characters of one to four bytes. */
function text(size: number): string {
  return 'aé€😀'.repeat(Math.floor(size / 10)) + 'x'.repeat(size % 10)
}

async function echoes({ client }: Meeting, message: string | Uint8Array): Promise<void> {
  client.send(message)
  same(await received(client), message)
}

/** The next message, or a failure where the client is gone before. */
function received({ messages, closed }: ForeignClient): Promise<string | Uint8Array> {
  const gone = closed.then(({ code, reason }) =>
    assert.fail(`Closed with ${code} ${reason} before the message`),
  )
  return Promise.race([messages.next(), gone])
}

function same(actual: string | Uint8Array, expected: string | Uint8Array): void {
  if (typeof expected === 'string') assert.ok(actual === expected, 'the same text')
  else assert.ok(typeof actual !== 'string' && Buffer.compare(actual, expected) === 0, 'the same bytes')
}

/** The message in pieces of a size that is no multiple of anything. */
async function* inPieces(message: string | Uint8Array): AsyncGenerator<string | Uint8Array> {
  for (let start = 0; start < message.length; start += 7001) yield message.slice(start, start + 7001)
}

function closingFlow(code: number, reason: string): Flow[] {
  return [
    {
      title: `is told when the server closes with ${code} and a reason`,
      async run({ kind, client, socket, closed }) {
        socket.close(code, reason)
        assert.deepEqual(await client.closed, { code, reason })
        const { code: answer, wasClean, sent, first } = await closed
        assert.deepEqual(
          { answer, wasClean, sent, first },
          { answer: kind.answerTo(code), wasClean: true, sent: { code, reason }, first: 'local' },
        )
      },
    },
    {
      title: `closes with ${code} and a reason`,
      async run({ client, closed }) {
        client.close(code, reason)
        const { code: received, reason: why, wasClean, first } = await closed
        assert.deepEqual(
          { received, why, wasClean, first },
          { received: code, why: reason, wasClean: true, first: 'remote' },
        )
        assert.equal((await client.closed).code, code)
      },
    },
  ]
}

function compressionFlow(
  title: string,
  compression: NonNullable<ServeOptions<undefined>['compression']>,
): Flow {
  return {
    title,
    options: { compression },
    async run(meeting) {
      const { kind, client, socket } = meeting
      for (const extensions of [socket.extensions, client.extensions]) {
        assert.equal(extensions.includes('permessage-deflate'), kind.compresses)
      }
      if (kind.compresses && typeof compression === 'object') {
        if (compression.serverContextTakeover === true) {
          assert.doesNotMatch(socket.extensions, /no_context_takeover/)
        }
        if (compression.serverMaxWindowBits !== undefined) {
          assert.match(socket.extensions, /server_max_window_bits=10/)
        }
      }
      for (const size of [0, ...sizes, 3000, 3000]) {
        await echoes(meeting, text(size))
        await echoes(meeting, bytes(size))
      }
    },
  }
}

const flows: Flow[] = [
  {
    title: 'gets its text back',
    async run(meeting) {
      for (const size of sizes) await echoes(meeting, text(size))
    },
  },
  {
    title: 'gets its bytes back',
    async run(meeting) {
      for (const size of sizes) await echoes(meeting, bytes(size))
    },
  },
  {
    title: 'gets empty messages back',
    async run(meeting) {
      await echoes(meeting, '')
      await echoes(meeting, new Uint8Array())
      await echoes(meeting, 'and goes on')
    },
  },
  {
    title: 'reads messages in fragments',
    options: { message: (socket, message) => socket.sendStream(inPieces(message)) },
    async run(meeting) {
      await echoes(meeting, text(100_000))
      await echoes(meeting, bytes(100_000))
    },
  },
  {
    title: 'reads compressed messages in fragments',
    options: { message: (socket, message) => socket.sendStream(inPieces(message)), compression: true },
    needs: (kind) => kind.compresses,
    async run(meeting) {
      await echoes(meeting, text(100_000))
      await echoes(meeting, bytes(100_000))
    },
  },
  {
    title: 'sends text in fragments',
    needs: (kind) => kind.fragments.includes('text'),
    async run({ client }) {
      const pieces = [text(20_001), text(1), text(40_000)]
      client.sendFragments(pieces)
      same(await received(client), pieces.join(''))
    },
  },
  {
    title: 'sends bytes in fragments',
    needs: (kind) => kind.fragments.includes('binary'),
    async run({ client }) {
      const pieces = [bytes(20_001), bytes(1), bytes(40_000)]
      client.sendFragments(pieces)
      same(await received(client), Buffer.concat(pieces))
    },
  },
  {
    title: 'gets the subprotocol the server prefers',
    protocols: ['first', 'second'],
    options: { protocols: ['second', 'first'] },
    async run(meeting) {
      assert.equal(meeting.socket.protocol, 'second')
      assert.equal(meeting.client.protocol, 'second')
      await echoes(meeting, 'second')
    },
  },
  {
    title: 'gets no subprotocol where it asks for none',
    options: { protocols: ['second', 'first'] },
    async run(meeting) {
      assert.equal(meeting.socket.protocol, '')
      assert.equal(meeting.client.protocol, '')
      await echoes(meeting, 'none')
    },
  },
  {
    title: 'opens without a subprotocol where the server has none of its own',
    needs: (kind) => !kind.insistsOnProtocol,
    protocols: ['first'],
    options: { protocols: ['other'] },
    async run(meeting) {
      assert.equal(meeting.client.protocol, '')
      await echoes(meeting, 'none')
    },
  },
  {
    title: 'answers ten pings',
    async run({ socket }) {
      for (let count = 0; count < 10; count++) {
        assert.ok((await socket.ping(count % 2 === 0 ? undefined : Buffer.from(`ping ${count}`))) >= 0)
      }
    },
  },
  ...closingFlow(1000, 'done'),
  ...closingFlow(4001, 'genug, 世界'),
  {
    title: 'may vanish',
    needs: (kind) => kind.canDrop,
    async run({ client, closed }) {
      client.drop()
      const { code, wasClean } = await closed
      assert.deepEqual({ code, wasClean }, { code: 1006, wasClean: false })
    },
  },
  compressionFlow('agrees on compression where it can', true),
  compressionFlow('agrees on compression with context takeover where it can', {
    serverContextTakeover: true,
    clientContextTakeover: true,
    thresholdBytes: 0,
  }),
  compressionFlow('agrees on compression with small windows where it can', {
    serverMaxWindowBits: 10,
    clientMaxWindowBits: 10,
    thresholdBytes: 0,
  }),
]

/** What every client has to go through, on every kind of listener. */
export function testFlows(kind: ForeignKind): void {
  for (const listener of listeners) {
    const secure = 'tls' in listener.options
    if (secure ? !kind.canTrust : kind.http2) continue
    for (const flow of flows) {
      if (flow.needs?.(kind) === false) continue
      test(`${kind.name} ${flow.title} (${listener.name})`, async () => {
        const limits = kind.staysOpen ? { closeTimeoutMs: 20 } : {}
        await meet(kind, { ...listener.options, limits, ...flow.options }, flow.protocols ?? [], flow.run)
      })
    }
    if (!kind.insistsOnProtocol) continue
    test(`${kind.name} refuses a server without its subprotocol (${listener.name})`, async () => {
      await using server = await serve({
        ...listener.options,
        hostname: 'localhost',
        protocols: ['other'],
        open() {},
      })
      await assert.rejects(kind.connect(server.url, ['first']))
    })
  }
}

async function meet(
  kind: ForeignKind,
  options: ServeOptions<undefined>,
  protocols: string[],
  run: Flow['run'],
): Promise<void> {
  const { promise: opened, resolve: open } = withResolve<Socket>()
  const { promise: closed, resolve: close } = withResolve<Closed>()
  const errors: Error[] = []
  await using server = await serve({
    message: (socket, data) => void socket.send(data),
    ...options,
    hostname: 'localhost',
    heartbeat: false,
    open,
    close: (_, how) => close(how),
    error: (_, error) => void errors.push(error),
  })
  const client = await kind.connect(server.url, protocols)
  const socket = await opened
  assert.equal(socket.request.secure, options.tls !== undefined)
  assert.equal(socket.request.httpVersion, kind.http2 ? '2' : '1.1')
  try {
    await run({ kind, client, socket, closed })
    if (socket.readyState === 1) client.close(1000, '')
    await Promise.all([client.closed, closed])
    assert.deepEqual(errors, [])
  } finally {
    socket.terminate()
  }
}

function withResolve<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve!: (value: Value) => void
  const promise = new Promise<Value>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

export const ca: string = certificate.cert
