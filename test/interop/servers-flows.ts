import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type ClientOptions, WebSocket, WebSocketError, WebSocketStream } from '../../src/index.ts'
import { certificate } from '../wire/certificate.ts'
import { Inbox } from '../wire/inbox.ts'
import {
  type ForeignConnection,
  type ForeignServer,
  type ForeignServerKind,
  type Message,
  spoken,
} from './servers-kind.ts'

interface Place {
  readonly kind: ForeignServerKind
  readonly server: ForeignServer
  readonly options: ClientOptions
}

interface Closed {
  readonly code: number
  readonly reason: string
  readonly wasClean: boolean
  /** Whether an error event came before. */
  readonly failed: boolean
}

/** Our socket and the server's end of its connection. */
interface Meeting extends Place {
  readonly socket: WebSocket
  readonly messages: Inbox<Message>
  readonly closed: Promise<Closed>
  readonly connection: ForeignConnection
}

interface Flow {
  readonly title: string
  needs?(kind: ForeignServerKind): boolean
  run(place: Place): Promise<void>
}

const kibibyte = 1024
const sizes = [0, 1, 125, 126, 64 * kibibyte - 1, 64 * kibibyte, 64 * kibibyte + 1, kibibyte * kibibyte]

function bytes(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 7) ^ (index >> 8))
}

/** Text of so many bytes, with characters of one to four bytes. */
function text(size: number): string {
  return 'aé€😀'.repeat(Math.floor(size / 10)) + 'x'.repeat(size % 10)
}

function same(actual: Message, expected: Message): void {
  if (typeof expected === 'string') assert.ok(actual === expected, 'the same text')
  else assert.ok(typeof actual !== 'string' && Buffer.compare(actual, expected) === 0, 'the same bytes')
}

/** Our socket, connecting. */
function begin(place: Place, protocols: string[]): Pick<Meeting, 'socket' | 'messages' | 'closed'> {
  const socket = new WebSocket(place.server.url, protocols, place.options)
  socket.binaryType = 'arraybuffer'
  const messages = new Inbox<Message>()
  socket.onmessage = ({ data }) =>
    messages.push(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer))
  let failed = false
  socket.onerror = () => {
    failed = true
  }
  const closed = new Promise<Closed>((resolve) => {
    socket.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean, failed })
  })
  return { socket, messages, closed }
}

async function meet(place: Place, protocols: string[] = []): Promise<Meeting> {
  const begun = begin(place, protocols)
  const { socket, closed } = begun
  await Promise.race([new Promise((resolve) => socket.addEventListener('open', resolve)), tooEarly(closed)])
  return { ...place, ...begun, connection: await place.server.connections.next() }
}

function tooEarly(closed: Promise<object>): Promise<never> {
  return closed.then((ending) => assert.fail(`Closed too early: ${JSON.stringify(ending)}`))
}

/** The next of them, or a failure where either end is gone before. */
function next<Item>({ closed, connection }: Meeting, inbox: Inbox<Item>): Promise<Item> {
  return Promise.race([inbox.next(), tooEarly(closed), tooEarly(connection.closed)])
}

async function endWell({ connection, closed }: Meeting): Promise<void> {
  connection.close(1000, 'done')
  assert.deepEqual(await closed, { code: 1000, reason: 'done', wasClean: true, failed: false })
  await connection.closed
}

/** What happens between opening and closing. */
function talk(title: string, run: (meeting: Meeting) => Promise<void>, needs?: Flow['needs']): Flow {
  return {
    title,
    ...(needs === undefined ? {} : { needs }),
    async run(place) {
      const meeting = await meet(place)
      await run(meeting)
      await endWell(meeting)
    },
  }
}

async function echo(meeting: Meeting, message: Message): Promise<void> {
  const { socket, connection } = meeting
  socket.send(message as string | Uint8Array<ArrayBuffer>)
  const seen = await next(meeting, connection.messages)
  same(seen, message)
  connection.send(seen)
  same(await next(meeting, meeting.messages), message)
}

function echoFlows(size: number): Flow[] {
  return [
    talk(`has text of ${size} bytes echoed`, (meeting) => echo(meeting, text(size))),
    talk(`has ${size} binary bytes echoed`, (meeting) => echo(meeting, bytes(size))),
  ]
}

function fragmentFlow(type: 'text' | 'binary'): Flow {
  const whole = type === 'text' ? text(50_000) : bytes(50_000)
  const pieces = Array.from({ length: 8 }, (_, index) => whole.slice(index * 7001, (index + 1) * 7001))
  return talk(
    `puts a ${type} message together that the server sends in fragments`,
    async (meeting) => {
      meeting.connection.sendFragments?.(pieces)
      same(await next(meeting, meeting.messages), whole)
      await echo(meeting, 'after')
    },
    (kind) => kind.fragments.includes(type),
  )
}

function serverCloseFlow(code: number): Flow {
  return {
    title: `is told when the server closes with ${code} and a reason`,
    async run(place) {
      const { connection, closed } = await meet(place)
      connection.close(code, 'enough €')
      assert.deepEqual(await closed, { code, reason: 'enough €', wasClean: true, failed: false })
      assert.equal((await connection.closed).code, code)
    },
  }
}

const flows: Flow[] = [
  ...sizes.flatMap(echoFlows),
  fragmentFlow('text'),
  fragmentFlow('binary'),
  talk('uses no subprotocol where none is offered', async ({ kind, socket, connection }) => {
    assert.equal(socket.protocol, '')
    assert.equal(connection.protocol, '')
    assert.equal(socket.extensions, kind.extensions)
  }),
  {
    title: 'takes the subprotocol the server chooses',
    async run(place) {
      const meeting = await meet(place, ['chat.v1', spoken])
      assert.equal(meeting.socket.protocol, spoken)
      assert.equal(meeting.connection.protocol, spoken)
      await endWell(meeting)
    },
  },
  {
    title: 'fails where the server chooses none of the subprotocols (WHATWG WebSockets §2)',
    async run(place) {
      const { closed } = begin(place, ['chat.v1'])
      assert.deepEqual(await closed, { code: 1006, reason: '', wasClean: false, failed: true })
      const connection = await place.server.connections.next()
      await connection.closed
    },
  },
  talk('answers ten pings with their payload, in order', async (meeting) => {
    const { connection } = meeting
    const payloads = Array.from({ length: 10 }, (_, index) => `ping ${index}`)
    for (const payload of payloads) {
      connection.ping(payload)
      assert.equal(await next(meeting, connection.pongs), payload)
    }
  }),
  talk('has its own pings answered', async (meeting) => {
    const { socket, connection } = meeting
    for (const payload of ['one', 'two', 'three']) {
      assert.ok((await socket.ping(payload)) >= 0)
      if (connection.pings !== undefined) assert.equal(await next(meeting, connection.pings), payload)
    }
    assert.ok((await socket.ping()) >= 0)
  }),
  serverCloseFlow(1000),
  serverCloseFlow(4001),
  {
    title: 'closes with 3000 and a reason, and the server sees them',
    async run(place) {
      const { kind, socket, connection, closed } = await meet(place)
      socket.close(3000, 'ours €')
      assert.deepEqual(await connection.closed, { code: 3000, reason: 'ours €' })
      const { code, wasClean, failed } = await closed
      assert.deepEqual(
        { code, wasClean, failed },
        { code: kind.answerTo(3000), wasClean: true, failed: false },
      )
    },
  },
  {
    title: 'is told 1006 when the server drops the connection',
    async run(place) {
      const { connection, closed } = await meet(place)
      connection.drop()
      assert.deepEqual(await closed, { code: 1006, reason: '', wasClean: false, failed: true })
      await connection.closed
    },
  },
  talk('keeps a thousand messages in order, each way', async (meeting) => {
    const { socket, connection, messages } = meeting
    const line = (index: number) =>
      `message ${index} of a thousand that are much alike${'!'.repeat(index % 90)}`
    for (let index = 0; index < 1000; index++) socket.send(line(index))
    for (let index = 0; index < 1000; index++) {
      const seen = await next(meeting, connection.messages)
      assert.equal(seen, line(index))
      connection.send(seen)
    }
    for (let index = 0; index < 1000; index++) assert.equal(await next(meeting, messages), line(index))
  }),
  {
    title: "WebSocketStream: what it writes comes back in order, and the server's close ends it",
    async run({ server, options }) {
      const stream = new WebSocketStream(server.url, { ...options, protocols: [spoken] })
      const { readable, writable, protocol } = await stream.opened
      assert.equal(protocol, spoken)
      const connection = await server.connections.next()
      const message = bytes(64 * kibibyte)
      const writing = (async () => {
        const writer = writable.getWriter()
        for (let index = 0; index < 40; index++)
          await writer.write(index % 2 === 0 ? message : `text ${index}`)
      })()
      const reader = readable.getReader()
      for (let index = 0; index < 40; index++) {
        connection.send(await connection.messages.next())
        const { value } = await reader.read()
        same(value ?? '', index % 2 === 0 ? message : `text ${index}`)
      }
      await writing
      connection.close(4001, 'enough')
      assert.deepEqual(await reader.read(), { done: true, value: undefined })
      assert.deepEqual(await stream.closed, { closeCode: 4001, reason: 'enough' })
      await connection.closed
    },
  },
  {
    title: 'WebSocketStream: makes the server wait while nobody reads',
    async run(place) {
      const { server, options } = place
      const stream = new WebSocketStream(server.url, options)
      const { readable } = await stream.opened
      const connection = await server.connections.next()
      // More than the buffers of the system take; noise, so that compression does not make it small.
      const noise = new Uint8Array(kibibyte * kibibyte)
      for (let start = 0; start < noise.length; start += 65_536) {
        crypto.getRandomValues(noise.subarray(start, start + 65_536))
      }
      const count = 32
      for (let index = 0; index < count; index++) connection.send(noise)
      // Others go on meanwhile, so that there is time to take it all.
      const other = await meet(place)
      for (let index = 0; index < 300; index++) await echo(other, `still here ${index}`)
      await endWell(other)
      assert.ok((connection.waiting?.() ?? 1) > 0, 'the server still has something to send')
      const reader = readable.getReader()
      for (let index = 0; index < count; index++) same((await reader.read()).value ?? '', noise)
      connection.close(1000, 'done')
      assert.equal((await reader.read()).done, true)
      assert.deepEqual(await stream.closed, { closeCode: 1000, reason: 'done' })
      await connection.closed
    },
  },
  {
    title: 'WebSocketStream: closes with 3000 and a reason',
    async run({ kind, server, options }) {
      const stream = new WebSocketStream(server.url, options)
      await stream.opened
      const connection = await server.connections.next()
      stream.close({ closeCode: 3000, reason: 'ours' })
      assert.deepEqual(await connection.closed, { code: 3000, reason: 'ours' })
      assert.equal((await stream.closed).closeCode, kind.answerTo(3000))
    },
  },
  {
    title: 'WebSocketStream: a dropped connection is an error with 1006',
    async run({ server, options }) {
      const stream = new WebSocketStream(server.url, options)
      const { readable } = await stream.opened
      const connection = await server.connections.next()
      connection.drop()
      const lost = (error: unknown) => error instanceof WebSocketError && error.closeCode === 1006
      await assert.rejects(stream.closed, lost)
      await assert.rejects(readable.getReader().read(), lost)
      await connection.closed
    },
  },
]

/** Every flow, over TCP and over TLS. */
export function testServer(kind: ForeignServerKind): void {
  for (const secure of [false, true]) {
    describe(`our client and the server of ${kind.name}, over ${secure ? 'TLS' : 'TCP'}`, () => {
      let server: ForeignServer
      before(async () => {
        server = await kind.listen(secure)
      })
      after(() => server.close())
      for (const { title, needs, run } of flows) {
        if (needs?.(kind) === false) continue
        test(title, async () => {
          // What a failed test left.
          server.connections.rest()
          const tls = secure ? { tls: { ca: certificate.cert } } : {}
          await run({ kind, server, options: { ...kind.options, ...tls } })
        })
      }
    })
  }
}
