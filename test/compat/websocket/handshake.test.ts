import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { describe, test } from 'node:test'
import type * as types from '../../../src/compat/websocket/index.ts'
import { certificate } from '../../wire/certificate.ts'
import { handshake, RawPeer } from '../../wire/raw-peer.ts'
import { dial, host, type Library, original, ours, pairs } from './pairs.ts'

/** What a server is asked, once. */
async function asked(server: types.server, connecting: () => Promise<unknown>): Promise<types.request> {
  const request = once(server, 'request') as Promise<[types.request]>
  connecting().catch(() => {})
  return (await request)[0]
}

for (const pair of pairs) {
  describe(pair.name, () => {
    test('a request tells what the client asked for', async () => {
      const { server, url } = await host(pair.server)
      const request = await asked(server, () =>
        dial(pair.client, `${url}chat?room=1`, {}, ['Echo', 'other'], 'https://example.com', {
          Cookie: 'a=1; b="x%20y"; c',
          'X-Forwarded-For': '10.0.0.1, 10.0.0.2',
        }),
      )
      assert.equal(request.resource, '/chat?room=1')
      assert.equal(request.resourceURL.pathname, '/chat')
      assert.equal(request.resourceURL.query['room'], '1')
      assert.deepEqual(request.requestedProtocols, ['echo', 'other'])
      assert.equal(request.origin, 'https://example.com')
      assert.equal(request.webSocketVersion, 13)
      assert.equal(request.host, new URL(url).host)
      assert.deepEqual(request.cookies, [
        { name: 'a', value: '1' },
        { name: 'b', value: 'x y' },
        { name: 'c', value: null },
      ])
      assert.equal(request.remoteAddress, '10.0.0.1')
      assert.deepEqual(request.remoteAddresses.slice(0, 2), ['10.0.0.1', '10.0.0.2'])
      assert.equal(request.remoteAddresses.length, 3)
      request.reject()
    })

    test('accept names the subprotocol as the client wrote it', async () => {
      const { server, url } = await host(pair.server)
      server.on('request', (request) => request.accept('echo', request.origin))
      const connection = await dial(pair.client, url, {}, ['Echo'])
      assert.equal(connection.protocol, 'Echo')
      assert.equal(server.connections.length, 1)
      assert.equal(server.connections[0]?.protocol, 'echo')
      const closed = once(server, 'close')
      connection.close()
      const [gone, code] = await closed
      assert.equal(code, 1000)
      assert.ok(gone instanceof pair.server.connection)
      assert.equal(server.connections.length, 0)
    })

    test('reject answers with the status, the reason and more fields', async () => {
      const { server, url } = await host(pair.server)
      server.on('request', (request) => request.reject(404, 'No such room', { 'X-More': 'yes' }))
      const client = new pair.client.client()
      const answered = once(client, 'httpResponse') as Promise<[IncomingMessage]>
      client.connect(url)
      const [{ statusCode, headers }] = await answered
      assert.equal(statusCode, 404)
      assert.equal(headers['x-websocket-reject-reason'], 'No such room')
      assert.equal(headers['x-more'], 'yes')
    })

    test('reject without a status is 403, and a connectFailed where nobody listens for answers', async () => {
      const { server, url } = await host(pair.server)
      server.on('request', (request) => request.reject())
      await assert.rejects(
        dial(pair.client, url),
        /Server responded with a non-101 status: 403 Forbidden\nResponse Headers Follow:/,
      )
    })

    test('without a listener for requests the answer is 404', async () => {
      const { url } = await host(pair.server)
      await assert.rejects(dial(pair.client, url), /non-101 status: 404/)
    })

    test('a request is answered once', async () => {
      const { server, url } = await host(pair.server)
      const request = await asked(server, () => dial(pair.client, url))
      request.reject(401)
      assert.throws(() => request.accept(), /may only be accepted or rejected one time/)
      assert.throws(() => request.reject(), /may only be accepted or rejected one time/)
    })

    test('with autoAcceptConnections everybody is let in, with the first subprotocol named', async () => {
      const { server, url } = await host(pair.server, { autoAcceptConnections: true })
      const connection = await dial(pair.client, url, {}, ['one', 'two'])
      assert.equal(connection.protocol, 'one')
      assert.equal(server.connections.length, 1)
    })

    test('a client whose subprotocols are all left unanswered fails', async () => {
      const { server, url } = await host(pair.server)
      server.on('request', (request) => request.accept(null, request.origin))
      await assert.rejects(dial(pair.client, url, {}, ['one']), /Expected a Sec-WebSocket-Protocol header/)
    })

    test('broadcast reaches everybody; shutDown closes all and answers who waits', async () => {
      const { server, url } = await host(pair.server)
      server.on('request', (request) => {
        if (request.resource === '/') request.accept()
      })
      const [one, two] = [await dial(pair.client, url), await dial(pair.client, url)]
      const heard = [one, two].map((connection) => once(connection, 'message'))
      server.broadcast('all of you')
      for (const message of heard) assert.equal((await message)[0].utf8Data, 'all of you')
      const request = once(server, 'request')
      const waiting = assert.rejects(dial(pair.client, `${url}later`), /non-101 status: 503/)
      await request
      const closed = [one, two].map((connection) => once(connection, 'close'))
      server.shutDown()
      for (const ending of closed) assert.equal((await ending)[0], 1000)
      await waiting
      assert.equal(server.pendingRequests.length, 0)
    })

    test('the router chooses by path and subprotocol', async () => {
      const { server, url } = await host(pair.server)
      const router = new pair.server.router({ server })
      const seen: string[] = []
      const mount = (path: string | RegExp, protocol: string | null, name: string): void =>
        router.mount(path, protocol, (request) => {
          seen.push(`${name} ${request.protocol}`)
          request.accept(request.origin)
        })
      mount('/chat', 'Echo', 'chat')
      mount(/^\/r\d+$/, '*', 'pattern')
      mount('*', null, 'any')
      assert.throws(() => mount('/chat', 'echo', 'again'), /only mount one handler per path\/protocol/)
      assert.equal((await dial(pair.client, `${url}chat?x`, {}, ['other', 'echo'])).protocol, 'echo')
      await dial(pair.client, `${url}r12`, {}, ['b'])
      await dial(pair.client, `${url}elsewhere`)
      assert.deepEqual(seen, ['chat echo', 'pattern b', 'any null'])
      await assert.rejects(dial(pair.client, `${url}nowhere`, {}, ['unknown']), /non-101 status: 404/)
      router.unmount('/chat', 'echo')
      assert.throws(() => router.unmount('/chat', 'echo'), /Unable to find a route/)
      router.detachServer()
      assert.throws(() => router.detachServer(), /not attached/)
    })
  })
}

for (const [name, library] of [['ours', ours] as const, ['the original', original] as const]) {
  test(`cookies are set by the answer, with their attributes: ${name}`, async () => {
    const { server, url } = await host(library)
    server.on('request', (request) =>
      request.accept(null, 'https://example.com', [
        {
          name: 'id',
          value: 'abc',
          path: '/chat',
          domain: 'Example.com',
          expires: new Date(0),
          maxage: 60,
          secure: true,
          httponly: true,
        },
        { name: 'b', value: '"2"' },
      ]),
    )
    const peer = await RawPeer.connect({ url })
    peer.send(handshake('/'))
    const { status, headers } = await peer.head()
    assert.equal(status, 101)
    assert.equal(headers['origin'], 'https://example.com')
    assert.equal(
      headers['set-cookie'],
      'id=abc;Path=/chat;Domain=example.com;Expires=Thu, 01 Jan 1970 00:00:00 GMT;Max-Age=60;Secure;HttpOnly, b="2"',
    )
    peer.reset()
  })

  test(`what cannot be set is an error, and 500 for the client: ${name}`, async () => {
    const wrong: [Partial<types.ICookie>[] | object, RegExp][] = [
      [{}, /must be an array/],
      [[{ name: 'a' }], /must at least provide a "name" and "value"/],
      [
        [
          { name: 'a', value: '1' },
          { name: 'a', value: '2' },
        ],
        /same cookie name twice/,
      ],
      [[{ name: 'a(', value: '1' }], /Illegal character \( in cookie name/],
      [[{ name: 'a', value: 'x,y' }], /Illegal character , in cookie value/],
      [[{ name: 'a', value: '1', path: '/a;b' }], /Illegal character ; in cookie path/],
      [[{ name: 'a', value: '1', maxage: -1 }], /"maxage" must be a non-zero number/],
      [[{ name: 'a', value: '1', secure: 1 }], /"secure" must be of type boolean/],
    ]
    for (const [cookies, message] of wrong) {
      const { server, url } = await host(library)
      const rejected = assert.rejects(dial(library, url), /non-101 status: 500/)
      const [request] = (await once(server, 'request')) as [types.request]
      assert.throws(() => request.accept(null, null, cookies as types.ICookie[]), message)
      await rejected
    }
  })
}

test('a version that is not spoken is answered with 426 and told by upgradeError', async () => {
  const { server, url } = await host(ours)
  const told = once(server, 'upgradeError')
  const peer = await RawPeer.connect({ url })
  const { status, headers } = await peer.ask(handshake('/', { 'Sec-WebSocket-Version': '7' }))
  assert.equal(status, 426)
  assert.equal(headers['sec-websocket-version'], '13')
  assert.match(String((await told)[0].message), /Unsupported websocket client version: 7/)
})

test('a line break cannot get into an answer', async () => {
  const { server, url } = await host(ours)
  server.on('request', (request) => request.reject(400, 'a\r\nX-Evil: 1', { 'b\r\nc': 'd\r\nX-Evil: 2' }))
  const peer = await RawPeer.connect({ url })
  const { headers } = await peer.ask(handshake('/'))
  assert.equal(headers['x-websocket-reject-reason'], 'aX-Evil: 1')
  assert.equal(headers['x-evil'], undefined)
})

test('X-Forwarded-For can be ignored', async () => {
  const { server, url } = await host(ours, { ignoreXForwardedFor: true })
  const request = await asked(server, () => dial(ours, url, {}, [], '', { 'X-Forwarded-For': '10.0.0.1' }))
  assert.notEqual(request.remoteAddress, '10.0.0.1')
  assert.equal(request.remoteAddresses.length, 1)
  request.reject()
})

test('a server needs an http server', () => {
  for (const library of [ours, original]) {
    assert.throws(() => new library.server({} as types.IServerConfig), /must specify an httpServer/)
  }
})

test('a client refuses URLs and subprotocols that are none, before it asks anybody', () => {
  for (const library of [ours, original] as Library[]) {
    const client = new library.client()
    assert.throws(() => client.connect('/relative'), /must specify a full WebSocket URL, including protocol/)
    assert.throws(
      () => client.connect('ws://localhost/', ['a b']),
      /Protocol list contains invalid character/,
    )
    assert.throws(() => new library.client({ webSocketVersion: 7 }), /Allowed values are 8 and 13/)
  }
})

test('nobody there is a connectFailed with the code of the system, and so is abort', async () => {
  await assert.rejects(dial(ours, 'ws://127.0.0.1:1/'), { code: 'ECONNREFUSED' })
  const { server, url } = await host(ours)
  const client = new ours.client()
  const failed = once(client, 'connectFailed')
  const request = once(server, 'request')
  client.connect(url)
  await request
  client.abort()
  assert.ok((await failed)[0] instanceof Error)
})

test('over TLS, with options for it and the name of the certificate', async () => {
  const http = createTlsServer(certificate)
  http.listen(0)
  await once(http, 'listening')
  const server = new ours.server({ httpServer: http, autoAcceptConnections: true })
  const connected = once(server, 'connect')
  const url = `wss://localhost:${(http.address() as AddressInfo).port}/`
  const connection = await dial(ours, url, {
    tlsOptions: { ca: certificate.cert, headers: { 'X-Tls': 'yes' } },
  })
  const heard = once(connection, 'message')
  const [accepted] = await connected
  accepted.sendUTF('secret')
  assert.equal((await heard)[0].utf8Data, 'secret')
  const gone = once(connection, 'close')
  server.shutDown()
  http.close()
  assert.equal((await gone)[0], 1000)
})

test('a request can be made of an upgrade without a server', async () => {
  const http = createServer()
  http.listen(0)
  await once(http, 'listening')
  http.once('upgrade', (message: IncomingMessage, socket: Socket) => {
    const request = new ours.request(socket, message, {})
    request.readHandshake()
    request.once('requestAccepted', (connection) => connection.sendUTF('accepted'))
    request.accept(request.requestedProtocols[0])
  })
  const connection = await dial(ours, `ws://localhost:${(http.address() as AddressInfo).port}/`)
  assert.equal((await once(connection, 'message'))[0].utf8Data, 'accepted')
  connection.close()
  await once(connection, 'close')
  http.close()
})

test('the URL may be an object', async () => {
  const { server, url } = await host(ours)
  for (const form of [new URL('/a?b', url), { ...partsOf(new URL('/a?b', url)) }]) {
    const client = new ours.client()
    const request = once(server, 'request')
    client.connect(form as URL)
    assert.equal((await request)[0].resource, '/a?b')
    client.abort()
  }
})

/** As `url.parse` has them. */
function partsOf({ protocol, hostname, port, pathname, search }: URL): object {
  return { protocol, hostname, port, path: pathname + search }
}
