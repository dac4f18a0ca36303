import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { inChromium } from './chromium.ts'
import { lowContrasts } from './contrast.ts'
import { benchOf, DemoPage } from './demo-page.ts'
import { sharedDemo } from './demo-server.ts'

function background(page: Page): Promise<string> {
  return page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
}

const light = 'rgb(243, 245, 249)'
const dark = 'rgb(11, 15, 22)'

/** A page with everything on it that can be seen: a chat, an echo, a dump, problems, an end. */
async function fill(demo: DemoPage): Promise<void> {
  await demo.connect('/chat')
  await demo.entry('in', 'You are Guest')
  await demo.page.locator('[data-endpoint="/echo"]').click()
  await demo.isIn('OPEN 1')
  await demo.say('x'.repeat(2_000))
  await demo.sendAs('Hex')
  await demo.say('00 01 02')
  await demo.say('not hex')
  await demo.entry('in', '00 01 02')
  await demo.page.getByLabel('Code').fill('1')
  await demo.page.getByRole('button', { name: 'Close', exact: true }).click()
}

inChromium('the looks and languages of the bench', (browser) => {
  const server = sharedDemo()

  test('speaks Chinese to a Chinese browser and English to any other', async () => {
    const { url } = server
    for (const [locale, lang, connect] of [
      ['zh-CN', 'zh-Hans', '连接'],
      ['zh-TW', 'zh-Hans', '连接'],
      ['en-GB', 'en', 'Connect'],
      ['fr-FR', 'en', 'Connect'],
    ] as const) {
      await using opened = await browser.open(benchOf(url), { locale })
      const { page } = opened
      assert.equal(await page.locator('html').getAttribute('lang'), lang, locale)
      assert.equal(await page.locator('#connect').innerText(), connect, locale)
    }
  })

  test('changes its language on request, rows already shown too, and remembers it', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    await demo.say('')
    await demo.entry('in', 'empty message')
    await demo.page.getByRole('radio', { name: '中文' }).check()
    await demo.entry('in', '空消息')
    await demo.entry('note', '毫秒后打开')
    await demo.shows('state-text', '双方都可以发言')
    assert.equal(await demo.page.title(), '● Polyplex · WebSocket 体验台')
    await demo.page.getByRole('button', { name: '断开' }).click()
    await demo.shows('ended-meaning', '正常关闭')
    await demo.page.reload()
    await demo.shows('connect', '连接')
    await demo.page.getByRole('radio', { name: 'EN' }).check()
    await demo.shows('connect', 'Connect')
  })

  test('leaves no word untranslated', async () => {
    await using opened = await browser.open(benchOf(server.url), { locale: 'zh-CN' })
    const left = await opened.page.evaluate(() => {
      const isForeign = (words: string | null): boolean => /[a-z]{3}/i.test(words ?? '')
      const known =
        /^(WebSocket 体验台|Polyplex|\/\w+|(URL)|CONNECTING|OPEN|CLOSING|CLOSED|blob|arraybuffer|\w+Amount|protocol|extensions|binaryType)$/
      const found: string[] = []
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const words = node.textContent?.trim() ?? ''
        const hidden = node.parentElement?.closest('noscript, template, pre, #ended, [lang=en]')
        if (!hidden && isForeign(words) && !known.test(words) && !/\p{sc=Han}/u.test(words)) found.push(words)
      }
      for (const element of document.querySelectorAll('[aria-label], [placeholder], [title]')) {
        for (const name of ['aria-label', 'placeholder', 'title']) {
          const words = element.getAttribute(name)
          if (isForeign(words) && !/\p{sc=Han}/u.test(words ?? '')) found.push(`${name}=${words}`)
        }
      }
      return found
    })
    assert.deepEqual(left, [])
  })

  test('is light or dark as the system is', async () => {
    await using day = await browser.open(benchOf(server.url), { colorScheme: 'light' })
    assert.equal(await background(day.page), light)
    await using night = await browser.open(benchOf(server.url), { colorScheme: 'dark' })
    assert.equal(await background(night.page), dark)
  })

  test('is light or dark on request, and remembers it', async () => {
    await using opened = await browser.open(benchOf(server.url), { colorScheme: 'light' })
    const { page } = opened
    await page.getByRole('radio', { name: 'Dark' }).check()
    assert.equal(await background(page), dark)
    await page.reload()
    assert.equal(await background(page), dark)
    assert.equal(await page.getByRole('radio', { name: 'Dark' }).isChecked(), true)
    await page.getByRole('radio', { name: 'As the system' }).check()
    assert.equal(await background(page), light)
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`has text that can be read: contrast of WCAG AA in ${colorScheme} colours`, async () => {
      await using demo = await DemoPage.open(browser, server.url, { colorScheme })
      assert.deepEqual(await lowContrasts(demo.page), [])
      await fill(demo)
      assert.deepEqual(await lowContrasts(demo.page), [])
      await demo.disconnect()
      assert.deepEqual(await lowContrasts(demo.page), [])
    })
  }

  test('fits windows from 360 pixels on without scrolling sideways', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await fill(demo)
    for (const width of [1_920, 1_024, 960, 720, 360]) {
      await demo.page.setViewportSize({ width, height: 740 })
      const wider = await demo.page.evaluate(() => {
        const boxes = [document.documentElement, ...document.querySelectorAll('main, section, .log, form')]
        return boxes.filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.id || box.className)
      })
      assert.deepEqual(wider, [], `at ${width}`)
      assert.equal(await demo.page.evaluate(() => innerWidth), width)
    }
  })
})
