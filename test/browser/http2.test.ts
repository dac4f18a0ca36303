import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { serve } from 'polyplex/server'
import { certificate } from '../wire/certificate.ts'
import { Inbox } from '../wire/inbox.ts'
import { inChromium } from './chromium.ts'
import { DemoPage } from './demo-page.ts'
import { DemoServer } from './demo-server.ts'

/** The certificate as files, as the command line wants it. */
async function certificateFolder(): Promise<{ cert: string; key: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'polyplex-browser-'))
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  await writeFile(files.cert, certificate.cert)
  await writeFile(files.key, certificate.key)
  return { ...files, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

inChromium(
  'Chromium over TLS',
  (browser) => {
    test('opens WebSockets over HTTP/2 by itself, several on one connection (RFC 8441 §4, §5)', async () => {
      const versions = new Inbox<string>()
      const closed = new Inbox<object>()
      await using server = await serve({
        port: 0,
        tls: certificate,
        http2: true,
        fetch: () =>
          new Response('<!doctype html><title>here</title>', { headers: { 'Content-Type': 'text/html' } }),
        open: (socket) => versions.push(socket.request.httpVersion),
        message: (socket, data) => void socket.send(data),
        close: (_socket, { code, reason, wasClean }) => closed.push({ code, reason, wasClean }),
      })
      await using opened = await browser.open(server.url.replace('wss:', 'https:'))
      const { page } = opened
      const protocol = await page.evaluate(
        () => (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming).nextHopProtocol,
      )
      assert.equal(protocol, 'h2')
      const answers = await page.evaluate(async (url) => {
        const talk = async (number: number): Promise<string[]> => {
          const socket = new WebSocket(url, [`number-${number}`])
          socket.binaryType = 'arraybuffer'
          const heard: string[] = [
            await new Promise((resolve, reject) => {
              socket.onopen = () => resolve(`open ${socket.protocol}`)
              socket.onerror = () => reject(new Error('It could not be opened'))
            }),
          ]
          const next = (): Promise<string> =>
            new Promise((resolve) => {
              socket.onmessage = ({ data }) =>
                resolve(data instanceof ArrayBuffer ? `${data.byteLength} bytes` : data)
            })
          for (const data of [`hello from ${number}`, new Uint8Array(100_000)]) {
            const answer = next()
            socket.send(data)
            heard.push(await answer)
          }
          const end = new Promise<CloseEvent>((resolve) => {
            socket.onclose = resolve
          })
          socket.close(4000 + number)
          const { code, wasClean } = await end
          return [...heard, `${code} ${wasClean}`]
        }
        return Promise.all([1, 2, 3].map(talk))
      }, server.url)
      assert.deepEqual(
        answers,
        [1, 2, 3].map((number) => [
          `open number-${number}`,
          `hello from ${number}`,
          '100000 bytes',
          `400${number} true`,
        ]),
      )
      assert.deepEqual(versions.rest(), ['2', '2', '2'])
      assert.equal(((await closed.next()) as { wasClean: boolean }).wasClean, true)
    })

    test('falls back to HTTP/1.1 where the server speaks no HTTP/2', async () => {
      const versions = new Inbox<string>()
      await using server = await serve({
        port: 0,
        tls: certificate,
        http2: false,
        fetch: () =>
          new Response('<!doctype html><title>here</title>', { headers: { 'Content-Type': 'text/html' } }),
        open(socket) {
          versions.push(socket.request.httpVersion)
          socket.close(1000)
        },
      })
      await using opened = await browser.open(server.url.replace('wss:', 'https:'))
      const { page } = opened
      const code = await page.evaluate(
        (url) =>
          new Promise((resolve) => {
            new WebSocket(url).onclose = (event) => resolve(event.code)
          }),
        server.url,
      )
      assert.equal(code, 1000)
      assert.equal(await versions.next(), '1.1')
    })

    test('uses the demo page with wss addresses', async () => {
      await using folder = await certificateFolder()
      await using server = await DemoServer.start('--tls-cert', folder.cert, '--tls-key', folder.key)
      const { url } = server
      assert.match(url, /^https:/)
      await using demo = await DemoPage.open(browser, url)
      assert.equal(await demo.page.getByLabel('URL').inputValue(), `${url.replace('https', 'wss')}echo`)
      await demo.connect('/upper')
      await demo.say('secret')
      await demo.entry('in', 'SECRET!!!')
      await demo.disconnect()
      await demo.shows('ended-code', '1000')
    })
  },
  ['--ignore-certificate-errors'],
)
