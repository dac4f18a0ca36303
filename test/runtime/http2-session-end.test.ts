import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { type Closed, serve } from '../../src/server/index.ts'

test('RFC 8441 §5 when a client ends its HTTP/2 connection, the WebSockets on it close at once', async (t) => {
  const closes: Promise<Closed>[] = []
  const server = await serve<(closed: Closed) => void>({
    port: 0,
    http2: true,
    // Were the end of the connection not noticed, this test would wait for ever.
    heartbeat: false,
    open(socket) {
      closes.push(
        new Promise((resolve) => {
          socket.data = resolve
        }),
      )
      socket.send('welcome')
    },
    close: (socket, closed) => socket.data(closed),
  })
  t.after(() => server.close())
  const session = connect(server.url.replace('ws', 'http'))
  await once(session, 'remoteSettings')
  for (const path of ['/first', '/second']) {
    const stream = session.request(
      { ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, 'sec-websocket-version': '13' },
      { endStream: false },
    )
    await once(stream, 'data')
  }
  session.destroy()
  const codes = (await Promise.all(closes)).map(({ code, error }) => [code, error?.code])
  assert.deepEqual(codes, [
    [1006, 'ERR_CONNECTION_LOST'],
    [1006, 'ERR_CONNECTION_LOST'],
  ])
})
