// Our client drives Chromium for the package, and a page in that Chromium talks with our server.
import assert from 'node:assert/strict'
import puppeteer from 'puppeteer-core'
import { WebSocketServer } from 'ws'
import { chromiumSwitches, findChromium } from '../../support/chromium.mjs'
import { closed, httpServer } from '../../support/sockets.mjs'

export async function flow() {
  const { server, address } = await httpServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<title>a page</title><p>text</p>')
  })
  const sockets = new WebSocketServer({ server, perMessageDeflate: true })
  sockets.on('connection', (socket) => {
    assert.match(socket.extensions, /permessage-deflate/)
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  const browser = await puppeteer.launch({ executablePath: findChromium(), args: chromiumSwitches })
  const page = await browser.newPage()
  await page.goto(`http://${address}/`)
  assert.equal(await page.title(), 'a page')
  assert.equal(await page.evaluate('document.querySelector("p").textContent'), 'text')
  assert.equal((await page.evaluate('"x".repeat(3_000_000)')).length, 3_000_000)
  await assert.rejects(page.evaluate('nothing.at.all'), /nothing is not defined/)
  assert.ok((await page.screenshot()).length > 1000)

  const talk = `new Promise((resolve, reject) => {
    const socket = new WebSocket('ws://${address}/')
    const heard = []
    socket.onopen = () => { for (const text of ['one', 'two '.repeat(1000)]) socket.send(text) }
    socket.onmessage = ({ data }) => { if (heard.push(data.length) === 2) socket.close(3000) }
    socket.onclose = ({ code }) => resolve({ heard, code })
    socket.onerror = reject
  })`
  assert.deepEqual(await page.evaluate(talk), { heard: [3, 4000], code: 3000 })

  const second = await puppeteer.connect({ browserWSEndpoint: browser.wsEndpoint() })
  assert.ok((await second.pages()).length >= 1)
  await second.disconnect()
  await assert.rejects(puppeteer.connect({ browserWSEndpoint: `ws://${address.replace(/\d+$/, '1')}/` }))

  await browser.close()
  await closed(sockets)
  await closed(server)
}
