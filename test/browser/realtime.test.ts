import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Connection, connect } from 'polyplex'
import { channel, native, realtime, serve } from 'polyplex/server'
import { faultyProxy, seeded } from 'polyplex/testing'
import { root } from '../../tools/project.mjs'
import { inChromium } from './chromium.ts'

/** What the page of this test keeps. */
interface Story {
  connect: typeof connect
  connection: Connection
  heard: unknown[]
}

const html = `<!doctype html><title>here</title><link rel="icon" href="data:,">
<script type="module">import { connect } from '/dist/index.browser.js'; globalThis.connect = connect</script>`

/** The page, and the published files that it imports. */
async function page(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (!/^\/dist\/[\w./-]+\.js$/.test(pathname)) {
    return new Response(html, { headers: { 'Content-Type': 'text/html' } })
  }
  const code = await readFile(join(root, pathname), 'utf8')
  return new Response(code, { headers: { 'Content-Type': 'text/javascript' } })
}

const room = channel('room:{id}', {
  events: { message: {} },
  history: { limit: 100, ttlMs: 60_000 },
  on: { message: async (ctx, body) => (await ctx.publish('message', body)).offset },
})

inChromium('connect in Chromium', (browser) => {
  test('calls, hears, and goes on after the connection was cut, with the platform’s own WebSocket', async () => {
    const app = realtime({ channels: [room] })
    await using server = await serve({ app, dialects: [native()], fetch: page })
    await using proxy = await faultyProxy(server.url, { random: seeded(1) })
    await using opened = await browser.open(proxy.url.replace('ws:', 'http:'), {
      expectedErrors: /WebSocket connection/,
    })
    await opened.page.waitForFunction(() => 'connect' in globalThis)
    const answer = await opened.page.evaluate(async () => {
      const story = globalThis as unknown as Story
      story.heard = []
      story.connection = story.connect('/live', { reconnect: { firstMs: 20, maxMs: 50 } })
      const lobby = story.connection.channel('room:lobby')
      lobby.on('message', (body) => story.heard.push(body))
      story.connection.when('resumed', ({ replayed }) => story.heard.push(`resumed ${replayed}`))
      story.connection.when('reset', ({ reason }) => story.heard.push(`reset ${reason}`))
      await lobby.join()
      return lobby.call('message', 'said in the page')
    })
    assert.equal(answer, 1)
    // Nothing gets through any more; then both ends learn of it.
    proxy.inflict('muteDown')
    proxy.inflict('cut')
    await app.channel('room:lobby').publish('message', 'published while away')
    await opened.page.waitForFunction(() => (globalThis as unknown as Story).heard.length >= 3)
    const { heard, state } = await opened.page.evaluate(() => {
      const { heard, connection } = globalThis as unknown as Story
      connection.close()
      return { heard, state: connection.state.value.status }
    })
    assert.deepEqual(heard, ['said in the page', 'resumed 1', 'published while away'])
    assert.equal(state, 'closed')
  })
})
