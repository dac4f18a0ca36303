import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import WebSocket, { type ServerOptions, WebSocketServer } from 'polyplex/ws'

const validHeaders: Record<string, string> = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version': '13',
}

/** A server that listens, for the time of a test. */
async function withServer(
  options: ServerOptions,
  check: (wss: WebSocketServer, port: number) => Promise<void>,
): Promise<void> {
  const wss = new WebSocketServer({ port: 0, ...options })
  await once(wss, 'listening')
  try {
    await check(wss, (wss.address() as AddressInfo).port)
  } finally {
    for (const client of wss.clients ?? []) client.terminate()
    await new Promise((resolve) => wss.close(resolve))
  }
}

/** What the server answers to a request. */
async function answerTo(
  port: number,
  {
    method = 'GET',
    path = '/',
    headers = {},
  }: { method?: string; path?: string; headers?: Record<string, string> },
): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }> {
  const all = { ...validHeaders, ...headers }
  const request = httpRequest({ port, method, path, headers: all, agent: false })
  request.end()
  return new Promise((resolve, reject) => {
    request.on('error', reject)
    request.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve({ status: 101, headers: response.headers, body: '' })
    })
    request.on('response', async (response) => {
      let body = ''
      for await (const chunk of response) body += String(chunk)
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
    })
  })
}

test('one and only one of `port`, `server` and `noServer` is to be given', () => {
  const error = {
    name: 'TypeError',
    message: 'One and only one of the "port", "server", or "noServer" options must be specified',
  }
  const server = createServer()
  for (const options of [
    undefined,
    {},
    { port: 0, server },
    { port: 0, noServer: true },
    { server, noServer: true },
  ]) {
    assert.throws(() => new WebSocketServer(options), error)
  }
})

test('a valid request is answered with 101 and the key of its own key', () =>
  withServer({}, async (_wss, port) => {
    const { status, headers } = await answerTo(port, {})
    assert.equal(status, 101)
    assert.equal(headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
  }))

test('a request that is no upgrade is answered with 426', () =>
  withServer({}, async (_wss, port) => {
    const response = await fetch(`http://localhost:${port}/`)
    assert.equal(response.status, 426)
    assert.equal(await response.text(), 'Upgrade Required')
  }))

const refused: readonly [what: string, Parameters<typeof answerTo>[1], status: number, body: string][] = [
  ['the method', { method: 'POST' }, 405, 'Invalid HTTP method'],
  ['the upgrade', { headers: { Upgrade: 'foo' } }, 400, 'Invalid Upgrade header'],
  [
    'the key',
    { headers: { 'Sec-WebSocket-Key': 'P5l8BJcZwRc=' } },
    400,
    'Missing or invalid Sec-WebSocket-Key header',
  ],
  [
    'the version',
    { headers: { 'Sec-WebSocket-Version': '12' } },
    400,
    'Missing or invalid Sec-WebSocket-Version header',
  ],
  [
    'the subprotocols',
    { headers: { 'Sec-WebSocket-Protocol': 'foo;bar' } },
    400,
    'Invalid Sec-WebSocket-Protocol header',
  ],
  [
    'the extensions',
    { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=foo' } },
    400,
    'Invalid or unacceptable Sec-WebSocket-Extensions header',
  ],
  ['the path', { path: '/other' }, 400, 'Bad Request'],
]

for (const [what, request, status, body] of refused) {
  test(`a request is refused with ${status} for ${what}`, () =>
    withServer({ path: '/', perMessageDeflate: true }, async (_wss, port) => {
      const answer = await answerTo(port, request)
      assert.deepEqual([answer.status, answer.body], [status, body])
      assert.equal(answer.headers.connection, 'close')
    }))
}

test('with a listener for `wsClientError` a refusal is the listener’s', () =>
  withServer({}, async (wss, port) => {
    wss.on('wsClientError', (error: Error, socket: Duplex, request: IncomingMessage) => {
      socket.end(
        `HTTP/1.1 418 ${error.message} ${request.method}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      )
    })
    const { status } = await answerTo(port, { method: 'POST' })
    assert.equal(status, 418)
  }))

test('`verifyClient` decides at once, or by its callback', async () => {
  const infos: [string | undefined, boolean, string | undefined][] = []
  const atOnce: ServerOptions = {
    verifyClient: ({ origin, secure, req }: { origin: string; secure: boolean; req: IncomingMessage }) => {
      infos.push([origin, secure, req.url])
      return origin === 'https://good'
    },
  }
  await withServer(atOnce, async (_wss, port) => {
    assert.equal((await answerTo(port, { headers: { Origin: 'https://good' } })).status, 101)
    assert.equal((await answerTo(port, { path: '/x', headers: { Origin: 'https://bad' } })).status, 401)
  })
  assert.deepEqual(infos, [
    ['https://good', false, '/'],
    ['https://bad', false, '/x'],
  ])
  const later: ServerOptions = {
    verifyClient: (
      _info: unknown,
      callback: (result: boolean, code?: number, message?: string, headers?: Record<string, string>) => void,
    ) => {
      setImmediate(() => callback(false, 403, 'Not you', { 'Retry-After': '120' }))
    },
  }
  await withServer(later, async (_wss, port) => {
    const { status, body, headers } = await answerTo(port, {})
    assert.deepEqual([status, body, headers['retry-after']], [403, 'Not you', '120'])
  })
})

test('the subprotocol is the client’s first, or what `handleProtocols` says', async () => {
  const offered = { headers: { 'Sec-WebSocket-Protocol': 'one, two' } }
  await withServer({}, async (_wss, port) => {
    assert.equal((await answerTo(port, offered)).headers['sec-websocket-protocol'], 'one')
  })
  await withServer({ handleProtocols: (protocols) => [...protocols].at(-1) ?? false }, async (_wss, port) => {
    assert.equal((await answerTo(port, offered)).headers['sec-websocket-protocol'], 'two')
  })
  await withServer({ handleProtocols: () => false }, async (_wss, port) => {
    assert.equal((await answerTo(port, offered)).headers['sec-websocket-protocol'], undefined)
  })
})

test('a listener for `headers` may add to the answer', () =>
  withServer({}, async (wss, port) => {
    wss.on('headers', (headers, request) => headers.push(`X-Path: ${request.url}`))
    assert.equal((await answerTo(port, { path: '/p' })).headers['x-path'], '/p')
  }))

/** Several servers on one HTTP server, as programs with `noServer` do it. */
async function listening(server: Server): Promise<number> {
  server.listen(0)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

test('with `noServer` the program hands over the upgrades', async () => {
  const server = createServer()
  const one = new WebSocketServer({ noServer: true, path: '/one' })
  const two = new WebSocketServer({ noServer: true, path: '/two' })
  one.on('connection', (ws) => ws.send('one'))
  two.on('connection', (ws) => ws.send('two'))
  server.on('upgrade', (request, socket, head) => {
    const wss = one.shouldHandle(request) ? one : two
    wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request))
  })
  const port = await listening(server)
  for (const name of ['one', 'two']) {
    const ws = new WebSocket(`ws://localhost:${port}/${name}?query`)
    const [data] = await once(ws, 'message')
    assert.equal(String(data), name)
    const closed = once(ws, 'close')
    ws.terminate()
    await closed
  }
  assert.throws(() => one.address(), { message: 'The server is operating in "noServer" mode' })
  server.close()
})

test('what comes in one packet with the request is heard', () =>
  withServer({}, async (wss, port) => {
    wss.on('connection', (ws) => ws.on('message', (data) => ws.send(`heard ${data}`)))
    const socket = connect(port)
    const head = Object.entries({ Host: 'localhost', ...validHeaders }).map(
      ([name, value]) => `${name}: ${value}`,
    )
    socket.write(`GET / HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`)
    socket.write(Buffer.from('8182000000006869', 'hex'))
    let received = ''
    for await (const chunk of socket) {
      received += String(chunk)
      if (received.endsWith('heard hi')) break
    }
    assert.match(received, /^HTTP\/1.1 101 Switching Protocols\r\n/)
  }))

test('with `server` the listeners go when the server closes, and `close` waits for the connections', async () => {
  const server = createServer()
  const wss = new WebSocketServer({ server })
  const port = await listening(server)
  const client = new WebSocket(`ws://localhost:${port}`)
  await once(client, 'open')
  assert.deepEqual(wss.address(), server.address())
  let closed = false
  const whole = new Promise<void>((resolve) => {
    wss.close(() => {
      closed = true
      resolve()
    })
  })
  assert.deepEqual([server.listenerCount('upgrade'), server.listenerCount('error')], [0, 0])
  assert.equal(closed, false)
  client.close()
  await whole
  assert.equal(wss.clients.size, 0)
  server.close()
})

test('a socket becomes a WebSocket once', async () => {
  const server = createServer()
  const wss = new WebSocketServer({ noServer: true })
  const failed = new Promise<Error>((resolve) => {
    server.on('upgrade', (request, socket, head) => {
      wss.handleUpgrade(request, socket, head, (ws) => {
        try {
          wss.handleUpgrade(request, socket, head, () => {})
        } catch (error) {
          resolve(error as Error)
        }
        ws.close()
      })
    })
  })
  const client = new WebSocket(`ws://localhost:${await listening(server)}`)
  const closed = once(client, 'close')
  assert.match((await failed).message, /called more than once with the same socket/)
  await closed
  server.close()
})

test('a server that is closing answers 503', async () => {
  const server = createServer()
  const wss = new WebSocketServer({ noServer: true })
  wss.close()
  server.on('upgrade', (request, socket, head) => wss.handleUpgrade(request, socket, head, () => {}))
  assert.equal((await answerTo(await listening(server), {})).status, 503)
  server.close()
})

test('without `clientTracking` there are no `clients`', () => {
  const wss = new WebSocketServer({ noServer: true, clientTracking: false })
  assert.equal(wss.clients, undefined)
})

test('connections are of the class that the option `WebSocket` names', async () => {
  class Named extends WebSocket.WebSocket {
    readonly name = 'named'
  }
  await withServer({ WebSocket: Named } as ServerOptions, async (wss, port) => {
    const connected = once(wss, 'connection')
    const client = new WebSocket(`ws://localhost:${port}`)
    await once(client, 'open')
    const [ws] = await connected
    assert.equal(ws.name, 'named')
    assert.ok(ws instanceof WebSocket)
    const closed = once(client, 'close')
    client.terminate()
    await closed
  })
})
