import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PathPattern } from '../../src/server/path-pattern.ts'
import { close, frame, TEXT, text } from '../wire/frames.ts'
import { Inbox } from '../wire/inbox.ts'
import { testEach } from '../wire/listeners.ts'
import { handshake, RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

for (const [pattern, path, params] of [
  ['/', '/', {}],
  ['/', '/a', undefined],
  ['/chat', '/chat', {}],
  ['/chat', '/chat/', undefined],
  ['/chat', '/Chat', undefined],
  ['/chat', '/chat2', undefined],
  ['/chat/', '/chat', undefined],
  ['/chat/:room', '/chat/lobby', { room: 'lobby' }],
  ['/chat/:room', '/chat/', undefined],
  ['/chat/:room', '/chat', undefined],
  ['/chat/:room', '/chat/a/b', undefined],
  ['/chat/:room', '/chat/a%2Fb', { room: 'a/b' }],
  ['/chat/:room', '/chat/gr%C3%BCn', { room: 'grün' }],
  ['/chat/:room', '/chat/%zz', { room: '%zz' }],
  ['/:a/x/:b', '/1/x/2', { a: '1', b: '2' }],
  ['/:a/x/:b', '/1/y/2', undefined],
  ['/*', '/', { '*': '' }],
  ['/*', '/a/b', { '*': 'a/b' }],
  ['/files/*', '/files/', { '*': '' }],
  ['/files/*', '/files/a/b%20c', { '*': 'a/b c' }],
  ['/files/*', '/files', undefined],
  ['/:user/*', '/ada/x/y', { user: 'ada', '*': 'x/y' }],
] as const) {
  test(`the pattern ${pattern} ${params === undefined ? 'leaves' : 'takes'} ${path}`, () => {
    assert.deepEqual(new PathPattern(pattern).match(path), params)
  })
}

testEach('each path has its own handlers, parameters and data; the first match counts', async (options) => {
  const heard = new Inbox<[string, unknown, unknown]>()
  const say = (who: string) => ({
    message: (socket: { request: { params: object }; data: unknown }, data: unknown) =>
      heard.push([who, { ...socket.request.params }, data]),
  })
  await using server = await served({
    ...options,
    ...say('whole'),
    paths: {
      '/chat/lobby': say('lobby'),
      '/chat/:room': say('room'),
      '/chat/second': say('never'),
      '/deep/*': say('deep'),
    },
  })
  for (const [path, who, params] of [
    ['/chat/lobby?x=1', 'lobby', {}],
    ['/chat/second', 'room', { room: 'second' }],
    ['/deep/er/still', 'deep', { '*': 'er/still' }],
    ['/', 'whole', {}],
    ['/chat/a/b', 'whole', {}],
  ] as const) {
    const peer = await RawPeer.open(server, path)
    peer.send(text(path))
    assert.deepEqual(await heard.next(), [who, params, path])
  }
  assert.equal(server.sockets.size, 5)
})

testEach('without handlers of the whole other paths are refused with 404', async (options) => {
  const recorder = new Recorder()
  await using server = await served({
    ...options,
    error: recorder.handlers.error,
    paths: { '/a': { message: () => {} } },
  })
  const peer = await RawPeer.connect(server)
  const answer = await peer.ask(handshake('/b'))
  assert.equal(answer.status, 404)
  // Handlers of the whole hear of what fails before a path is known.
  const error = await recorder.until('error')
  assert.deepEqual([error.name, error.code], ['HandshakeError', 'ERR_PATH'])
})

test('a server without any handler is there for every path', async () => {
  await using server = await served({})
  const peer = await RawPeer.open(server, '/anything')
  peer.send(frame(9, 'x'))
  assert.equal(await peer.text(), 'x')
})

test('a path has the limits and policies of the whole, unless it has its own', async () => {
  await using server = await served({
    limits: { maxMessageBytes: 10, maxFragments: 2 },
    protocols: ['whole'],
    compression: true,
    origins: ['https://whole.example'],
    paths: {
      '/same': { message: (socket, data) => void socket.send(data) },
      '/own': {
        message: (socket, data) => void socket.send(data),
        limits: { maxMessageBytes: 20 },
        protocols: ['own'],
        compression: false,
        origins: ['https://own.example'],
      },
    },
  })
  for (const [path, size, protocol, extensions, origin] of [
    [
      '/same',
      10,
      'whole',
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
      'https://whole.example',
    ],
    ['/own', 20, 'own', undefined, 'https://own.example'],
  ] as const) {
    const peer = await RawPeer.open(server, path, {
      'Sec-WebSocket-Protocol': 'own, whole',
      'Sec-WebSocket-Extensions': 'permessage-deflate',
      Origin: origin,
    })
    assert.equal(peer.answer.headers['sec-websocket-protocol'], protocol)
    assert.equal(peer.answer.headers['sec-websocket-extensions'], extensions)
    peer.send(text('x'.repeat(size)))
    assert.equal((await peer.frame()).payload.length, size)
    // What the path does not name it has from the whole.
    peer.send(frame(TEXT, 'a', { fin: false }), frame(0, 'b', { fin: false }), frame(0, 'c'))
    assert.equal((await peer.closeFrame()).code, 1008)
    const larger = await RawPeer.open(server, path, { Origin: origin })
    larger.send(text('x'.repeat(size + 1)))
    assert.equal((await larger.closeFrame()).code, 1009)
    const stranger = await RawPeer.connect(server)
    assert.equal((await stranger.ask(handshake(path, { Origin: 'https://third.example' }))).status, 403)
  }
})

test('a path has an admit of its own, and not that of the whole', async () => {
  const asked: string[] = []
  await using server = await served<string, { '/typed/:id': number }>({
    admit(request) {
      asked.push(`whole ${request.path}`)
      return { data: 'text' }
    },
    open: (socket) => void socket.send(socket.data.toUpperCase()),
    paths: {
      '/typed/:id': {
        admit(request) {
          asked.push(`own ${request.path}`)
          return { data: Number(request.params['id']) }
        },
        open: (socket) => void socket.send((socket.data * 2).toString()),
      },
    },
  })
  const whole = await RawPeer.open(server, '/')
  assert.equal(await whole.text(), 'TEXT')
  const own = await RawPeer.open(server, '/typed/21')
  assert.equal(await own.text(), '42')
  assert.deepEqual(asked, ['whole /', 'own /typed/21'])
})

test('topics are one for all paths', async () => {
  await using server = await served({
    paths: {
      '/in': { message: (socket, data) => void socket.publish('news', data) },
      '/out': {
        open(socket) {
          socket.subscribe('news')
          socket.send('ready')
        },
      },
    },
  })
  const out = await RawPeer.open(server, '/out')
  assert.equal(await out.text(), 'ready')
  const into = await RawPeer.open(server, '/in')
  into.send(text('extra!'))
  assert.equal(await out.text(), 'extra!')
  out.send(close())
  await out.finish()
})

test('error of the whole hears of the paths that have none of their own', async () => {
  const [whole, own] = [new Recorder(), new Recorder()]
  const fails = {
    message() {
      throw new Error('no')
    },
  }
  await using server = await served({
    error: whole.handlers.error,
    paths: { '/own': { ...fails, error: own.handlers.error }, '/none': fails },
  })
  for (const path of ['/own', '/none']) {
    const peer = await RawPeer.open(server, path)
    peer.send(text('x'))
    assert.equal((await peer.closeFrame()).code, 1011)
  }
  assert.equal((await own.next())[0], 'error')
  assert.equal((await whole.next())[0], 'error')
  assert.deepEqual([own.inbox.length, whole.inbox.length], [0, 0])
})

test('handlers may be methods of an object', async () => {
  class Chat {
    readonly greeting = 'hello'
    open(socket: { send(data: string): unknown }): void {
      socket.send(this.greeting)
    }
  }
  const chat = new Chat()
  await using server = await served({
    paths: { '/chat': { open: (socket) => chat.open(socket) } },
    error() {},
  })
  assert.equal(await (await RawPeer.open(server, '/chat')).text(), 'hello')
})
