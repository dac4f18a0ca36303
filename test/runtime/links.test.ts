import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import type { UpgradeExchange } from '../../src/runtime/contract.ts'
import { adopt, listen } from '../../src/runtime/node/index.ts'
import type { Link } from '../../src/transport/link.ts'
import { certificate } from '../wire/certificate.ts'
import { openSession, openStream } from '../wire/http2-peer.ts'
import { Inbox } from '../wire/inbox.ts'
import { handshake, RawPeer } from '../wire/raw-peer.ts'

// The contract of src/transport/link.ts, for every link that Node's runtime makes.

type Happening =
  | ['received', string]
  | ['drained']
  | ['ended']
  | ['closed', (Error & { code?: string }) | undefined]

/** What a link tells. */
function sink() {
  const inbox = new Inbox<Happening>()
  return {
    inbox,
    received: (bytes: Uint8Array) => inbox.push(['received', Buffer.from(bytes).toString('latin1')]),
    drained: () => inbox.push(['drained']),
    ended: () => inbox.push(['ended']),
    closed: (error: Error | undefined) => inbox.push(['closed', error]),
  }
}

interface Opened extends AsyncDisposable {
  link: Link
  peer: RawPeer
  exchange: UpgradeExchange
}

interface Listening {
  readonly port: number
  stop(): void
  close(): Promise<unknown>
}

/** A server of node:http, whose sockets are handed over with their upgrades. */
async function adopted(exchanges: Inbox<UpgradeExchange>): Promise<Listening> {
  const server = createServer()
  adopt(server, () => true, exchanges.push, true)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, stop() {}, close: () => new Promise((resolve) => server.close(resolve)) }
}

function listening(exchanges: Inbox<UpgradeExchange>, options: object): Promise<Listening> {
  return listen(
    {
      port: 0,
      hostname: '127.0.0.1',
      path: undefined,
      tls: undefined,
      http2: false,
      maxHeaderBytes: 16_384,
      handshakeTimeoutMs: 10_000,
      closeTimeoutMs: 5_000,
      rawHandles: false,
      fetch: undefined,
      ...options,
    },
    { upgrade: exchanges.push, failed() {} },
  )
}

async function open(options: object | undefined, behind = '', overHttp2 = false): Promise<Opened> {
  const exchanges = new Inbox<UpgradeExchange>()
  const listener = await (options === undefined ? adopted(exchanges) : listening(exchanges, options))
  const url = `${'tls' in (options ?? {}) ? 'wss' : 'ws'}://127.0.0.1:${listener.port}/`
  const headers = [['Upgrade', 'websocket']] as const
  let peer: RawPeer
  let exchange: UpgradeExchange
  let link: Link
  if (overHttp2) {
    const session = await openSession({ url })
    const opening = openStream(session)
    exchange = await exchanges.next()
    link = exchange.accept(200, headers)
    peer = await opening
    if (behind !== '') peer.send(behind)
  } else {
    peer = await RawPeer.connect({ url })
    peer.send(Buffer.from(handshake() + behind, 'latin1'))
    exchange = await exchanges.next()
    link = exchange.accept(101, headers)
    await peer.head()
  }
  return {
    link,
    peer,
    exchange,
    async [Symbol.asyncDispose]() {
      link.destroy()
      RawPeer.destroyAll()
      listener.stop()
      await listener.close()
    },
  }
}

const kinds: { name: string; open(behind?: string): Promise<Opened> }[] = [
  { name: 'raw handle', open: (behind) => open({ rawHandles: true }, behind) },
  { name: 'handle of a socket', open: (behind) => open(undefined, behind) },
  { name: 'socket', open: (behind) => open({}, behind) },
  { name: 'TLS', open: (behind) => open({ tls: certificate, rawHandles: true }, behind) },
  { name: 'HTTP/2', open: (behind) => open({ http2: true }, behind, true) },
]

function testLinks(
  title: string,
  check: (open: (behind?: string) => Promise<Opened>, name: string) => Promise<void>,
): void {
  for (const kind of kinds) test(`${title} (${kind.name})`, () => check(kind.open, kind.name))
}

/** Text that arrives in any number of pieces. */
async function received(inbox: Inbox<Happening>, length: number): Promise<string> {
  let all = ''
  while (all.length < length) {
    const [kind, text] = await inbox.next()
    assert.equal(kind, 'received')
    all += text
  }
  return all
}

testLinks('what came behind the handshake is received first, then the rest, in order', async (open) => {
  await using opened = await open('behind ')
  const { inbox, ...told } = sink()
  assert.equal(inbox.length, 0)
  opened.link.start(told)
  opened.peer.send('and ', 'then')
  assert.equal(await received(inbox, 15), 'behind and then')
})

testLinks('nothing is received before start, and nothing lost', async (open) => {
  await using opened = await open()
  opened.peer.send('early')
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  const { inbox, ...told } = sink()
  opened.link.start(told)
  assert.equal(await received(inbox, 5), 'early')
})

testLinks('a small write is taken at once, and its memory is free again', async (open) => {
  await using opened = await open()
  const { inbox, ...told } = sink()
  opened.link.start(told)
  const bytes = new Uint8Array(10)
  for (let index = 0; index < 50; index++) {
    bytes.fill(65 + (index % 26))
    assert.equal(opened.link.write(bytes), true)
  }
  const all = (await opened.peer.bytes(500)).toString()
  for (let index = 0; index < 50; index++) {
    assert.equal(all.slice(index * 10, index * 10 + 10), String.fromCharCode(65 + (index % 26)).repeat(10))
  }
  while (opened.link.bufferedBytes > 0) await new Promise(setImmediate)
  for (const [kind] of inbox.rest()) assert.equal(kind, 'drained')
})

testLinks(
  'large writes wait, are kept or copied, and drained is told once when all are gone',
  async (open, name) => {
    await using opened = await open()
    const { inbox, ...told } = sink()
    opened.link.start(told)
    opened.peer.stream.pause()
    const total = name === 'HTTP/2' ? 4_000_000 : 40_000_000
    let written = 0
    const kept: Uint8Array[] = []
    for (let fill = 1; written < total; fill = (fill % 250) + 1) {
      const bytes = new Uint8Array(100_000).fill(fill)
      // What the link does not keep may be written over.
      if (opened.link.write(bytes)) bytes.fill(255)
      else kept.push(bytes)
      written += bytes.length
    }
    assert.ok(opened.link.bufferedBytes > 0)
    assert.ok(kept.length <= 1, 'whoever is behind copies')
    assert.equal(inbox.length, 0)
    opened.peer.stream.resume()
    for (let at = 0, fill = 1; at < total; at += 100_000, fill = (fill % 250) + 1) {
      const bytes = await opened.peer.bytes(100_000)
      assert.ok(
        bytes.every((byte) => byte === fill),
        `at ${at}`,
      )
    }
    assert.deepEqual(await inbox.next(), ['drained'])
    assert.equal(opened.link.bufferedBytes, 0)
    assert.equal(inbox.length, 0)
  },
)

testLinks('paused nothing is received, resumed everything', async (open) => {
  await using opened = await open('first')
  const { inbox, ...told } = sink()
  opened.link.pause()
  opened.link.start(told)
  opened.link.pause()
  // What had been read with the handshake is handed over in any case.
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  inbox.rest()
  opened.peer.send('x'.repeat(200_000))
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
  assert.equal(inbox.length, 0)
  opened.link.resume()
  opened.link.resume()
  const all = await received(inbox, 200_000)
  assert.equal(all.slice(-200_000), 'x'.repeat(200_000))
})

testLinks('a link that is paused while it receives receives no more', async (open) => {
  await using opened = await open()
  const { inbox, ...told } = sink()
  let count = 0
  opened.link.start({
    ...told,
    received(bytes) {
      opened.link.pause()
      count += 1
      told.received(bytes)
    },
  })
  opened.peer.send('y'.repeat(1_000_000))
  let length = 0
  while (length < 1_000_000) {
    const [, text] = (await inbox.next()) as ['received', string]
    length += text.length
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    assert.equal(inbox.length, 0)
    opened.link.resume()
  }
  assert.ok(count > 5)
})

testLinks('end sends what waits, then the end; the peer may go on', async (open) => {
  await using opened = await open()
  const { inbox, ...told } = sink()
  opened.link.start(told)
  opened.link.write(Buffer.alloc(1_000_000, 'z'))
  opened.link.write(Buffer.from('!'))
  opened.link.end()
  opened.link.end()
  assert.equal(opened.link.write(Buffer.from('too late')), true)
  const bytes = await opened.peer.bytes(1_000_001)
  assert.equal(bytes.at(-1), 33)
  await opened.peer.ended
  assert.equal(opened.peer.unread.length, 0)
  inbox.rest()
  opened.peer.send('still here')
  assert.equal(await received(inbox, 10), 'still here')
  opened.peer.stream.end()
  assert.deepEqual(await inbox.next(), ['ended'])
  assert.deepEqual(await inbox.next(), ['closed', undefined])
})

testLinks('the end of the peer is told, and we may go on', async (open) => {
  await using opened = await open()
  const { inbox, ...told } = sink()
  opened.link.start(told)
  opened.peer.send('last')
  opened.peer.stream.end()
  assert.equal(await received(inbox, 4), 'last')
  assert.deepEqual(await inbox.next(), ['ended'])
  opened.link.write(Buffer.from('answer'))
  opened.link.end()
  assert.equal((await opened.peer.bytes(6)).toString(), 'answer')
  await opened.peer.ended
  const [kind, error] = await inbox.next()
  assert.deepEqual([kind === 'drained' ? (await inbox.next())[0] : kind, error], ['closed', undefined])
})

testLinks('destroy cuts the link, closed is told once, and nothing works or fails any more', async (open) => {
  await using opened = await open()
  const { inbox, ...told } = sink()
  opened.link.start(told)
  opened.link.destroy()
  opened.link.destroy()
  assert.equal(inbox.length, 0)
  assert.deepEqual(await inbox.next(), ['closed', undefined])
  await Promise.race([opened.peer.ended, opened.peer.gone])
  assert.equal(opened.link.write(Buffer.from('x')), true)
  opened.link.end()
  opened.link.pause()
  opened.link.resume()
  opened.link.destroy()
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
  assert.equal(inbox.length, 0)
  assert.equal(opened.link.bufferedBytes, 0)
})

testLinks('a link destroyed before start tells that when it is started', async (open) => {
  await using opened = await open()
  opened.link.destroy()
  const { inbox, ...told } = sink()
  opened.link.start(told)
  assert.equal(inbox.length, 0)
  assert.deepEqual(await inbox.next(), ['closed', undefined])
})

testLinks('a reset is told as closed, with its error', async (open, name) => {
  await using opened = await open()
  const { inbox, ...told } = sink()
  opened.link.start(told)
  if (name === 'HTTP/2') (opened.peer.stream as import('node:http2').ClientHttp2Stream).close(8)
  else opened.peer.reset()
  for (;;) {
    const [kind, error] = await inbox.next()
    if (kind !== 'closed') continue
    if (name !== 'HTTP/2') assert.equal((error as { code?: string }).code, 'ECONNRESET')
    break
  }
  assert.equal(inbox.length, 0)
})

testLinks('writing to a peer that is gone ends in closed, never in an exception', async (open) => {
  await using opened = await open()
  const { inbox, ...told } = sink()
  opened.link.start(told)
  opened.link.pause()
  opened.peer.reset()
  await opened.peer.gone
  for (let count = 0; count < 1_000 && inbox.length === 0; count++) {
    opened.link.write(new Uint8Array(10_000))
    await new Promise(setImmediate)
  }
  opened.link.destroy()
  for (;;) if ((await inbox.next())[0] === 'closed') break
})

testLinks('the exchange knows its peer', async (open, name) => {
  await using opened = await open()
  const { head, remoteAddress, secure } = opened.exchange
  assert.deepEqual([remoteAddress, secure], ['127.0.0.1', name === 'TLS'])
  assert.deepEqual([head.target, head.version], ['/', name === 'HTTP/2' ? '2' : '1.1'])
})

test('whoever owns the socket may still cut it, and that is told', async () => {
  const exchanges = new Inbox<UpgradeExchange>()
  const server = createServer()
  const sockets = new Inbox<Socket>()
  server.on('connection', sockets.push)
  adopt(server, () => true, exchanges.push, true)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
  for (const reason of [undefined, new Error('enough')]) {
    const peer = await RawPeer.connect({ url })
    peer.send(handshake())
    const socket = await sockets.next()
    const { inbox, ...told } = sink()
    const link = (await exchanges.next()).accept(101, [])
    link.start(told)
    peer.send('heard')
    assert.equal(await received(inbox, 5), 'heard')
    socket.destroy(reason)
    assert.deepEqual(await inbox.next(), ['closed', reason])
    assert.equal(link.write(Buffer.from('too late')), true)
  }
  server.close()
})
