import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { close, text } from '../wire/frames.ts'
import { Inbox } from '../wire/inbox.ts'
import { testEach } from '../wire/listeners.ts'
import { handshake, RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

const get = (target = '/', fields = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: example.com:81\r\n${fields}\r\n`

testEach(
  'without fetch everything that is no upgrade is answered with 426 and what to upgrade to',
  async (options) => {
    await using server = await served({ ...options, message: () => {} })
    for (const request of [get(), get('/page', 'Upgrade: h2c\r\nConnection: Upgrade\r\n')]) {
      const peer = await RawPeer.connect(server)
      const answer = await peer.ask(request)
      assert.equal(answer.status, 426)
      assert.equal(answer.headers['upgrade'], 'websocket')
      assert.match(answer.headers['connection'] ?? '', /upgrade/i)
      assert.equal(answer.headers['sec-websocket-version'], '13')
      assert.ok(answer.body.length > 0)
    }
  },
)

testEach('fetch gets the request as the web has it, and its Response is sent', async (options) => {
  const requests = new Inbox<object>()
  await using server = await served({
    ...options,
    async fetch(request) {
      const { method, url } = request
      requests.push({ method, url, field: request.headers.get('x-field'), body: await request.text() })
      const headers = new Headers({ 'X-Answer': 'yes', 'Content-Type': 'text/html' })
      headers.append('Set-Cookie', 'a=1')
      headers.append('Set-Cookie', 'b=2')
      return new Response('<p>grüße', { status: 201, headers })
    },
  })
  const scheme = server.url.startsWith('wss') ? 'https' : 'http'
  const peer = await RawPeer.connect(server)
  const got = await peer.ask(get('/a%20b?x=1', 'X-Field: one\r\nX-Field: two\r\n'))
  assert.equal(got.line, 'HTTP/1.1 201 Created')
  assert.equal(got.headers['x-answer'], 'yes')
  assert.equal(got.headers['content-type'], 'text/html')
  assert.equal(got.headers['set-cookie'], 'a=1, b=2')
  assert.equal(got.body, '<p>grüße')
  const url = `${scheme}://example.com:81/a%20b?x=1`
  assert.deepEqual(await requests.next(), { method: 'GET', url, field: 'one, two', body: '' })
  // Twice more on the same connection: with a body of known length and of unknown length.
  const posts = [
    `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello`,
    `PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  ]
  for (const post of posts) {
    assert.equal((await peer.ask(post)).status, 201)
    const method = post.slice(0, post.indexOf(' '))
    assert.deepEqual(await requests.next(), { method, url: `${scheme}://h/`, field: null, body: 'hello' })
  }
})

testEach('a connection may serve pages first and become a WebSocket later', async (options) => {
  const recorder = new Recorder()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    fetch: (request) => new Response(`page ${new URL(request.url).pathname}`),
  })
  const peer = await RawPeer.connect(server)
  assert.equal((await peer.ask(get('/1'))).body, 'page /1')
  assert.equal((await peer.ask(get('/2'))).body, 'page /2')
  peer.send(handshake('/socket'), text('in the same breath'))
  assert.equal((await peer.head()).status, 101)
  assert.equal(await recorder.until('message'), 'in the same breath')
  const socket = await recorder.opened.next()
  assert.equal(socket.request.path, '/socket')
  socket.send('hello')
  assert.equal(await peer.text(), 'hello')
  peer.send(close(1000))
  await peer.finish()
  assert.equal((await recorder.until('close')).wasClean, true)
})

testEach(
  'another upgrade than to WebSocket is ignored, as HTTP wants it (RFC 9110 §7.8)',
  async (options) => {
    await using server = await served({
      ...options,
      fetch: async (request) => new Response(`${request.method} ${await request.text()}`),
    })
    const fields =
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'
    for (const before of [false, true]) {
      const peer = await RawPeer.connect(server)
      if (before) assert.equal((await peer.ask(get('/first'))).status, 200)
      assert.equal((await peer.ask(get('/second', fields))).body, 'GET ')
      const post = `POST / HTTP/1.1\r\nHost: h\r\n${fields}Content-Length: 5\r\n\r\nhello`
      assert.equal((await peer.ask(post)).body, 'POST hello')
      assert.equal((await peer.ask(get('/third'))).body, 'GET ')
    }
  },
)

testEach('fetch may stream what it answers', async (options) => {
  const pulls = new Inbox<void>()
  await using server = await served({
    ...options,
    fetch() {
      let count = 0
      return new Response(
        new ReadableStream({
          pull(controller) {
            count += 1
            if (count > 3) controller.close()
            else controller.enqueue(new TextEncoder().encode(`piece ${count};`))
            pulls.push()
          },
        }),
      )
    },
  })
  const peer = await RawPeer.connect(server)
  const answer = await peer.ask(get())
  assert.equal(answer.headers['transfer-encoding'], 'chunked')
  assert.equal(answer.body, 'piece 1;piece 2;piece 3;')
})

test('fetch may stream what it is sent, and a slow reader slows the client down', async () => {
  let release: () => void = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let received = 0
  await using server = await served({
    async fetch(request) {
      await released
      for await (const piece of request.body as ReadableStream<Uint8Array>) received += piece.length
      return new Response(String(received))
    },
  })
  const size = 50_000_000
  const peer = await RawPeer.connect(server)
  peer.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n`)
  const piece = Buffer.alloc(1_000_000)
  let sent = 0
  while (sent < size && peer.stream.write(piece)) sent += piece.length
  // The client is stopped long before everything is sent.
  assert.ok(sent < 20_000_000, `${sent}`)
  sent += piece.length
  release()
  for (; sent < size; sent += piece.length) {
    if (!peer.stream.write(piece)) await new Promise((resolve) => peer.stream.once('drain', resolve))
  }
  assert.equal((await peer.answer()).body, String(size))
})

test('a body that breaks off, with whatever error, ends its own connection and nothing else', async () => {
  // The code of a `DOMException` is a number.
  for (const error of [new DOMException('over', 'AbortError'), new Error('over'), 'over']) {
    await using server = await served({
      fetch(request) {
        if (new URL(request.url).pathname === '/') return new Response('fine')
        let count = 0
        const pull = (controller: ReadableStreamDefaultController): void => {
          count += 1
          if (count > 1) controller.error(error)
          else controller.enqueue(new TextEncoder().encode('begun'))
        }
        return new Response(new ReadableStream({ pull }))
      },
    })
    const url = server.url.replace('ws', 'http')
    await assert.rejects(fetch(`${url}broken`).then((answer) => answer.text()))
    assert.equal(await (await fetch(url)).text(), 'fine')
  }
})

test('HEAD is answered without a body', async () => {
  await using server = await served({
    fetch: () => new Response('body', { headers: { 'Content-Length': '4' } }),
  })
  const peer = await RawPeer.connect(server)
  peer.send('HEAD / HTTP/1.1\r\nHost: h\r\n\r\n')
  const head = await peer.head()
  assert.deepEqual([head.status, head.headers['content-length']], [200, '4'])
  assert.equal((await peer.ask(get())).body, 'body')
})

for (const [what, fetch] of Object.entries<() => Response | Promise<Response>>({
  throws() {
    throw new Error('no')
  },
  rejects: () => Promise.reject(new Error('no')),
  'answers nothing': () => undefined as never,
  'answers text': () => 'text' as never,
})) {
  testEach(`fetch that ${what} is answered with 500 and told to error`, async (options) => {
    const recorder = new Recorder()
    await using server = await served({ ...options, ...recorder.handlers, fetch })
    const peer = await RawPeer.connect(server)
    const answer = await peer.ask(get())
    assert.deepEqual([answer.status, answer.body], [500, 'Internal Server Error\n'])
    assert.equal((await recorder.until('error')).code, 'ERR_HANDLER')
  })
}

test('without a handler error, fetch that throws goes to the console', async () => {
  const printed = new Inbox<unknown>()
  const console_ = mock.method(console, 'error', printed.push)
  await using server = await served({
    fetch() {
      throw new Error('no')
    },
  })
  const peer = await RawPeer.connect(server)
  assert.equal((await peer.ask(get())).status, 500)
  assert.equal(((await printed.next()) as { code: string }).code, 'ERR_HANDLER')
  console_.mock.restore()
})

test('a body that fails in the middle cuts the connection, so that nobody takes it for whole', async () => {
  const recorder = new Recorder()
  await using server = await served({
    ...recorder.handlers,
    fetch: () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode('half')),
          pull: (controller) => controller.error(new Error('no more')),
        }),
      ),
  })
  const peer = await RawPeer.connect(server)
  peer.send(get())
  await assert.rejects(peer.answer())
  assert.ok((await recorder.until('error')) instanceof Error)
})

testEach('a client that leaves aborts the request, and that is no mistake of anybody', async (options) => {
  const recorder = new Recorder()
  const signals = new Inbox<AbortSignal>()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    fetch: (request) =>
      new Promise((_, reject) => {
        signals.push(request.signal)
        request.signal.addEventListener('abort', () => reject(request.signal.reason as Error))
      }),
  })
  const peer = await RawPeer.connect(server)
  peer.send(get())
  const signal = await signals.next()
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  peer.reset()
  await aborted
  await new Promise(setImmediate)
  assert.equal(recorder.inbox.length, 0)
})

test('a client that leaves in the middle of an endless answer ends its source', async () => {
  const cancelled = new Inbox<void>()
  await using server = await served({
    fetch: () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
          cancel: () => cancelled.push(),
        }),
      ),
  })
  const peer = await RawPeer.connect(server)
  peer.send(get())
  await peer.head()
  peer.reset()
  await cancelled.next()
})

for (const [what, request, status] of [
  ['a Host that cannot be', get('/').replace('example.com:81', 'a b'), 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['TRACE', 'TRACE / HTTP/1.1\r\nHost: h\r\n\r\n', 501],
  ['CONNECT', 'CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n', 501],
  ['*', 'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n', 200],
] as const) {
  testEach(`${what} is answered with ${status}`, async (options) => {
    await using server = await served({ ...options, fetch: () => new Response('fine') })
    const peer = await RawPeer.connect(server)
    const answer = await peer.ask(request)
    assert.equal(answer.status, status)
    const other = await RawPeer.connect(server)
    assert.equal((await other.ask(get())).status, 200)
  })
}

for (const [what, second, status] of [
  ['malformed', 'GET / HTTP/1.1\r\nHost : h\r\n\r\n', 400],
  ['too large', get('/', `X-Long: ${'x'.repeat(20_000)}\r\n`), 431],
  ['a wrong handshake', handshake('/', { 'Sec-WebSocket-Version': '8' }), 426],
] as const) {
  testEach(
    `a later request on the same connection that is ${what} is answered with ${status}`,
    async (options) => {
      await using server = await served({ ...options, fetch: () => new Response('fine') })
      const peer = await RawPeer.connect(server)
      assert.equal((await peer.ask(get())).status, 200)
      const answer = await peer.ask(second)
      assert.equal(answer.status, status)
      assert.ok(answer.body.length > 0)
      await peer.ended
    },
  )
}

testEach('a later request on the same connection that is late is answered with 408', async (options) => {
  const handshakeTimeoutMs = 'tls' in options ? 700 : 200
  await using server = await served({
    ...options,
    limits: { handshakeTimeoutMs },
    fetch: () => new Response('fine'),
  })
  const peer = await RawPeer.connect(server)
  assert.equal((await peer.ask(get())).status, 200)
  peer.send('GET / HTTP/1.1\r\nHost:')
  assert.equal((await peer.answer()).status, 408)
  await peer.ended
})

test('an idle connection is let go of when the server closes, and one that waits for its answer is not', async () => {
  const answers = new Inbox<() => void>()
  const server = await served({
    fetch: (request) =>
      request.url.endsWith('/slow')
        ? new Promise<Response>((resolve) => answers.push(() => resolve(new Response('in time'))))
        : new Response('fine'),
  })
  const idle = await RawPeer.connect(server)
  assert.equal((await idle.ask(get())).status, 200)
  const fresh = await RawPeer.connect(server)
  const busy = await RawPeer.connect(server)
  busy.send(get('/slow'))
  const answer = await answers.next()
  const closed = server.close()
  await Promise.all([idle.ended, fresh.ended])
  answer()
  assert.equal((await busy.answer()).body, 'in time')
  await busy.ended
  await closed
  RawPeer.destroyAll()
})

test('a request that is never answered holds the server up no longer than limits.closeTimeoutMs', async () => {
  const asked = new Inbox<void>()
  const server = await served({
    limits: { closeTimeoutMs: 1 },
    fetch: () => {
      asked.push()
      return new Promise<Response>(() => {})
    },
  })
  const peer = await RawPeer.connect(server)
  peer.send(get())
  await asked.next()
  await server.close()
  await Promise.race([peer.ended, peer.gone])
  RawPeer.destroyAll()
})
