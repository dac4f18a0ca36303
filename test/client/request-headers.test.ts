import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket, WebSocketStream } from '../../src/index.ts'
import { ByteServer } from './byte-server.ts'
import { failureOf } from './story.ts'

async function headersOf(open: (url: string) => WebSocket): Promise<Readonly<Record<string, string>>> {
  await using server = await ByteServer.listen()
  const socket = open(server.url)
  const { request } = await server.request()
  socket.close()
  await failureOf(socket)
  return request.headers
}

for (const [what, headers] of [
  ['an object', { 'X-One': '1', Cookie: 'a=b' }],
  [
    'pairs',
    [
      ['X-One', '1'],
      ['Cookie', 'a=b'],
    ],
  ],
  [
    'a Map',
    new Map([
      ['X-One', '1'],
      ['Cookie', 'a=b'],
    ]),
  ],
  ['Headers', new Headers({ 'X-One': '1', Cookie: 'a=b' })],
] as const) {
  test(`headers may be ${what}`, async () => {
    const sent = await headersOf(
      (url) => new WebSocket(url, [], { headers: headers as Record<string, string> }),
    )
    assert.equal(sent['x-one'], '1')
    assert.equal(sent['cookie'], 'a=b')
  })
}

test('a header with several values is sent several times', async () => {
  const sent = await headersOf((url) => new WebSocket(url, [], { headers: { 'X-Many': ['1', '2'] } }))
  assert.equal(sent['x-many'], '1, 2')
})

test('Origin is sent where the program wants it, and Host is the program’s own', async () => {
  const sent = await headersOf(
    (url) => new WebSocket(url, [], { headers: { origin: 'https://example.com', host: 'virtual.example' } }),
  )
  assert.equal(sent['origin'], 'https://example.com')
  assert.equal(sent['host'], 'virtual.example')
})

test('user and password of the URL are sent as Basic authorization, percent-decoded', async () => {
  const sent = await headersOf((url) => new WebSocket(url.replace('//', '//j%C3%B6rg:a%3Ab%zz@')))
  assert.equal(sent['authorization'], `Basic ${Buffer.from('jörg:a:b%zz').toString('base64')}`)
  assert.match(sent['host'] ?? '', /^localhost:\d+$/)
})

test('a user without password is sent too', async () => {
  const sent = await headersOf((url) => new WebSocket(url.replace('//', '//user@')))
  assert.equal(sent['authorization'], `Basic ${Buffer.from('user:').toString('base64')}`)
})

test('an Authorization of the program wins over that of the URL', async () => {
  const sent = await headersOf(
    (url) =>
      new WebSocket(url.replace('//', '//user:secret@'), [], { headers: { authorization: 'Bearer x' } }),
  )
  assert.equal(sent['authorization'], 'Bearer x')
})

test('headers work for a WebSocketStream too', async () => {
  await using server = await ByteServer.listen()
  const stream = new WebSocketStream(server.url, { headers: { 'X-One': '1' } })
  const { request } = await server.request()
  assert.equal(request.headers['x-one'], '1')
  stream.close()
  await assert.rejects(stream.closed)
})
