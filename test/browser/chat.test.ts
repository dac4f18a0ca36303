import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inChromium } from './chromium.ts'
import { DemoPage } from './demo-page.ts'
import { DemoServer } from './demo-server.ts'

inChromium('two tabs on /chat', (browser) => {
  test('hear each other come, speak and leave', async () => {
    await using server = await DemoServer.start()
    await using first = await DemoPage.open(browser, server.url)
    await first.connect('/chat')
    await first.entry('in', 'You are Guest 1')
    assert.deepEqual(await first.guests(1), ['Guest 1 (you)'])

    await using second = await DemoPage.open(browser, server.url)
    await second.connect('/chat')
    await second.entry('in', 'You are Guest 2')
    await first.entry('in', 'Guest 2 joined')
    assert.deepEqual(await first.guests(2), ['Guest 1 (you)', 'Guest 2'])
    assert.deepEqual(await second.guests(2), ['Guest 1', 'Guest 2 (you)'])

    await second.say('Hello, <b>first</b>!')
    const heard = await first.entry('in', 'Hello, <b>first</b>!')
    assert.equal(await heard.locator('.chat-name').innerText(), 'Guest 2')
    assert.equal(await heard.locator('.chat-said').innerText(), 'Hello, <b>first</b>!')
    const raw = JSON.parse(await heard.locator('.entry-raw').innerText())
    assert.deepEqual(
      { ...raw, at: '' },
      { type: 'message', from: 'Guest 2', text: 'Hello, <b>first</b>!', at: '' },
    )

    await first.say('你好，二号')
    await second.entry('in', '你好，二号')
    assert.deepEqual(await first.texts('out'), ['你好，二号'])

    await second.disconnect()
    await first.entry('in', 'Guest 2 left')
    assert.deepEqual(await first.guests(1), ['Guest 1 (you)'])
    assert.equal(await first.text('messages-in'), '4')
  })

  test('the link to a second tab brings one that is already connected', async () => {
    await using server = await DemoServer.start()
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/chat')
    const opened = demo.page.context().waitForEvent('page')
    await demo.page.getByRole('link', { name: 'Open a second tab' }).click()
    const second = demo.inTab(await opened)
    await second.isIn('OPEN 1')
    await second.say('made it')
    await demo.entry('in', 'made it')
    await second.page.close()
    await demo.entry('in', 'Guest 2 left')
  })

  test('what only looks like the chat stays plain text', async () => {
    await using server = await DemoServer.start()
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    for (const words of [
      '{"type":"joined","name":"x"}',
      '{"type":"message","from":1,"text":"x"}',
      '{broken',
      '{}',
    ]) {
      await demo.say(words)
      await demo.entry('in', words)
    }
    assert.equal(await demo.page.locator('.chat-line').count(), 0)
  })
})
