import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closing, load } from '../examples/example.ts'
import { inChromium } from './chromium.ts'

inChromium('the examples that are pages', (browser) => {
  test('page: what is typed is answered, and an end is shown', async (t) => {
    const { start } = (await load('page')) as typeof import('../../examples/page/server.mjs')
    const server = closing(t, await start())
    await using opened = await browser.open(server.url.replace('ws', 'http'), {
      expectedErrors: /favicon|404/,
    })
    const { page } = opened
    const entries = page.locator('#log li')
    await entries.getByText('connected').waitFor()
    await page.locator('#text').fill('hello')
    await page.keyboard.press('Enter')
    await entries.getByText('You said: hello').waitFor()
    assert.equal(await page.locator('#text').inputValue(), '')
    await server.close({ code: 1001, reason: 'over' })
    await entries.getByText('closed: 1001 over').waitFor()
  })

  test('http2: Chromium opens both WebSockets on the HTTP/2 connection of the page', async (t) => {
    const { start } = (await load('http2')) as typeof import('../../examples/http2/server.mjs')
    const server = closing(t, await start())
    await using opened = await browser.open(server.url.replace('wss', 'https'), { ignoreHTTPSErrors: true })
    for (const path of ['/first', '/second']) {
      await opened.page.locator('#log').getByText(`${path} came over HTTP/2`).waitFor()
    }
  })

  test('realtime-chat: two pages and curl talk, with presence and history', async (t) => {
    const example = (await load('realtime-chat')) as typeof import('../../examples/realtime-chat/server.mjs')
    const server = closing(t, await example.start())
    const url = server.url.replace('ws', 'http')
    await using ada = await browser.open(`${url}?name=Ada`)
    await ada.page.locator('#state').getByText('open').waitFor()
    await ada.page.locator('#text').fill('<b>hello</b>')
    await ada.page.keyboard.press('Enter')
    await ada.page.locator('#said').getByText('Ada: <b>hello</b>').waitFor()
    await using bob = await browser.open(`${url}?name=Bob`)
    await bob.page.locator('#said').getByText('Ada: <b>hello</b>').waitFor()
    await ada.page.locator('#people').getByText('Ada, Bob').waitFor()
    await fetch(`${url}channels/room:lobby`, { method: 'POST', body: 'by hand' })
    await bob.page.locator('#said').getByText('somebody: by hand').waitFor()
    assert.deepEqual(await ada.page.locator('#said li').allInnerTexts(), [
      'Ada: <b>hello</b>',
      'somebody: by hand',
    ])
  })
})
