import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import WebSocket, { WebSocketServer } from 'polyplex/ws'

/** An HTTP server for the time of a test. */
async function withHttp(server: Server, check: (port: number) => Promise<void>): Promise<void> {
  server.listen(0)
  await once(server, 'listening')
  try {
    await check((server.address() as AddressInfo).port)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

/** A server of WebSockets, and what it was asked. */
function echoServer(asked: IncomingMessage[] = []): Server {
  const server = createServer()
  const wss = new WebSocketServer({ server })
  wss.on('connection', (ws, request) => {
    asked.push(request)
    ws.close(1000)
  })
  return server
}

/** How a client ends: what it told, in order. */
function endOf(ws: WebSocket): Promise<string[]> {
  const events: string[] = []
  ws.on('open', () => events.push('open'))
  ws.on('error', (error) => events.push(`error ${error.message}`))
  return new Promise((resolve) => {
    ws.on('close', (code) => resolve([...events, `close ${code}`]))
  })
}

test('addresses that no WebSocket can be had from are refused at once', () => {
  for (const [address, message] of [
    ['foo', 'Invalid URL: foo'],
    ['mailto:x', /protocol must be one of "ws:", "wss:", "http:", "https:", or "ws\+unix:"/],
    ['ws+unix:', "The URL's pathname is empty"],
    ['wss://host#fragment', 'The URL contains a fragment identifier'],
  ] as const) {
    assert.throws(() => new WebSocket(address), { name: 'SyntaxError', message })
  }
})

test('subprotocols that are no different tokens are refused at once', () => {
  for (const protocols of [[''], ['a,b'], ['a b'], ['a', 'a'], [undefined as unknown as string]]) {
    assert.throws(() => new WebSocket('ws://localhost', protocols), {
      name: 'SyntaxError',
      message: 'An invalid or duplicated subprotocol was specified',
    })
  }
  assert.throws(() => new WebSocket('ws://localhost', { protocolVersion: 1000 }), {
    name: 'RangeError',
    message: 'Unsupported protocol version: 1000 (supported versions: 8, 13)',
  })
})

test('nothing can be sent before the connection is open', () =>
  withHttp(echoServer(), async (port) => {
    const ws = new WebSocket(`ws://localhost:${port}`)
    for (const send of [() => ws.send('x'), () => ws.ping(), () => ws.pong()]) {
      assert.throws(send, { message: 'WebSocket is not open: readyState 0 (CONNECTING)' })
    }
    assert.deepEqual(
      [ws.bufferedAmount, ws.extensions, ws.protocol, ws.readyState],
      [0, '', '', WebSocket.CONNECTING],
    )
    assert.deepEqual(await endOf(ws), ['open', 'close 1000'])
  }))

test('`http:` stands for `ws:`, and credentials of the address go into `Authorization`', async () => {
  const asked: IncomingMessage[] = []
  await withHttp(echoServer(asked), async (port) => {
    const ws = new WebSocket(`http://user:pass@localhost:${port}/path?query`, {
      headers: { 'X-Own': '1' },
      origin: 'https://origin',
    })
    assert.equal(ws.url, `ws://user:pass@localhost:${port}/path?query`)
    await endOf(ws)
  })
  const [{ url, headers }] = asked as [IncomingMessage]
  assert.equal(url, '/path?query')
  assert.deepEqual(
    [headers['x-own'], headers.origin, headers.authorization],
    ['1', 'https://origin', `Basic ${Buffer.from('user:pass').toString('base64')}`],
  )
  assert.equal(headers['sec-websocket-extensions'], 'permessage-deflate; client_max_window_bits')
})

test('an agent and `createConnection` make the connection', () =>
  withHttp(echoServer(), async (port) => {
    const agent = new Agent()
    assert.deepEqual(await endOf(new WebSocket(`ws://localhost:${port}`, { agent })), ['open', 'close 1000'])
    agent.destroy()
    let made = 0
    const createConnection = () => {
      made += 1
      return connect(port)
    }
    const ws = new WebSocket('ws://nowhere.invalid', { createConnection })
    assert.deepEqual(await endOf(ws), ['open', 'close 1000'])
    assert.equal(made, 1)
  }))

test('`finishRequest` completes the request', async () => {
  const asked: IncomingMessage[] = []
  await withHttp(echoServer(asked), async (port) => {
    const ws = new WebSocket(`ws://localhost:${port}`, {
      finishRequest(request, websocket) {
        assert.ok(websocket instanceof WebSocket)
        setImmediate(() => {
          request.setHeader('X-Late', 'yes')
          request.end()
        })
      },
    })
    await endOf(ws)
  })
  assert.equal(asked[0]?.headers['x-late'], 'yes')
})

test('a Unix socket is reached by `ws+unix:`', {
  skip: process.platform === 'win32' && 'no such sockets',
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'polyplex-'))
  const path = join(folder, 'socket')
  const asked: IncomingMessage[] = []
  const server = echoServer(asked)
  server.listen(path)
  await once(server, 'listening')
  assert.deepEqual(await endOf(new WebSocket(`ws+unix:${path}:/path?query`)), ['open', 'close 1000'])
  assert.equal(asked[0]?.url, '/path?query')
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

test('a refusal is an error, or an `unexpected-response` for whoever listens', () => {
  const server = createServer((_request, response) => {
    response.writeHead(401)
    response.end('who are you')
  })
  return withHttp(server, async (port) => {
    const address = `ws://localhost:${port}`
    const expected = ['error Unexpected server response: 401', 'close 1006']
    assert.deepEqual(await endOf(new WebSocket(address)), expected)
    const ws = new WebSocket(address)
    const ended = endOf(ws)
    const [, response] = await once(ws, 'unexpected-response')
    assert.equal(response.statusCode, 401)
    ws.terminate()
    const message = 'WebSocket was closed before the connection was established'
    assert.deepEqual(await ended, [`error ${message}`, 'close 1006'])
  })
})

const answers: readonly [what: string, headers: string[], error: string][] = [
  ['another upgrade', ['Upgrade: foo'], 'Invalid Upgrade header'],
  ['another key', ['Upgrade: websocket', 'Sec-WebSocket-Accept: foo'], 'Invalid Sec-WebSocket-Accept header'],
]

for (const [what, headers, error] of answers) {
  test(`an answer with ${what} is an error`, () => {
    const server = createServer()
    server.on('upgrade', (_request, socket) => {
      socket
        .on('error', () => {})
        .on('end', () => socket.end())
        .resume()
      const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', ...headers]
      socket.end(`${lines.join('\r\n')}\r\n\r\n`)
    })
    return withHttp(server, async (port) => {
      assert.deepEqual(await endOf(new WebSocket(`ws://localhost:${port}`)), [`error ${error}`, 'close 1006'])
    })
  })
}

test('a server that chooses none of the subprotocols is refused', () => {
  const server = createServer()
  new WebSocketServer({ server, handleProtocols: () => false })
  return withHttp(server, async (port) => {
    const ws = new WebSocket(`ws://localhost:${port}`, 'one')
    assert.deepEqual(await endOf(ws), ['error Server sent no subprotocol', 'close 1006'])
  })
})

test('`handshakeTimeout` ends a handshake that is not answered', () => {
  const server = createServer()
  server.on('upgrade', (_request, socket) =>
    socket
      .on('error', () => {})
      .on('end', () => socket.end())
      .resume(),
  )
  return withHttp(server, async (port) => {
    const ws = new WebSocket(`ws://localhost:${port}`, { handshakeTimeout: 20 })
    assert.deepEqual(await endOf(ws), ['error Opening handshake has timed out', 'close 1006'])
  })
})

for (const end of ['close', 'terminate'] as const) {
  test(`\`${end}\` while connecting is an error and a close`, () =>
    withHttp(createServer(), async (port) => {
      const ws = new WebSocket(`ws://localhost:${port}`)
      const ended = endOf(ws)
      ws[end]()
      assert.equal(ws.readyState, WebSocket.CLOSING)
      assert.deepEqual(await ended, [
        'error WebSocket was closed before the connection was established',
        'close 1006',
      ])
    }))
}

test('redirects are followed where that is asked for, and counted', () => {
  const asked: IncomingMessage[] = []
  const target = echoServer(asked)
  return withHttp(target, (targetPort) => {
    const server = createServer((request, response) => {
      const location = request.url === '/loop' ? '/loop' : `ws://localhost:${targetPort}/target`
      response.writeHead(302, { Location: location })
      response.end()
    })
    return withHttp(server, async (port) => {
      const address = `ws://localhost:${port}`
      const unfollowed = await endOf(new WebSocket(address))
      assert.deepEqual(unfollowed, ['error Unexpected server response: 302', 'close 1006'])

      const headers = { Cookie: 'secret=1', 'X-Own': '1' }
      const ws = new WebSocket(`ws://user:pass@localhost:${port}/first`, { followRedirects: true, headers })
      assert.deepEqual(await endOf(ws), ['open', 'close 1000'])
      assert.equal(ws.url, `ws://localhost:${targetPort}/target`)
      const [{ headers: seen }] = asked as [IncomingMessage]
      // Another port is another host: credentials stay behind.
      assert.deepEqual([seen['cookie'], seen.authorization, seen['x-own']], [undefined, undefined, '1'])

      const watched = new WebSocket(address, { followRedirects: true, headers })
      const redirects: string[] = []
      watched.on('redirect', (url) => redirects.push(url))
      await endOf(watched)
      assert.deepEqual(redirects, [`ws://localhost:${targetPort}/target`])
      assert.equal(asked[1]?.headers['cookie'], 'secret=1')

      const loop = new WebSocket(`${address}/loop`, { followRedirects: true, maxRedirects: 2 })
      assert.deepEqual(await endOf(loop), ['error Maximum redirects exceeded', 'close 1006'])
    })
  })
})

test('a server that is not there is an error and a close', async () => {
  const server = createServer()
  let port = 0
  await withHttp(server, async (free) => {
    port = free
  })
  const [error, close] = await endOf(new WebSocket(`ws://127.0.0.1:${port}`))
  assert.match(error ?? '', /^error connect ECONNREFUSED/)
  assert.equal(close, 'close 1006')
})

test('listeners of the browser’s kind are called with events', () =>
  withHttp(echoServer(), async (port) => {
    const ws = new WebSocket(`ws://localhost:${port}`)
    const events: string[] = []
    const listener = { handleEvent: () => events.push('object') }
    ws.addEventListener('open', listener)
    ws.addEventListener('open', listener)
    ws.addEventListener('open', ({ type, target }) => events.push(`${type} ${target === ws}`), { once: true })
    ws.onopen = () => events.push('replaced')
    ws.onopen = () => events.push('attribute')
    const removed = (): void => {
      events.push('removed')
    }
    ws.addEventListener('open', removed)
    ws.removeEventListener('open', removed)
    const closed = new Promise<WebSocket.CloseEvent>((resolve) => {
      ws.onclose = resolve
    })
    const { code, wasClean, reason } = await closed
    assert.deepEqual([code, wasClean, reason], [1000, true, ''])
    assert.deepEqual(events, ['object', 'open true', 'attribute'])
    assert.equal(ws.onmessage, null)
  }))
