// The server tells a page of new builds and of mistakes in them; its proxy leads to another server of ours.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import webpack from 'webpack'
import WebpackDevServer from 'webpack-dev-server'
import WebSocket, { WebSocketServer } from 'ws'
import { closed, httpServer, Inbox } from '../../support/sockets.mjs'

export async function flow() {
  const folder = await mkdtemp(join(tmpdir(), 'polyplex-webpack-'))
  const entry = join(folder, 'main.js')
  const upstream = await httpServer()
  const sockets = new WebSocketServer({ server: upstream.server })
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`upstream: ${data}`)))
  await writeFile(entry, 'console.log(1)')
  const compiler = webpack({
    mode: 'development',
    context: folder,
    entry,
    infrastructureLogging: { level: 'none' },
    stats: 'none',
  })
  const options = {
    host: '127.0.0.1',
    port: 0,
    static: false,
    allowedHosts: 'auto',
    proxy: [{ context: ['/api'], target: `ws://${upstream.address}`, ws: true }],
  }
  const server = new WebpackDevServer(options, compiler)
  await server.start()
  const address = `127.0.0.1:${server.server.address().port}`

  const page = new WebSocket(`ws://${address}/ws`, { origin: `http://${address}` })
  const told = new Inbox(page, 'message', (data) => JSON.parse(String(data)))
  const next = (type) => told.until((message) => message.type === type)
  await next('ok')
  await writeFile(entry, 'console.log(2)')
  await next('invalid')
  await next('ok')
  await writeFile(entry, 'this is not a program')
  assert.match((await next('errors')).data[0].message, /Module parse failed/)
  await writeFile(entry, 'console.log(3)')
  await next('ok')

  const stranger = new WebSocket(`ws://${address}/ws`, { origin: 'http://elsewhere.test' })
  const strangerTold = new Inbox(stranger, 'message', (data) => JSON.parse(String(data)))
  assert.deepEqual(await strangerTold.next(), { type: 'error', data: 'Invalid Host/Origin header' })
  await once(stranger, 'close')

  const refused = new WebSocket(`ws://${address}/api`, { origin: 'http://elsewhere.test' })
  assert.equal((await once(refused, 'error'))[0].message, 'Unexpected server response: 403')
  const proxied = new WebSocket(`ws://${address}/api`, { origin: `http://${address}` })
  const inbox = new Inbox(proxied)
  await once(proxied, 'open')
  proxied.send('hello')
  assert.equal(await inbox.next(), 'upstream: hello')
  proxied.close(1000)
  await once(proxied, 'close')

  const gone = once(page, 'close')
  await server.stop()
  await gone
  await closed(sockets)
  await closed(upstream.server)
  await rm(folder, { recursive: true })
}
