import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inChromium } from './chromium.ts'
import { DemoPage } from './demo-page.ts'
import { sharedDemo } from './demo-server.ts'

/** Whether the newest entry is in view, and what the last row says. */
async function end(demo: DemoPage): Promise<{ isAtEnd: boolean; last: string }> {
  return demo.page.evaluate(() => {
    const log = document.getElementById('log')
    const last = [...document.querySelectorAll<HTMLElement>('.entry .entry-text')].at(-1)
    if (!log || !last) throw new Error('The log is empty')
    return { isAtEnd: log.scrollHeight - log.clientHeight - log.scrollTop < 2, last: last.innerText }
  })
}

async function sayManyTimes(demo: DemoPage, words: string, times: number): Promise<void> {
  await demo.page.getByLabel('Times').fill(String(times))
  await demo.say(words)
  await demo.page.getByLabel('Times').fill('1')
}

inChromium('the log of the demo page', (browser) => {
  const server = sharedDemo()

  test('holds the newest 10 000 entries, and one more is still shown within a few frames', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    await sayManyTimes(demo, 'again', 6_000)
    await demo.shows('messages-in', '6,000')
    await demo.shows('dropped', '2,002 older entries were dropped to stay fast.')
    await demo.shows('count', '10,000')
    await demo.page.waitForFunction(() => document.querySelectorAll('.entry').length === 10_000)
    const frames = await demo.page.evaluate(async () => {
      const log = document.getElementById('entries')
      const message = document.querySelector<HTMLTextAreaElement>('#message')
      if (!log || !message) throw new Error('The page has no log')
      const newest = (): string => log.lastElementChild?.lastElementChild?.textContent ?? ''
      message.value = 'one more'
      document.querySelector<HTMLFormElement>('#composer')?.requestSubmit()
      let count = 0
      for (; !newest().includes('one more'); count++) await new Promise(requestAnimationFrame)
      return count
    })
    assert.ok(frames <= 3, `${frames} frames`)
    await demo.entry('in', 'one more')
    assert.deepEqual(await end(demo), { isAtEnd: true, last: 'one more' })
  })

  test('follows the newest entry until the reader goes up, and again from its button on', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    await sayManyTimes(demo, 'filler', 150)
    await demo.shows('messages-in', '150')
    await demo.say('newest')
    await demo.entry('in', 'newest')
    assert.equal((await end(demo)).isAtEnd, true)
    await demo.page.locator('#log').hover()
    await demo.page.mouse.wheel(0, -600)
    await demo.page.waitForFunction(() => !document.querySelector('.log.follows'))
    await demo.say('unseen')
    await demo.shows('jump', '↓ 2 new')
    assert.equal((await end(demo)).isAtEnd, false)
    await demo.page.locator('#jump').click()
    assert.deepEqual(await end(demo), { isAtEnd: true, last: 'unseen' })
    assert.equal(await demo.page.locator('#jump').isVisible(), false)
  })

  test('is copied as lines of text', async () => {
    const permissions = ['clipboard-read', 'clipboard-write']
    await using demo = await DemoPage.open(browser, server.url, { permissions })
    await demo.connect('/echo')
    await demo.say('copy me')
    await demo.entry('in', 'copy me')
    await demo.sendAs('Hex')
    await demo.say('00 ff')
    await demo.entry('in', '00 ff')
    await demo.page.getByRole('button', { name: 'Copy' }).click()
    await demo.shows('copy', 'Copied')
    const lines = (await demo.page.evaluate(() => navigator.clipboard.readText())).split('\n')
    const columns = lines.map((line) => line.split('\t'))
    assert.ok(columns.every(([time = '']) => new Date(time).toISOString() === time))
    assert.deepEqual(
      columns.slice(2).map(([, ...rest]) => rest),
      [
        ['out', '7 B', 'copy me'],
        ['in', '7 B', 'copy me'],
        ['out', '2 B', '00 ff'],
        ['in', '2 B', '00 ff'],
      ],
    )
  })

  test('is cleared, and goes on', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    await demo.say('old')
    await demo.entry('in', 'old')
    await demo.page.getByRole('button', { name: 'Clear' }).click()
    await demo.shows('count', '0')
    assert.equal(await demo.page.locator('.entry').count(), 0)
    await demo.say('new')
    await demo.entry('in', 'new')
    assert.deepEqual(await demo.texts('in'), ['new'])
  })
})
