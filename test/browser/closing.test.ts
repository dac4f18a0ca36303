import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serve } from 'polyplex/server'
import { Inbox } from '../wire/inbox.ts'
import { inChromium } from './chromium.ts'
import { DemoPage } from './demo-page.ts'
import { DemoServer, sharedDemo } from './demo-server.ts'

inChromium('how a connection ends on the demo page', (browser) => {
  const server = sharedDemo()

  test('Disconnect closes with 1000, and the page can connect again', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    await demo.disconnect()
    await demo.shows('ended-code', '1000')
    await demo.shows('ended-meaning', 'Normal closure')
    await demo.shows('ended-reason', 'no reason given')
    await demo.shows('ended-clean', 'true')
    await demo.connect('/echo')
    assert.equal(await demo.page.locator('#ended').isVisible(), false)
  })

  test('a chosen code and reason reach the server', async () => {
    const ends = new Inbox<{ code: number; reason: string; wasClean: boolean }>()
    await using other = await serve({
      port: 0,
      origins: 'any',
      close: (_socket, { code, reason, wasClean }) => ends.push({ code, reason, wasClean }),
    })
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connectTo(other.url)
    await demo.page.getByLabel('Code').fill('4001')
    await demo.page.getByLabel('Reason').fill('genug für heute')
    await demo.shows('close-meaning', 'Private code of the application')
    await demo.shows('reason-size', '16 / 123 bytes')
    await demo.page.getByRole('button', { name: 'Close', exact: true }).click()
    assert.deepEqual(await ends.next(), { code: 4001, reason: 'genug für heute', wasClean: true })
    await demo.isIn('CLOSED 3')
    await demo.shows('ended-code', '4001')
    await demo.shows('ended-clean', 'true')
    assert.match(await demo.text('ended-reason'), /“genug für heute”/)
    await demo.entry('note', 'Closing with 4001 genug für heute')
  })

  test('without a code the close frame is empty, which reads 1005', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    await demo.page.getByLabel('Code').fill('')
    await demo.shows('close-meaning', 'No code is sent')
    await demo.page.getByRole('button', { name: 'Close', exact: true }).click()
    await demo.shows('ended-code', '1005')
    await demo.shows('ended-clean', 'true')
  })

  test('a code or reason that pages may not send is refused, and the connection lives on', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    await demo.connect('/echo')
    await demo.page.getByLabel('Code').fill('1001')
    await demo.page.getByRole('button', { name: 'Close', exact: true }).click()
    assert.match(await demo.text('close-problem'), /^InvalidAccessError: .*3000–4999\.$/)
    await demo.page.getByLabel('Code').fill('3000')
    await demo.page.getByLabel('Reason').fill('ü'.repeat(62))
    await demo.page.getByRole('button', { name: 'Close', exact: true }).click()
    assert.match(await demo.text('close-problem'), /^SyntaxError: /)
    await demo.say('still here')
    await demo.entry('in', 'still here')
  })

  test('a server that is taken down reads 1006, not clean', async () => {
    await using mortal = await DemoServer.start()
    await using demo = await DemoPage.open(browser, mortal.url)
    await demo.connect('/echo')
    await mortal.kill()
    await demo.isIn('CLOSED 3')
    await demo.shows('ended-code', '1006')
    await demo.shows('ended-meaning', 'Abnormal closure: the connection broke')
    await demo.shows('ended-clean', 'false')
    await demo.entry('fault', 'Closed: 1006')
  })

  test('a connection that cannot be opened says so', async () => {
    const { url } = server
    const expectedErrors = /WebSocket connection to .* failed/
    await using demo = await DemoPage.open(browser, url, { expectedErrors })
    await demo.page.getByLabel('URL').fill(`${url.replace('http', 'ws')}nothing-here`)
    await demo.page.getByRole('button', { name: 'Connect', exact: true }).click()
    await demo.isIn('CLOSED 3')
    await demo.shows('ended-code', '1006')
    await demo.shows('ended-meaning', 'The connection could not be opened')
    await demo.entry('fault', 'Could not connect (1006)')
  })

  test('what cannot be an address is refused at its field, and at the right one', async () => {
    await using demo = await DemoPage.open(browser, server.url)
    const connect = demo.page.getByRole('button', { name: 'Connect', exact: true })
    await demo.page.getByLabel('URL').fill('gopher://localhost/')
    await connect.click()
    assert.match(await demo.text('connect-error'), /^SyntaxError: /)
    assert.equal(await demo.page.getByLabel('URL').getAttribute('aria-invalid'), 'true')
    await demo.page.locator('[data-endpoint="/echo"]').click()
    await demo.page.getByLabel('Subprotocols').fill('twice, twice')
    await connect.click()
    assert.match(await demo.text('connect-error'), /^SyntaxError: /)
    assert.equal(await demo.page.getByLabel('URL').getAttribute('aria-invalid'), null)
    assert.equal(await demo.page.getByLabel('Subprotocols').getAttribute('aria-invalid'), 'true')
    await demo.page.getByLabel('Subprotocols').fill('')
    await connect.click()
    await demo.isIn('OPEN 1')
    assert.equal(await demo.page.locator('#connect-error').isVisible(), false)
  })

  test('a close by the server shows its code and reason', async () => {
    await using other = await serve({
      port: 0,
      origins: 'any',
      open: (socket) => socket.close(4242, '<em>moved away</em>'),
    })
    await using demo = await DemoPage.open(browser, server.url)
    await demo.page.getByLabel('URL').fill(other.url)
    await demo.page.getByRole('button', { name: 'Connect', exact: true }).click()
    await demo.shows('ended-code', '4242')
    await demo.shows('ended-reason', '“<em>moved away</em>”')
    await demo.shows('ended-clean', 'true')
  })
})
