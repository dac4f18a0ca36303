import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Connection, connect } from 'polyplex'
import { channel, native, realtime, serve } from 'polyplex/server'
import { root } from '../../tools/project.mjs'
import { BlockingProxy, type Policy } from '../client/realtime/blocking-proxy.ts'
import { type Chromium, inChromium, type OpenPage } from './chromium.ts'

/** What the page of this test keeps. */
interface Story {
  connect: typeof connect
  connection: Connection
  heard: string[]
  resets: unknown[]
  resumes: number
  cookie: string
}

const html = `<!doctype html><title>here</title><link rel="icon" href="data:,">
<script type="module">import { connect } from '/dist/index.browser.js'; globalThis.connect = connect</script>`

/** The page, and the published files that it imports. */
async function page(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (!/^\/dist\/[\w./-]+\.js$/.test(pathname)) {
    return new Response(html, { headers: { 'Content-Type': 'text/html', 'Set-Cookie': 'who=ada; Path=/' } })
  }
  const code = await readFile(join(root, pathname), 'utf8')
  return new Response(code, { headers: { 'Content-Type': 'text/javascript' } })
}

const cookies: (string | null)[] = []

const room = channel('room:{id}', {
  events: { message: {}, echo: {} },
  history: { limit: 10_000, ttlMs: 60_000 },
  on: { message: async (ctx, body) => ctx.publish('message', body), echo: (_ctx, body) => body },
})

function app() {
  return realtime({
    channels: [room],
    limits: { rate: { perSecond: 10_000, burst: 10_000 } },
    authenticate({ headers }) {
      cookies.push(headers?.get('cookie') ?? null)
      return { id: 'somebody' }
    },
  })
}

/** Failures that the proxy makes, and that a browser tells on the console. */
const expectedErrors = /WebSocket connection|Failed to load resource|net::ERR/

/** Connects in the page, and joins. */
async function joinIn({ page }: OpenPage, url: string): Promise<void> {
  await page.waitForFunction(() => 'connect' in globalThis)
  await page.evaluate(async (target) => {
    const story = globalThis as unknown as Story
    Object.assign(story, { heard: [], resets: [], resumes: 0 })
    story.connection = story.connect(target, { reconnect: { firstMs: 20, maxMs: 50 } })
    const lobby = story.connection.channel('room:lobby')
    lobby.on('message', (body) => story.heard.push(String(body)))
    story.connection.when('reset', (reset) => story.resets.push(reset))
    story.connection.when('resumed', () => {
      story.resumes += 1
    })
    await lobby.join()
  }, url)
}

function transportOf({ page }: OpenPage): Promise<unknown> {
  return page.evaluate(() => {
    const { value } = (globalThis as unknown as Story).connection.state
    return value.status === 'open' ? [value.transport, value.reason?.why] : value
  })
}

/** Sends in the page and publishes at the server, so many of each, and looks whether all came in order. */
async function talk({ page }: OpenPage, channels: ReturnType<typeof app>, count: number): Promise<void> {
  const { publish } = channels.channel('room:lobby')
  await page.evaluate(() => {
    ;(globalThis as unknown as Story).heard = []
  })
  const numbers = Array.from({ length: count }, (_, number) => number)
  const answers = page.evaluate(async (all) => {
    const lobby = (globalThis as unknown as Story).connection.channel('room:lobby')
    for (const number of all) lobby.send('message', `up ${number}`)
    return Promise.all(all.map((number) => lobby.call('echo', number)))
  }, numbers)
  for (const number of numbers) await publish('message', `down ${number}`)
  assert.deepEqual(await answers, numbers)
  await page.waitForFunction((all) => (globalThis as unknown as Story).heard.length >= all, 2 * count)
  const { heard, resets } = await page.evaluate(() => {
    const { heard, resets } = globalThis as unknown as Story
    return { heard, resets }
  })
  for (const word of ['up', 'down'])
    assert.deepEqual(
      heard.filter((body) => body.startsWith(word)),
      numbers.map((number) => `${word} ${number}`),
    )
  assert.deepEqual(resets, [])
}

const policies: readonly (readonly [string, Partial<Policy>, string])[] = [
  ['answers upgrades with 503', { upgrades: 'refuse' }, 'stream'],
  ['swallows upgrades', { upgrades: 'swallow' }, 'stream'],
  ['holds answers back until they end', { upgrades: 'refuse', buffers: true }, 'poll'],
]

// Each has a proxy of its own, and mostly waits for its patience to end.
const atATime = 2

function tests(browser: Chromium): void {
  for (const [what, policy, transport] of policies) {
    test(`one that ${what}: everything arrives over ${transport}, and over WebSocket once that is let through`, async () => {
      const channels = app()
      await using server = await serve({ app: channels, dialects: [native()], fetch: page })
      await using proxy = await BlockingProxy.listen(server.url, policy)
      await using opened = await browser.open(proxy.url.replace('ws:', 'http:'), { expectedErrors })
      await joinIn(opened, '/live')
      assert.deepEqual(await transportOf(opened), [transport, 'blocked'])
      await talk(opened, channels, 100)
      // The next page begins with what worked.
      await opened.page.reload()
      proxy.seen.length = 0
      await joinIn(opened, '/live')
      assert.equal(
        proxy.seen.find((wish) => wish !== 'send'),
        transport,
      )
      proxy.policy.upgrades = 'pass'
      proxy.policy.buffers = false
      const talking = talk(opened, channels, 300)
      // It would try by itself; this makes it sooner.
      await opened.page.evaluate(() => dispatchEvent(new Event('online')))
      await opened.page.waitForFunction(() => {
        const { value } = (globalThis as unknown as Story).connection.state
        return value.status === 'open' && value.transport === 'websocket'
      })
      await talking
      assert.deepEqual(await transportOf(opened), ['websocket', undefined])
      assert.equal(await opened.page.evaluate(() => localStorage.length), 0)
    })
  }

  test('one that cuts idle links: after two cuts the WebSocket is kept busy, and stays', async () => {
    const channels = app()
    await using server = await serve({ app: channels, dialects: [native()], fetch: page })
    const idleMs = Number(process.env['IDLE_MS'] ?? 2_500)
    await using proxy = await BlockingProxy.listen(server.url, { idleMs })
    await using opened = await browser.open(proxy.url.replace('ws:', 'http:'), { expectedErrors })
    opened.page.setDefaultTimeout(idleMs * 10)
    await joinIn(opened, '/live')
    await opened.page.waitForFunction(() => (globalThis as unknown as Story).resumes >= 2)
    const resumes = () => opened.page.evaluate(() => (globalThis as unknown as Story).resumes)
    // Chance may have it that it takes one more to be sure.
    for (let before = -1; before !== (await resumes()); ) {
      before = await resumes()
      await opened.page.waitForTimeout(idleMs * 1.5)
    }
    assert.ok((await resumes()) <= 4)
    assert.deepEqual(await transportOf(opened), ['websocket', undefined])
    await talk(opened, channels, 50)
  })

  test('a page of another origin, which is listed, streams with its cookies; one that is not is told nothing', async () => {
    const channels = app()
    await using home = await serve({ fetch: page })
    const homeUrl = home.url.replace('ws:', 'http:')
    const { origin } = new URL(homeUrl)
    await using server = await serve({
      app: channels,
      dialects: [native({ origins: [origin] })],
      fetch: page,
    })
    await using proxy = await BlockingProxy.listen(server.url, { upgrades: 'refuse' })
    const target = proxy.url.replace('127.0.0.1', 'localhost')
    await using opened = await browser.open(target.replace('ws:', 'http:'), { expectedErrors })
    await opened.page.goto(homeUrl)
    cookies.length = 0
    await joinIn(opened, target)
    assert.deepEqual(await transportOf(opened), ['stream', 'blocked'])
    assert.deepEqual(cookies, ['who=ada'])
    await talk(opened, channels, 20)
    await using other = await browser.open(homeUrl.replace('localhost', '127.0.0.1'), {
      expectedErrors: /WebSocket connection|CORS|net::ERR|Failed to load resource/,
    })
    await other.page.waitForFunction(() => 'connect' in globalThis)
    const why = await other.page.evaluate(async (url) => {
      const connection = (globalThis as unknown as Story).connect(url)
      return new Promise((resolve) => {
        connection.state.subscribe((state) => {
          if (state.status === 'waiting') resolve(state.reason.why)
        })
      })
    }, target)
    assert.equal(why, 'unreachable')
  })

  test('a page that is left ends its session at once, over a stream too', async () => {
    const channels = app()
    await using server = await serve({ app: channels, dialects: [native()], fetch: page })
    await using proxy = await BlockingProxy.listen(server.url, { upgrades: 'refuse' })
    await using opened = await browser.open(proxy.url.replace('ws:', 'http:'), { expectedErrors })
    await joinIn(opened, '/live')
    const last = proxy.seen.filter((wish) => wish === 'send').length
    await opened.page.evaluate(() => {
      ;(globalThis as unknown as Story).connection.channel('room:lobby').send('message', 'the last word')
      location.href = 'about:blank'
    })
    await opened.page.waitForURL('about:blank')
    const { messages } = await channels.channel('room:lobby').history({ limit: 1 })
    while (messages.length === 0 && proxy.seen.filter((wish) => wish === 'send').length === last) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    assert.ok(proxy.seen.filter((wish) => wish === 'send').length > last)
  })
}

inChromium('connect in Chromium, behind a proxy', tests, [], atATime)
