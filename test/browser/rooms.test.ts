import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChatPage } from './chat-page.ts'
import { inChromium } from './chromium.ts'
import { sharedDemo } from './demo-server.ts'

const quiet = { expectedErrors: /^$/ }

inChromium('the chat of the demo', (browser) => {
  const server = sharedDemo()

  test('two pages talk; who is here comes and goes, and who types is seen while they do', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada', quiet)
    {
      await using bob = await ChatPage.open(browser, server.url, 'Bob', quiet)
      await ada.person('Bob').waitFor()
      assert.equal(await bob.person('Bob').innerText(), 'B\nBob\n(you)')
      await bob.say('Hello, Ada')
      await ada.message('Hello, Ada').waitFor()
      assert.equal(await ada.message('Hello, Ada').locator('.message-name').innerText(), 'Bob')
      await bob.isMessage('Hello, Ada', 'Delivered')
      await ada.page.locator('#say').pressSequentially('He')
      await bob.page.locator('#typing').getByText('Ada is typing…').waitFor()
      await ada.say('Hello, Bob')
      await bob.message('Hello, Bob').waitFor()
      await bob.page.waitForFunction(() => document.getElementById('typing')?.textContent === '')
      // Nobody says that it has stopped: the mark vanishes by itself.
      await ada.page.locator('#say').pressSequentially('I thi')
      await bob.page.locator('#typing').getByText('Ada is typing…').waitFor()
      await bob.page.waitForFunction(() => document.getElementById('typing')?.textContent === '')
    }
    await ada.person('Bob').waitFor({ state: 'detached' })
    assert.equal(await ada.page.locator('#people-count').innerText(), '1')
  })

  test('a name is kept, and what was said before is there; what is new in other rooms is counted', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada', quiet)
    await using bob = await ChatPage.open(browser, server.url, 'Bob', quiet)
    await ada.enter('kitchen')
    for (const words of ['one', 'two']) await ada.say(words)
    await bob.unread('kitchen').getByText('2', { exact: true }).waitFor()
    assert.match(await bob.page.title(), /^● \(2\) /)
    await bob.page.reload()
    await bob.isIn('open')
    assert.equal(await bob.page.getByLabel('Your name').inputValue(), 'Bob')
    await bob.unread('kitchen').getByText('2', { exact: true }).waitFor()
    await bob.enter('kitchen')
    await bob.message('two').waitFor()
    assert.deepEqual(await bob.said(), ['one', 'two'])
    assert.equal(await bob.unread('kitchen').isVisible(), false)
    await bob.page.reload()
    await bob.message('two').waitFor()
    assert.equal(await bob.unread('kitchen').isVisible(), false)
  })

  test('a visitor with two tabs is one person with two devices', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada', quiet)
    await using bob = await ChatPage.open(browser, server.url, 'Bob', quiet)
    const second = await bob.anotherTab()
    await ada.person('Bob').getByText('×2').waitFor()
    await second.page.getByLabel('Your name').fill('Robert')
    await second.page.getByLabel('Your name').press('Enter')
    await ada.person('Robert').waitFor()
    await second.page.close()
    await ada.person('Bob').waitFor()
    assert.equal(await ada.person('Bob').getByText('×2').count(), 0)
  })

  test('what is too long is refused by the schema, and comes back to be shortened', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada', quiet)
    await ada.enter('workshop')
    await ada.say('x'.repeat(1_001))
    await ada.isMessage('xxx', 'Refused')
    const told = await ada.page.locator('.message-state').innerText()
    assert.match(told, /A message has at most 1000 characters \(ERR_INPUT\)/)
    await ada.page.getByRole('button', { name: 'Edit' }).click()
    assert.equal((await ada.page.locator('#say').inputValue()).length, 1_001)
    assert.deepEqual(await ada.said(), [])
    await ada.say('x'.repeat(1_000))
    await ada.isMessage('xxx', 'Delivered')
    await ada.page.getByLabel('Your name').evaluate((field: HTMLInputElement) => {
      field.value = '\u202e'
    })
    await ada.page.getByLabel('Your name').press('Enter')
    await ada.page.getByText('A name has no invisible characters').waitFor()
  })

  test('too much at once is refused with ERR_RATE, and goes on again when asked', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada', quiet)
    await ada.enter('rooftop')
    for (let number = 0; number < 40; number += 1) await ada.say(`fast ${number}`)
    const refused = ada.page.locator('.message[data-state="stateRefused"]')
    await refused.first().waitFor()
    const words = await refused.first().locator('.message-text').innerText()
    assert.match(await refused.first().innerText(), /ERR_RATE/)
    await refused.first().getByRole('button', { name: 'Try again' }).click()
    await ada.isMessage(words, 'Delivered')
  })
})
