import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket, WebSocketStream } from '../../src/index.ts'
import { ByteServer } from './byte-server.ts'
import { failureOf } from './story.ts'

const isSyntaxError = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'SyntaxError' && error.code === 12

const faces = [
  ['WebSocket', (url: string) => new WebSocket(url)],
  ['WebSocketStream', (url: string) => new WebSocketStream(url)],
] as const

for (const [name, construct] of faces) {
  for (const [what, url] of [
    ['an empty URL', ''],
    ['a relative URL, as there is no base', '/chat'],
    ['a URL without host', 'ws://'],
    ['a host with a space', 'ws://foo bar.example/'],
    ['a port beyond 65535', 'ws://localhost:65536/'],
    ['another scheme', 'ftp://example.com/'],
    ['a URL that is no address', 'mailto:somebody@example.com'],
    ['an empty fragment', 'ws://example.com/#'],
    ['a fragment', 'wss://example.com/chat#top'],
    ['a Unix socket without path', 'ws+unix:'],
    ['a Unix socket with an empty path', 'ws+unix::/chat'],
  ] as const) {
    test(`new ${name} refuses ${what} with a SyntaxError`, () => {
      assert.throws(() => construct(url), isSyntaxError)
    })
  }
}

for (const [given, expected] of [
  ['ws://localhost', 'ws://localhost/'],
  ['WS://LOCALHOST/Path', 'ws://localhost/Path'],
  ['http://localhost/a', 'ws://localhost/a'],
  ['https://localhost:443/a?b', 'wss://localhost/a?b'],
  ['http://localhost:80/', 'ws://localhost/'],
  ['https://localhost:8443/', 'wss://localhost:8443/'],
  ['ws://localhost/ä b?å', 'ws://localhost/%C3%A4%20b?%C3%A5'],
  [' ws://localhost/ ', 'ws://localhost/'],
  ['ws://user:secret@localhost/', 'ws://user:secret@localhost/'],
] as const) {
  test(`url of '${given}' is ${expected}`, async () => {
    const socket = new WebSocket(given)
    socket.close()
    assert.equal(socket.url, expected)
    assert.equal(new WebSocketStream(given, { signal: AbortSignal.abort() }).url, expected)
    await failureOf(socket)
  })
}

test('the URL may be any object that says one as a string', async () => {
  for (const url of [new URL('ws://localhost/a'), { toString: () => 'ws://localhost/a' } as unknown as URL]) {
    const socket = new WebSocket(url)
    socket.close()
    assert.equal(socket.url, 'ws://localhost/a')
    await failureOf(socket)
  }
})

test('the request names path and query, and the host with its port', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(`ws://LOCALHOST:${server.port}/a/%20b?c=d&e`)
  const { request } = await server.request()
  assert.equal(request.line, 'GET /a/%20b?c=d&e HTTP/1.1')
  assert.equal(request.headers['host'], `localhost:${server.port}`)
  socket.close()
  await failureOf(socket)
})
