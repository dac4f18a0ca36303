import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { WebSocket, WebSocketStream } from '../../src/index.ts'
import { ByteServer } from './byte-server.ts'
import { failureOf, next } from './story.ts'

const folder = mkdtempSync(join(tmpdir(), 'polyplex-'))
after(() => rmSync(folder, { recursive: true }))

for (const [what, name, rest, line] of [
  ['the root', 'a.sock', '', 'GET / HTTP/1.1'],
  ['a path and a query', 'b.sock', ':/chat:1?x=y', 'GET /chat:1?x=y HTTP/1.1'],
  ['a socket with a space in its name', 'c d.sock', ':/', 'GET / HTTP/1.1'],
] as const) {
  test(`ws+unix: reaches a Unix socket and asks for ${what}`, async () => {
    const path = join(folder, name)
    await using server = await ByteServer.listen({ path })
    const socket = new WebSocket(`ws+unix:${path.replace(' ', '%20')}${rest}`)
    const message = next(socket, 'message')
    const peer = await server.accept({ behind: Buffer.of(0x81, 1, 0x78) })
    assert.equal(peer.request.line, line)
    assert.equal(peer.request.headers['host'], 'localhost')
    const { data, origin } = await message
    assert.equal(data, 'x')
    assert.equal(origin, 'null')
    const closed = next(socket, 'close')
    socket.close()
    await Promise.all([peer.finish(), closed])
  })
}

test('ws+unix: a socket that is not there fails with ERR_NETWORK', async () => {
  const { error } = await failureOf(new WebSocket(`ws+unix:${join(folder, 'none.sock')}:/`))
  assert.equal(error.code, 'ERR_NETWORK')
  assert.equal(error.cause.code, 'ENOENT')
})

test('ws+unix: redirects over a Unix socket are not followed anywhere', async () => {
  const path = join(folder, 'redirect.sock')
  await using server = await ByteServer.listen({ path })
  const stream = new WebSocketStream(`ws+unix:${path}:/`, { followRedirects: 1 })
  const peer = await server.request()
  peer.send('HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n')
  const error = await stream.opened.then(
    () => assert.fail('opened'),
    (reason) => reason,
  )
  assert.equal(error.cause.code, 'ERR_REDIRECT')
})
