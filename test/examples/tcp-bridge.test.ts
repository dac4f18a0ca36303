import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { type TestContext, test } from 'node:test'
import { WsClient } from '../cli/ws-client.ts'
import { closing, load } from './example.ts'

const example = (await load('tcp-bridge')) as typeof import('../../examples/tcp-bridge/server.mjs')

test('tcp-bridge: its own service turns lines around', async (t) => {
  const service = await example.startLineTurner()
  t.after(() => service.close())
  const server = closing(t, await example.start({ service }))
  const client = await WsClient.open(t, server.url)
  client.send('hello\n')
  assert.equal(String(await client.next()), 'olleh\n')
})

test('tcp-bridge: many megabytes pass both ways whole and in order', async (t) => {
  const service = await listening(
    t,
    createServer((tcp) => tcp.on('error', () => {}).pipe(tcp)),
  )
  const server = closing(t, await example.start({ service }))
  const client = await WsClient.open(t, server.url)
  const sent = Buffer.from(Uint32Array.from({ length: 4_000_000 }, (_, index) => index).buffer)
  for (let at = 0; at < sent.length; at += 1_000_000) client.send(sent.subarray(at, at + 1_000_000))
  const parts: Buffer[] = []
  for (let bytes = 0; bytes < sent.length; bytes += (parts.at(-1) as Buffer).length) {
    parts.push((await client.next()) as Buffer)
  }
  assert.ok(Buffer.concat(parts).equals(sent))
})

test('tcp-bridge: when the service ends, the socket closes with 1000', async (t) => {
  const service = await listening(
    t,
    createServer((tcp) => tcp.on('error', () => {}).end('bye\n')),
  )
  const server = closing(t, await example.start({ service }))
  const client = await WsClient.open(t, server.url)
  assert.equal(String(await client.next()), 'bye\n')
  assert.equal((await client.closed).code, 1000)
})

test('tcp-bridge: without a service the socket closes with 1014', async (t) => {
  const gone = createServer().listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const { port } = gone.address() as AddressInfo
  gone.close()
  const server = closing(t, await example.start({ service: { host: '127.0.0.1', port } }))
  const client = await WsClient.open(t, server.url)
  assert.equal((await client.closed).code, 1014)
})

async function listening(t: TestContext, server: Server): Promise<{ host: string; port: number }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}
