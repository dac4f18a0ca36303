import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { certificate } from '../../wire/certificate.ts'
import { combinations, messagesOf } from './pairs.ts'

for (const { name, Client, Server } of combinations) {
  test(`messages pass over TLS, also large ones, and the close is clean (${name})`, async () => {
    const server = createServer(certificate)
    const wss = new Server.Server({ server, perMessageDeflate: true })
    wss.on('connection', (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })))
    server.listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const client = new Client(`wss://localhost:${port}`, { rejectUnauthorized: false })
    const received = messagesOf(client, 3)
    await once(client, 'open')
    const large = Buffer.alloc(2_000_000, 'x')
    client.send('text')
    client.send(large, { compress: false })
    const sent = new Promise<Error | null | undefined>((resolve) => {
      client.send('last', resolve)
    })
    const texts = (await received).map(([data]) => String(data))
    assert.deepEqual(texts, ['text', large.toString(), 'last'])
    assert.equal((await sent) ?? undefined, undefined)
    assert.equal(client.bufferedAmount, 0)
    const closed = once(client, 'close')
    client.close(1000, 'done')
    const [code, reason] = await closed
    assert.deepEqual([code, String(reason)], [1000, 'done'])
    await new Promise((resolve) => wss.close(resolve))
    await new Promise((resolve) => server.close(resolve))
  })
}
