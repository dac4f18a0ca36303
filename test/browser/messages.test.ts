import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inChromium } from './chromium.ts'
import { DemoPage } from './demo-page.ts'
import { sharedDemo } from './demo-server.ts'

inChromium('messages on the demo page', (browser) => {
  const server = sharedDemo()

  test('an echo comes back, and the panel tells what the socket tells', async () => {
    const { url } = server
    await using demo = await DemoPage.open(browser, url)
    await demo.shows('ready-state', 'No socket yet')
    assert.equal(await demo.page.locator('#url').inputValue(), `${url.replace('http', 'ws')}echo`)
    await demo.connect('/echo')
    await demo.say('hello')
    await demo.entry('in', 'hello')
    assert.deepEqual(await demo.texts('out'), ['hello'])
    assert.deepEqual(await demo.texts('in'), ['hello'])
    await demo.shows('messages-out', '1')
    await demo.shows('bytes-out', '5 B')
    await demo.shows('messages-in', '1')
    await demo.shows('bytes-in', '5 B')
    await demo.shows('buffered-amount', '0')
    await demo.shows('protocol', 'none')
    const row = await demo.entry('in', 'hello')
    assert.equal(await row.locator('.entry-size').innerText(), '5 B')
    assert.match(await row.locator('.entry-time').innerText(), /^\d\d:\d\d:\d\d\.\d{3}$/)
  })

  test('sizes are bytes on the wire, and any text survives the round trip', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    for (const [words, bytes] of [
      ['Grüße', '7 B'],
      ['世界', '6 B'],
      ['👋🏽', '8 B'],
      ['two\nlines', '9 B'],
    ] as const) {
      await demo.say(words)
      const row = await demo.entry('in', words)
      assert.equal(await row.locator('.entry-text').innerText(), words)
      assert.equal(await row.locator('.entry-size').innerText(), bytes)
    }
  })

  test('text is shown as text, never as markup', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    const words = '<img src=x onerror=alert(1)><b>bold</b>'
    await demo.say(words)
    const row = await demo.entry('in', words)
    assert.equal(await row.locator('img, b').count(), 0)
  })

  test('an empty message is sent and shown as such', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    await demo.say('')
    const row = await demo.entry('in', 'empty message')
    assert.equal(await row.locator('.entry-size').innerText(), '0 B')
  })

  test('/upper answers in capitals with three exclamation marks', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/upper')
    await demo.say('hello')
    await demo.entry('in', 'HELLO!!!')
    assert.deepEqual(await demo.texts('in'), ['HELLO!!!'])
  })

  test('/clock tells the time by itself', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/clock')
    await demo.shows('messages-in', '1')
    const [time = ''] = await demo.texts('in')
    assert.equal(new Date(time).toISOString(), time)
    assert.ok(Math.abs(Date.now() - Date.parse(time)) < 60_000)
    await demo.shows('messages-out', '0')
  })

  test('bytes typed as hex go out binary, and are dumped with offset, hex and characters', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    await demo.sendAs('Hex')
    await demo.say('48 65 6C 6c 6f 00 ff fe 0x20 57:6f:72 6c64,21 0a\n01')
    const row = await demo.entry('in', 'Hello')
    assert.equal(await row.locator('.dump-offsets').innerText(), '00000000\n00000010')
    assert.equal(
      await row.locator('.dump-digits').innerText(),
      '48 65 6c 6c 6f 00 ff fe  20 57 6f 72 6c 64 21 0a\n01',
    )
    assert.equal(await row.locator('.dump-characters').innerText(), 'Hello... World!.\n.')
    assert.equal(await row.locator('.entry-kind').innerText(), 'Blob')
    assert.equal(await row.locator('.entry-size').innerText(), '17 B')
  })

  test('binaryType decides what binary messages become, while the connection lives', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    await demo.sendAs('Hex')
    await demo.page.getByLabel('binaryType').selectOption('arraybuffer')
    await demo.say('61 62')
    const row = await demo.entry('in', 'ab')
    assert.equal(await row.locator('.entry-kind').innerText(), 'ArrayBuffer')
  })

  test('what is not hex is refused with a word why, and nothing is sent', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    await demo.sendAs('Hex')
    await demo.say('48 6g')
    await demo.shows('send-problem', '“g” is not a hexadecimal digit.')
    await demo.say('48 6')
    await demo.shows('send-problem', 'A digit is missing: bytes have two.')
    assert.equal(await demo.page.getByLabel('Message', { exact: true }).getAttribute('aria-invalid'), 'true')
    assert.equal(await demo.text('messages-out'), '0')
  })

  test('a file goes out binary, byte for byte', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    await demo.sendAs('File')
    await demo.page.getByRole('button', { name: 'Send', exact: true }).click()
    await demo.shows('send-problem', 'Choose a file first.')
    const buffer = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251))
    await demo.page.getByLabel('Choose a file').setInputFiles({ name: 'all.bin', mimeType: '', buffer })
    await demo.page.getByRole('button', { name: 'Send', exact: true }).click()
    await demo.entry('out', 'all.bin')
    await demo.shows('bytes-in', '98 KiB')
    const row = await demo.entry('in', '00000000')
    await row.getByRole('button', { name: 'Show the first 64 KiB of 98 KiB' }).click()
    const digits = await row.locator('.dump-digits').innerText()
    assert.equal(digits.replaceAll(/\s/g, ''), buffer.subarray(0, 65_536).toString('hex'))
  })

  test('long text is folded, and opens whole', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    const words = `start ${'0123456789'.repeat(300)} end`
    await demo.say(words)
    const row = await demo.entry('in', 'start')
    assert.ok((await row.locator('.entry-text').innerText()).length < 1_000)
    const fold = row.getByRole('button')
    assert.equal(await fold.getAttribute('aria-expanded'), 'false')
    await fold.click()
    assert.equal(await row.locator('.entry-text').innerText(), words)
    assert.equal(await fold.getAttribute('aria-expanded'), 'true')
    await row.getByRole('button', { name: 'Show less' }).click()
    assert.ok((await row.locator('.entry-text').innerText()).length < 1_000)
  })

  test('bufferedAmount is shown while bytes wait, and returns to 0', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    await demo.page.getByLabel('Message', { exact: true }).fill('x'.repeat(1_000_000))
    await demo.page.getByLabel('Times').fill('8')
    const waiting = await demo.page.evaluate(async () => {
      document.querySelector<HTMLFormElement>('#composer')?.requestSubmit()
      await new Promise(requestAnimationFrame)
      return document.getElementById('buffered-amount')?.innerText ?? ''
    })
    assert.ok(Number(waiting.replaceAll(',', '')) > 0, waiting)
    await demo.shows('messages-in', '8')
    await demo.shows('buffered-amount', '0')
    await demo.shows('bytes-in', '7.6 MiB')
  })

  test('the subprotocol the server chose is shown', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.page.getByLabel('Subprotocols').fill('chat.v2, chat.v1')
    await demo.connect('/echo')
    await demo.shows('protocol', 'chat.v2')
  })

  test('another endpoint is one click away, also while connected', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    await demo.page.locator('[data-endpoint="/upper"]').click()
    await demo.entry('note', 'Closed: 1000 Normal closure')
    await demo.isIn('OPEN 1')
    await demo.say('moved')
    await demo.entry('in', 'MOVED!!!')
  })

  test('a message to nobody stays in the field', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    const message = demo.page.getByLabel('Message', { exact: true })
    await message.fill('too early')
    await message.press('Enter')
    await demo.shows('send-problem', 'Not connected. Connect first, your message stays here.')
    assert.equal(await message.inputValue(), 'too early')
  })
})
