import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { ChatPage } from './chat-page.ts'
import { inChromium } from './chromium.ts'
import { lowContrasts } from './contrast.ts'
import { sharedDemo } from './demo-server.ts'

/** A page with everything on it that can be seen: messages in each state, unread ones, a broken link, a journal. */
async function fill(chat: ChatPage, url: string): Promise<void> {
  await chat.say('delivered')
  await chat.isMessage('delivered', 'Delivered')
  await chat.say('x'.repeat(1_001))
  await chat.isMessage('xxx', 'Refused')
  for (const room of ['lobby', 'kitchen']) {
    await fetch(`${url}channels/room:${room}?name=Curl`, { method: 'POST', body: 'by hand' })
  }
  await chat.unread('kitchen').first().waitFor()
  await chat.cut()
  await chat.happened('journalResumed').catch(() => chat.happened('journalResumedNone'))
  await chat.pass('Offline')
  await chat.isIn('waiting')
  await chat.say('waiting')
  await chat.isMessage('waiting', 'Waiting')
  await chat.page.locator('#say').fill('y'.repeat(1_001))
}

/** Boxes that are wider than they have room for. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const boxes = [
      document.documentElement,
      ...document.querySelectorAll('main, section, form, fieldset, .said'),
    ]
    return boxes.filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.id || box.className)
  })
}

inChromium('the looks of the chat', (browser) => {
  const server = sharedDemo()

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`has text that can be read, in ${colorScheme} colours and windows from 360 pixels on`, async () => {
      await using chat = await ChatPage.open(browser, server.url, 'Ada', { colorScheme })
      assert.deepEqual(await lowContrasts(chat.page), [])
      await fill(chat, server.url)
      assert.deepEqual(await lowContrasts(chat.page), [])
      for (const width of [1_920, 1_280, 1_024, 960, 760, 390, 360]) {
        await chat.page.setViewportSize({ width, height: 740 })
        assert.deepEqual(await tooWide(chat.page), [], `at ${width}`)
        assert.equal(await chat.page.evaluate(() => innerWidth), width)
      }
    })
  }

  test('nothing moves while connections come and go', async () => {
    await using chat = await ChatPage.open(browser, server.url, 'Ada')
    const places = (): Promise<number[]> =>
      chat.page.evaluate(() =>
        ['passage', 'cut', 'verdict', 'lane-up', 'journal', 'say', 'people'].map(
          (id) => document.getElementById(id)?.getBoundingClientRect().top ?? 0,
        ),
      )
    const before = await places()
    await chat.pass('Offline')
    await chat.isIn('waiting')
    assert.deepEqual(await places(), before)
    await chat.pass('Open')
    await chat.isIn('open')
    assert.deepEqual(await places(), before)
  })

  test('speaks Chinese to a Chinese browser, whole, and changes on request', async () => {
    await using opened = await browser.open(server.url, { locale: 'zh-CN' })
    const { page } = opened
    await page.locator('main[data-status="open"]').waitFor()
    await page.locator('.person').first().waitFor()
    const left = await page.evaluate(() => {
      const known = /^(Polyplex|WebSocket|Guest \d+|curl -\w|EN)$/
      const isForeign = (words: string): boolean =>
        /[a-z]{3}/i.test(words) && !known.test(words) && !/\p{sc=Han}/u.test(words)
      const found: string[] = []
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.parentElement?.closest('noscript, pre, bdi, .message, [lang=en]')) continue
        const words = node.textContent?.trim() ?? ''
        if (isForeign(words)) found.push(words)
      }
      for (const element of document.querySelectorAll('[aria-label], [placeholder], [title]')) {
        for (const name of ['aria-label', 'placeholder', 'title']) {
          const words = element.getAttribute(name) ?? ''
          if (isForeign(words)) found.push(`${name}=${words}`)
        }
      }
      return found
    })
    assert.deepEqual(left, [])
    await page.getByRole('radio', { name: 'EN' }).check()
    await page.locator('#link-state').getByText('Connected').waitFor()
    await page.locator('.happened').getByText('Connected over WebSocket.').waitFor()
  })

  test('everything is reached by keyboard, in the order of the page, and shows where it is', async () => {
    await using chat = await ChatPage.open(browser, server.url, 'Ada')
    await chat.page.reload()
    await chat.isIn('open')
    const stops: string[] = []
    do {
      await chat.page.keyboard.press('Tab')
      const { name, isSeen } = await chat.page.evaluate(() => {
        const focused = document.activeElement as HTMLInputElement
        const hasOutline = (one: Element | null): boolean =>
          one !== null && getComputedStyle(one).outlineStyle !== 'none'
        return {
          name: focused.id || focused.dataset['room'] || focused.name || focused.className,
          isSeen: hasOutline(focused) || hasOutline(focused.nextElementSibling),
        }
      })
      assert.ok(isSeen, `the focus on ${name} is seen`)
      // A list that is longer than its place can be scrolled by keyboard.
      if (name !== 'people') stops.push(name)
    } while (stops.lastIndexOf('command') === stops.indexOf('command') && stops.length < 40)
    assert.deepEqual(stops, [
      ...['skip', 'view-chat', 'view-bench', 'language-en', 'theme-auto', 'name'],
      ...['lobby', 'kitchen', 'workshop', 'rooftop', 'said', 'say', 'send'],
      ...['passage', 'block', 'cut', 'forget', 'journal', 'command', 'copy-command', 'command'],
    ])
    await chat.page.keyboard.press('Escape')
    assert.equal(await chat.page.evaluate(() => document.activeElement?.id), 'say')
  })
})
