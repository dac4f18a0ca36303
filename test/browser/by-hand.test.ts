import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { test } from 'node:test'
import { ChatPage } from './chat-page.ts'
import { inChromium } from './chromium.ts'
import { sharedDemo } from './demo-server.ts'

const hasCurl = await new Promise<boolean>((resolve) => {
  execFile('curl', ['--version'], (error) => resolve(error === null))
})

/** Runs a command as the page shows it, or does over `node:http` what `curl` would; answers with what comes back. */
async function say(command: string): Promise<string> {
  const [, data = '', url = ''] = /^curl -d '([^']*)' '([^']*)'$/.exec(command) ?? []
  assert.notEqual(url, '', command)
  if (hasCurl) {
    return new Promise((resolve, reject) => {
      execFile('sh', ['-c', command], (error, stdout) => (error ? reject(error) : resolve(stdout)))
    })
  }
  const response = await fetch(url, { method: 'POST', body: data })
  return response.text()
}

/** Hears as `curl -N` does, until `words` have come. */
async function hear(command: string, ready: () => Promise<void>, words: string): Promise<string> {
  const [, url = ''] = /^curl -N '([^']*)'$/.exec(command) ?? []
  assert.notEqual(url, '', command)
  const curl = hasCurl ? spawn('curl', ['-sN', url], { stdio: ['ignore', 'pipe', 'inherit'] }) : undefined
  const asked = request(url).end()
  const stream = curl?.stdout ?? ((await once(asked, 'response'))[0] as NodeJS.ReadableStream)
  if (curl !== undefined) asked.destroy().on('error', () => {})
  try {
    let heard = ''
    for await (const chunk of stream) {
      if (heard === '') await ready()
      heard += String(chunk)
      if (heard.includes(words)) return heard
    }
    return heard
  } finally {
    curl?.kill()
    asked.destroy()
  }
}

async function command(chat: ChatPage, way: 'Console' | 'curl -N' | 'curl -d'): Promise<string> {
  await chat.page.getByRole('radio', { name: way }).check()
  return chat.page.locator('#command').innerText()
}

inChromium('the chat of the demo without a library', (browser) => {
  const server = sharedDemo()

  test('a plain WebSocket, typed in the console as the page shows it, talks and hears', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada')
    const code = await command(ada, 'Console')
    assert.match(code, /new WebSocket\('ws:\/\/localhost:\d+\/channels\/room:lobby\?name=Console'\)/)
    // As the console does it: the page's own rules against strings of code do not count there.
    const devtools = await ada.page.context().newCDPSession(ada.page)
    const expression = `heard = []; ${code}; socket.addEventListener('message', ({ data }) => heard.push(data))`
    await devtools.send('Runtime.evaluate', { expression, replMode: true })
    await ada.message('hello').waitFor()
    assert.equal(await ada.message('hello').locator('.message-name').innerText(), 'Console')
    assert.equal(await ada.message('hello').locator('.badge').innerText(), 'plain')
    await ada.person('Console').waitFor()
    await ada.say('heard by everybody')
    await ada.page.waitForFunction(() =>
      (globalThis as unknown as { heard: string[] }).heard.some((text) =>
        text.includes('heard by everybody'),
      ),
    )
  })

  test('curl, as the page shows it, talks and hears; hostile text stays text', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada')
    await ada.enter('kitchen')
    assert.match(await say(await command(ada, 'curl -d')), /^\{"offset":\d+\}\s*$/)
    await ada.message('hello from curl').waitFor()
    assert.equal(await ada.message('hello from curl').locator('.message-name').innerText(), 'Curl')
    const heard = await hear(await command(ada, 'curl -N'), () => ada.say('for curl'), 'for curl')
    assert.match(heard, /"name":"Ada","text":"for curl"/)
  })

  test('text and names of strangers are never markup', async () => {
    await using ada = await ChatPage.open(browser, server.url, 'Ada')
    await ada.enter('workshop')
    const hostile = '<img src=x onerror="document.body.dataset.hit=1"><b>bold</b>'
    const name = '<i>Eve</i>'
    const response = await fetch(`${server.url}channels/room:workshop?name=${encodeURIComponent(name)}`, {
      method: 'POST',
      body: hostile,
    })
    assert.equal(response.status, 200)
    await ada.message(hostile).waitFor()
    assert.equal(await ada.message(hostile).locator('.message-name').innerText(), name)
    assert.equal(await ada.page.locator('.message :is(img, b, i)').count(), 0)
    assert.equal(await ada.page.evaluate(() => document.body.dataset['hit']), undefined)
  })

  test('what does not fit is answered with a typed error: no such room, too long, a wrong name', async () => {
    for (const [path, body, status, code] of [
      ['room:nowhere', 'x', 403, 'ERR_APPLICATION'],
      ['room:lobby', 'x'.repeat(1_001), 422, 'ERR_INPUT'],
      ['room:lobby', '', 422, 'ERR_INPUT'],
      ['room:lobby?name=%E2%80%AE', 'x', 422, 'ERR_INPUT'],
      ['room:lobby', 'x'.repeat(20_000), 413, 'ERR_MESSAGE_TOO_LARGE'],
      ['hall:1', 'x', 404, 'ERR_CHANNEL'],
    ] as const) {
      const response = await fetch(`${server.url}channels/${path}`, { method: 'POST', body })
      const { error } = (await response.json()) as { error: { code: string } }
      assert.deepEqual([response.status, error.code], [status, code], path)
    }
  })
})
