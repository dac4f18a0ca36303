import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusalOf, WsClient } from '../cli/ws-client.ts'
import { closing, load } from './example.ts'

test('echo: text comes back as text and binary as binary', async (t) => {
  const { start } = (await load('echo')) as typeof import('../../examples/echo/server.mjs')
  const server = closing(t, await start())
  const client = await WsClient.open(t, server.url)
  client.send('grüße')
  client.send(Uint8Array.of(1, 2, 3))
  assert.equal(await client.next(), 'grüße')
  assert.deepEqual(await client.next(), Buffer.of(1, 2, 3))
})

test('upper-case: text comes back louder, binary is refused with 1003', async (t) => {
  const { start } = (await load('upper-case')) as typeof import('../../examples/upper-case/server.mjs')
  const server = closing(t, await start())
  const client = await WsClient.open(t, server.url)
  client.send('hello')
  assert.equal(await client.next(), 'HELLO!!!')
  client.send(Uint8Array.of(1))
  assert.equal((await client.closed).code, 1003)
})

test('clock: the time comes at once and then by itself, to all', async (t) => {
  const { start } = (await load('clock')) as typeof import('../../examples/clock/server.mjs')
  const server = closing(t, await start({ everyMs: 10 }))
  const clients = await Promise.all([WsClient.open(t, server.url), WsClient.open(t, server.url)])
  for (const client of clients) {
    const times = [await client.next(), await client.next(), await client.next()].map(String)
    for (const time of times) assert.equal(new Date(time).toISOString(), time)
    assert.deepEqual(times, times.toSorted())
  }
})

test('chat: what is said in a room goes to all others in it, and nowhere else', async (t) => {
  const { start } = (await load('chat')) as typeof import('../../examples/chat/server.mjs')
  const server = closing(t, await start())
  const enter = (room: string, name: string) => WsClient.open(t, `${server.url}rooms/${room}?name=${name}`)
  const ada = await enter('kitchen', 'Ada')
  const cy = await enter('cellar', 'Cy')
  const bob = await enter('kitchen', 'Bob')
  assert.equal(await ada.next(), 'Bob came')
  bob.send('hello')
  assert.equal(await ada.next(), 'Bob: hello')
  ada.send('hi')
  assert.equal(await bob.next(), 'Ada: hi')
  await bob.close()
  assert.equal(await ada.next(), 'Bob left')
  const dora = await enter('cellar', 'Dora')
  assert.equal(await cy.next(), 'Dora came', 'nothing of the kitchen was heard in the cellar')
  dora.send('anybody?')
  assert.equal(await cy.next(), 'Dora: anybody?')
})

test('chat: who does not say a name is refused with 401', async (t) => {
  const { start } = (await load('chat')) as typeof import('../../examples/chat/server.mjs')
  const server = closing(t, await start())
  assert.equal(await refusalOf(`${server.url}rooms/kitchen`), 401)
  assert.equal(await refusalOf(`${server.url}rooms`), 404)
})

test('express: the application and the sockets share a port, other upgrades get 404', async (t) => {
  const { start } = (await load('express')) as typeof import('../../examples/express/server.mjs')
  const server = closing(t, await start())
  const client = await WsClient.open(t, `${server.url.replace('http', 'ws')}live`)
  assert.equal(await (await fetch(server.url)).text(), '1 listening\n')
  const told = await fetch(`${server.url}news`, {
    method: 'POST',
    body: 'rain',
    headers: { 'content-type': 'text/plain' },
  })
  assert.equal(await told.text(), 'told 1\n')
  assert.equal(await client.next(), 'rain')
  assert.equal(await refusalOf(`${server.url.replace('http', 'ws')}other`), 404)
})

test('page: the page is handed out and answered by the same server', async (t) => {
  const { start } = (await load('page')) as typeof import('../../examples/page/server.mjs')
  const server = closing(t, await start())
  const url = server.url.replace('ws', 'http')
  const answer = await fetch(url)
  assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.match(await answer.text(), /new WebSocket\(/)
  assert.equal((await fetch(`${url}other`)).status, 404)
  const client = await WsClient.open(t, server.url, { origin: url.slice(0, -1) })
  client.send('hello')
  assert.equal(await client.next(), 'You said: hello')
})
