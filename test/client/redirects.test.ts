import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from '../../src/index.ts'
import { certificate } from '../wire/certificate.ts'
import { ByteServer, type Peer } from './byte-server.ts'
import { failureOf, next } from './story.ts'

function redirect(peer: Peer, location: string | undefined, status = 307): void {
  const field = location === undefined ? '' : `Location: ${location}\r\n`
  peer.send(`HTTP/1.1 ${status} Elsewhere\r\n${field}Content-Length: 0\r\n\r\n`)
}

async function finish(socket: WebSocket, peer: Peer): Promise<void> {
  const closed = next(socket, 'close')
  socket.close()
  await Promise.all([peer.finish(), closed])
}

test('redirects are not followed by default: the answer is a refusal', async () => {
  await using server = await ByteServer.listen()
  const failure = failureOf(new WebSocket(server.url))
  redirect(await server.request(), '/there')
  const { error } = await failure
  assert.equal(error.code, 'ERR_STATUS')
  assert.equal(error.status, 307)
})

for (const status of [301, 302, 303, 307, 308]) {
  test(`a redirect of ${status} is followed as often as followRedirects says`, async () => {
    await using server = await ByteServer.listen()
    const socket = new WebSocket(`${server.url}first`, ['a'], { followRedirects: 2 })
    const opened = next(socket, 'open')
    const first = await server.request()
    redirect(first, '/second?x', status)
    const second = await server.request()
    redirect(second, 'third', status)
    const third = await server.accept({ headers: { 'Sec-WebSocket-Protocol': 'a' } })
    await opened
    assert.equal(second.request.line, 'GET /second?x HTTP/1.1')
    assert.equal(third.request.line, 'GET /third HTTP/1.1')
    const keys = [first, second, third].map(({ request }) => request.headers['sec-websocket-key'])
    assert.equal(new Set(keys).size, 3)
    await first.over
    assert.equal(socket.url, `${server.url}first`)
    await finish(socket, third)
  })
}

for (const [what, location] of [
  ['one redirect too many', '/again'],
  ['no Location', undefined],
  ['a Location that is no URL', 'http://['],
  ['a Location of another kind', 'mailto:somebody@example.com'],
  ['a Unix socket of this machine', 'ws+unix:/var/run/secret.sock:/'],
] as const) {
  test(`a redirect with ${what} fails the connection with ERR_REDIRECT`, async () => {
    await using server = await ByteServer.listen()
    const failure = failureOf(new WebSocket(server.url, [], { followRedirects: 1 }))
    redirect(await server.request(), location)
    if (location === '/again') redirect(await server.request(), location)
    const { error } = await failure
    assert.equal(error.code, 'ERR_REDIRECT')
    assert.equal(error.status, 307)
  })
}

test('a redirect to another origin is followed without what was personal for the first', async () => {
  await using first = await ByteServer.listen()
  await using second = await ByteServer.listen()
  const url = first.url.replace('//', '//user:secret@')
  const headers = { Authorization: 'Bearer token', Cookie: 'a=b', Host: 'virtual.example', 'X-Mine': 'stays' }
  const socket = new WebSocket(url, [], { followRedirects: 1, headers })
  const message = next(socket, 'message')
  const from = await first.request()
  assert.equal(from.request.headers['authorization'], 'Bearer token')
  assert.equal(from.request.headers['host'], 'virtual.example')
  redirect(from, second.url.replace('ws:', 'http:'))
  const peer = await second.accept({ behind: Buffer.of(0x81, 2, 0x68, 0x69) })
  assert.equal(peer.request.headers['authorization'], undefined)
  assert.equal(peer.request.headers['cookie'], undefined)
  assert.equal(peer.request.headers['host'], `localhost:${second.port}`)
  assert.equal(peer.request.headers['x-mine'], 'stays')
  assert.equal((await message).origin, `ws://localhost:${second.port}`)
  await finish(socket, peer)
})

test('a redirect within the origin keeps them', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url, [], { followRedirects: 1, headers: { Cookie: 'a=b' } })
  const opened = next(socket, 'open')
  redirect(await server.request(), '/there')
  const peer = await server.accept()
  await opened
  assert.equal(peer.request.headers['cookie'], 'a=b')
  await finish(socket, peer)
})

test('a redirect may lead from ws: to wss:, never back', async () => {
  await using plain = await ByteServer.listen()
  await using secure = await ByteServer.listen({ secure: true })
  const options = { followRedirects: 1, tls: { ca: certificate.cert } }
  const up = new WebSocket(plain.url, [], options)
  const opened = next(up, 'open')
  redirect(await plain.request(), secure.url)
  const peer = await secure.accept()
  await opened
  await finish(up, peer)

  const down = failureOf(new WebSocket(secure.url, [], options))
  redirect(await secure.request(), plain.url)
  assert.equal((await down).error.code, 'ERR_REDIRECT')
  assert.equal(plain.waiting, 0)
})

test('close between two redirects gives up', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url, [], { followRedirects: 5 })
  redirect(await server.request(), '/there')
  const second = await server.request()
  const failure = failureOf(socket)
  socket.close()
  assert.equal((await failure).error.code, 'ERR_CLOSED')
  await second.over
})
