import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { WsClient } from '../cli/ws-client.ts'
import { closing, load } from './example.ts'

const { selfSigned } = (await load(
  'http2',
  'certificate.mjs',
)) as typeof import('../../examples/http2/certificate.mjs')
const { start } = (await load('http2')) as typeof import('../../examples/http2/server.mjs')

test('http2: the page and two WebSockets share one connection over HTTP/2', async (t) => {
  const tls = selfSigned()
  const server = closing(t, await start({ tls }))
  const session = connect(server.url.replace('wss', 'https'), { ca: tls.cert })
  t.after(() => session.destroy())
  await once(session, 'remoteSettings')
  assert.equal(session.remoteSettings.enableConnectProtocol, true)

  const page = session.request({ ':path': '/' })
  assert.match(await text(page), /new WebSocket\(/)
  const greetings = ['first', 'second'].map(async (name) => {
    const stream = session.request(
      { ':method': 'CONNECT', ':protocol': 'websocket', ':path': `/${name}`, 'sec-websocket-version': '13' },
      { endStream: false },
    )
    const [frame] = (await once(stream, 'data')) as [Buffer]
    return frame.subarray(2).toString() // behind the header of a short frame
  })
  assert.deepEqual(await Promise.all(greetings), ['/first came over HTTP/2', '/second came over HTTP/2'])
  session.destroy() // this client does not know how to close a WebSocket
})

test('http2: a client of HTTP/1.1 is served on the same port', async (t) => {
  const tls = selfSigned()
  const server = closing(t, await start({ tls }))
  const client = await WsClient.open(t, `${server.url}old`, { ca: tls.cert })
  assert.equal(await client.next(), '/old came over HTTP/1.1')
  client.send('hello')
  assert.equal(await client.next(), 'hello')
})

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
