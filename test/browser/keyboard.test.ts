import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { inChromium } from './chromium.ts'
import { DemoPage } from './demo-page.ts'
import { sharedDemo } from './demo-server.ts'

interface Stop {
  readonly name: string
  /** Whether the focus can be seen: on the element itself, or on what stands beside it for an invisible one. */
  readonly isSeen: boolean
}

function focused(page: Page): Promise<Stop> {
  return page.evaluate(() => {
    const element = document.activeElement
    if (!(element instanceof HTMLElement)) throw new Error('Nothing has the focus')
    const hasOutline = (candidate: Element | null): boolean =>
      candidate !== null && getComputedStyle(candidate).outlineStyle !== 'none'
    return {
      name: element.id || element.dataset['endpoint'] || element.className || element.tagName,
      isSeen: hasOutline(element) || hasOutline(element.nextElementSibling),
    }
  })
}

/** Presses Tab until the focus is on an element, and says where it came by. */
async function tabTo(page: Page, name: string): Promise<Stop[]> {
  const stops: Stop[] = []
  do {
    await page.keyboard.press('Tab')
    stops.push(await focused(page))
  } while (stops.at(-1)?.name !== name && stops.length < 50)
  return stops
}

inChromium('the bench by keyboard alone', (browser) => {
  const server = sharedDemo()

  test('goes through everything in the order of the page, and shows where it is', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    const stops = await tabTo(demo.page, 'close-reason')
    assert.deepEqual(
      stops.map(({ name }) => name),
      [
        ...[
          'skip',
          'view-chat',
          'view-bench',
          'language-en',
          'theme-auto',
          '/echo',
          '/upper',
          '/clock',
          '/chat',
          'url',
          'subprotocols',
        ],
        ...['connect', 'copy', 'clear', 'log', 'mode-text', 'repeat', 'message', 'send'],
        ...['binary-type', 'close-code', 'close-reason'],
      ],
    )
    assert.deepEqual(
      stops.filter(({ isSeen }) => !isSeen),
      [],
    )
  })

  test('connects, talks, and closes', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    const { keyboard } = demo.page
    await tabTo(demo.page, '/upper')
    await keyboard.press('Space')
    await tabTo(demo.page, 'connect')
    await keyboard.press('Enter')
    await demo.isIn('OPEN 1')
    assert.equal((await focused(demo.page)).name, 'message')
    await keyboard.type('typed')
    await keyboard.press('Enter')
    await demo.entry('in', 'TYPED!!!')
    await demo.page.keyboard.press('Shift+Tab')
    assert.equal((await focused(demo.page)).name, 'repeat')
    await keyboard.press('Escape')
    assert.equal((await focused(demo.page)).name, 'message')
    await tabTo(demo.page, 'close')
    await keyboard.press('Enter')
    await demo.isIn('CLOSED 3')
    assert.equal((await focused(demo.page)).name, 'connect')
    await keyboard.press('Enter')
    await demo.isIn('OPEN 1')
  })

  test('Enter in the address connects and hands the focus to the message', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.page.getByLabel('URL').press('Enter')
    await demo.isIn('OPEN 1')
    assert.equal((await focused(demo.page)).name, 'message')
  })

  test('Shift, Control and Command with Enter start a new line, Enter sends', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    const { keyboard } = demo.page
    await demo.page.getByLabel('Message', { exact: true }).focus()
    for (const [index, keys] of ['Shift+Enter', 'Control+Enter', 'Meta+Enter', 'Enter'].entries()) {
      await keyboard.type(`line ${index}`)
      await keyboard.press(keys)
    }
    await demo.entry('in', 'line 3')
    assert.deepEqual(await demo.texts('out'), ['line 0\nline 1\nline 2\nline 3'])
  })

  test('Enter that ends a composition of Chinese does not send', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    const message = demo.page.getByLabel('Message', { exact: true })
    await message.fill('ni hao')
    await message.dispatchEvent('keydown', { key: 'Enter', isComposing: true })
    assert.equal(await message.inputValue(), 'ni hao')
    assert.equal(await demo.page.locator('.entry[data-direction=out]').count(), 0)
  })

  test('the arrow keys bring back what was sent, and keep a draft', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    for (const words of ['first', 'second']) await demo.say(words)
    const message = demo.page.getByLabel('Message', { exact: true })
    const pressed: string[] = []
    for (const key of ['ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowDown', 'ArrowDown']) {
      await message.press(key)
      pressed.push(await message.inputValue())
    }
    assert.deepEqual(pressed, ['second', 'first', 'first', 'second', ''])
    await message.fill('a draft')
    await message.press('ArrowUp')
    assert.equal(await message.inputValue(), 'a draft')
  })
})
