import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChatPage } from './chat-page.ts'
import { inChromium } from './chromium.ts'
import { sharedDemo } from './demo-server.ts'

inChromium('the network panel of the chat', (browser) => {
  const server = sharedDemo()

  test('cut in the middle of talking: the page comes back, what was said waits, nothing is lost', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada')
    await using bob = await ChatPage.open(browser, server.url, 'Bob')
    await ada.counts(2)
    for (let round = 1; round <= 3; round += 1) {
      await ada.cut()
      await ada.say(`after cut ${round}`)
      await bob.message(`after cut ${round}`).waitFor()
      await ada.isMessage(`after cut ${round}`, 'Delivered')
    }
    await ada.happened('journalLost', /The connection broke without a word/)
    await ada.happened('journalResumed', /Resumed: \d+ came late, none was lost\./)
    await ada.counts(2)
    await ada.assertNothingLost()
    // Whoever sits beside notices nothing of it.
    await bob.assertNothingLost()
  })

  test('stalled: the silence is noticed and told, and what waited arrives once when it is over', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada')
    await using bob = await ChatPage.open(browser, server.url, 'Bob')
    await ada.enter('kitchen')
    await bob.enter('kitchen')
    await ada.pass('Stalled')
    await ada.say('into the silence')
    await ada.isMessage('into the silence', 'Sending')
    await ada.page.getByText('The other end fell silent.').first().waitFor()
    await ada.isMessage('into the silence', 'Waiting')
    assert.ok((await ada.count('up', 'way')) > 0)
    await ada.pass('Open')
    await bob.message('into the silence').waitFor()
    await ada.counts(2)
    assert.deepEqual(await bob.said(), ['into the silence'])
    await ada.assertNothingLost()
  })

  test('slow: everything arrives late, and in its order', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada')
    await using bob = await ChatPage.open(browser, server.url, 'Bob')
    await ada.enter('workshop')
    await bob.enter('workshop')
    await ada.pass('Slow')
    const words = ['one', 'two', 'three']
    for (const word of words) await ada.say(word)
    await bob.message('three').waitFor()
    assert.deepEqual(await bob.said(), words)
    await ada.page.locator('#lane-up [data-cell="late"]').first().waitFor()
    await ada.pass('Open')
    await ada.counts(1)
    await ada.assertNothingLost()
  })

  test('offline: nobody gets through, what is said waits and says so, and goes out when the link is back', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada')
    await using bob = await ChatPage.open(browser, server.url, 'Bob')
    await ada.enter('rooftop')
    await bob.enter('rooftop')
    await ada.pass('Offline')
    await ada.isIn('waiting')
    await ada.say('written offline')
    await ada.isMessage('written offline', 'Waiting')
    await bob.say('meanwhile')
    await bob.isMessage('meanwhile', 'Delivered')
    await ada.pass('Open')
    await bob.message('written offline').waitFor()
    await ada.message('meanwhile').waitFor()
    assert.deepEqual(await ada.said(), ['meanwhile', 'written offline'])
    await ada.counts(1)
    await ada.assertNothingLost()
  })

  test('the device is offline: the page says so, and comes back by itself', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada')
    await ada.pass('Offline')
    await ada.page.context().setOffline(true)
    await ada.isIn('offline')
    await ada.page.getByText('This device says it has no network.').waitFor()
    await ada.page.context().setOffline(false)
    await ada.pass('Open')
    await ada.isIn('open')
    await ada.counts(1)
    await ada.assertNothingLost()
  })

  test('the session ends: reset is told, history bridges it, and nothing is lost', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada')
    await using bob = await ChatPage.open(browser, server.url, 'Bob')
    await ada.counts(2)
    await ada.order((page) => page.getByRole('button', { name: 'End session' }).click())
    await ada.happened('journalLost', /The server ended the session/)
    await ada.happened('journalReset', /Reset \(unknown\): a new session; 0 events unconfirmed\./)
    await ada.me('Ada').waitFor()
    await bob.say('still there?')
    await ada.message('still there?').waitFor()
    await ada.counts(2)
    await ada.assertNothingLost()
    assert.equal(await bob.page.locator('.happened[data-what="journalReset"]').count(), 0)
  })

  test('the session ends while the page is away: what it said meanwhile is heard once', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada')
    await using bob = await ChatPage.open(browser, server.url, 'Bob')
    await ada.counts(2)
    await ada.pass('Stalled')
    await ada.say('said into two breaks')
    await ada.order((page) => page.getByRole('button', { name: 'End session' }).click())
    await ada.pass('Offline')
    await ada.isIn('waiting')
    await ada.pass('Open')
    await bob.message('said into two breaks').waitFor()
    await ada.isMessage('said into two breaks', 'Delivered')
    await ada.happened('journalReset')
    await ada.counts(2)
    assert.equal(await bob.message('said into two breaks').count(), 1)
    for (const lane of ['down', 'up'] as const) {
      assert.equal(await ada.count(lane, 'missing'), 0)
      assert.equal(await ada.count(lane, 'doubled'), 0)
    }
  })

  test('WebSocket blocked: the page says how it is connected, or why not, and WebSocket works again afterwards', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada')
    await ada.order((page) => page.getByRole('checkbox', { name: 'Block WebSocket' }).check())
    await ada.happened('journalLost')
    await ada.page.waitForFunction(() => {
      const status = document.querySelector('main')?.dataset['status']
      const over = document.getElementById('link-over')?.textContent ?? ''
      return status === 'waiting' || (status === 'open' && over !== '' && !over.includes('WebSocket'))
    })
    await ada.order((page) => page.getByRole('checkbox', { name: 'Block WebSocket' }).uncheck())
    await ada.isIn('open')
    await ada.counts(1)
    await ada.assertNothingLost()
  })
})
