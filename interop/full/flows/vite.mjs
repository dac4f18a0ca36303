// Vite carries a copy of ws inside its own files, which no override reaches. So its socket for hot updates meets our
// client here, and its proxy joins our client to our server.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'vite'
import WebSocket, { WebSocketServer } from 'ws'
import { closed, httpServer, Inbox } from '../../support/sockets.mjs'

export async function flow() {
  const folder = await mkdtemp(join(tmpdir(), 'polyplex-vite-'))
  const upstream = await httpServer()
  const sockets = new WebSocketServer({ server: upstream.server, path: '/api' })
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`upstream: ${data}`)))
  await writeFile(join(folder, 'index.html'), '<script type="module" src="/main.js"></script>')
  await writeFile(join(folder, 'main.js'), 'import.meta.hot.accept(); export const number = 1')
  const vite = await createServer({
    root: folder,
    configFile: false,
    logLevel: 'silent',
    server: {
      host: '127.0.0.1',
      port: 0,
      strictPort: true,
      proxy: { '/api': { target: `ws://${upstream.address}`, ws: true } },
    },
  })
  await vite.listen()
  const address = `127.0.0.1:${vite.httpServer.address().port}`
  assert.match(await (await fetch(`http://${address}/main.js`)).text(), /number = 1/)

  const page = new WebSocket(`ws://${address}/`, 'vite-hmr')
  const updates = new Inbox(page, 'message', (data) => JSON.parse(String(data)))
  assert.equal((await updates.next()).type, 'connected')
  vite.ws.on('hello', (data, client) => client.send('answer', { to: data.name }))
  page.send(JSON.stringify({ type: 'custom', event: 'hello', data: { name: 'Ada' } }))
  assert.deepEqual(await updates.next(), { type: 'custom', event: 'answer', data: { to: 'Ada' } })
  await writeFile(join(folder, 'main.js'), 'import.meta.hot.accept(); export const number = 2')
  vite.watcher.emit('change', join(folder, 'main.js')) // it may not have been watching yet
  const update = await updates.until(({ type }) => type === 'update' || type === 'full-reload')
  assert.equal(update.updates?.[0]?.path, '/main.js')

  const proxied = new WebSocket(`ws://${address}/api`)
  const inbox = new Inbox(proxied)
  await once(proxied, 'open')
  proxied.send('hello')
  assert.equal(await inbox.next(), 'upstream: hello')
  proxied.close(1000)
  await once(proxied, 'close')

  const stranger = new WebSocket(`ws://${address}/`, 'vite-hmr', { origin: 'http://elsewhere.test' })
  assert.equal((await once(stranger, 'error'))[0].message, 'Unexpected server response: 400')

  const gone = once(page, 'close')
  await vite.close()
  assert.equal((await gone)[0], 1006)
  await closed(sockets)
  await closed(upstream.server)
  await rm(folder, { recursive: true })
}
