import assert from 'node:assert/strict'
import type { Locator, Page } from 'playwright-core'
import type { Chromium, OpenPage, PageOptions } from './chromium.ts'

export type Fact = 'sent' | 'arrived' | 'way' | 'missing' | 'doubled' | 'disordered'

/** What a browser says of connections that are broken on purpose. */
const brokenOnPurpose = /WebSocket connection|Failed to load resource|ERR_/

/** The chat of the demo as its visitor uses it. */
export class ChatPage {
  readonly page: Page
  readonly #opened: OpenPage

  private constructor(opened: OpenPage, page: Page) {
    this.#opened = opened
    this.page = page
  }

  /** Opens the page for a new visitor with this name, and waits until it is connected and in its room. */
  static async open(
    browser: Chromium,
    url: string,
    name: string,
    options: PageOptions = {},
  ): Promise<ChatPage> {
    const chat = new ChatPage(...(await opened(browser, url, options)))
    await chat.isIn('open')
    await chat.page.getByLabel('Your name').fill(name)
    await chat.page.getByLabel('Your name').press('Enter')
    await chat.me(name).waitFor()
    return chat
  }

  /** The same visitor in another tab. */
  async anotherTab(): Promise<ChatPage> {
    const page = await this.page.context().newPage()
    await page.goto(this.page.url())
    const chat = new ChatPage(this.#opened, page)
    await chat.isIn('open')
    return chat
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened[Symbol.asyncDispose]()
  }

  /** Waits until the connection is in this state. */
  async isIn(status: string): Promise<void> {
    await this.page.locator(`main[data-status="${status}"]`).waitFor()
  }

  async enter(room: string): Promise<void> {
    await this.page.locator(`[data-room="${room}"]`).click()
  }

  async say(words: string): Promise<void> {
    await this.page.locator('#say').fill(words)
    await this.page.locator('#say').press('Enter')
  }

  /** The message with these words. */
  message(words: string): Locator {
    return this.page.locator('.message').filter({ hasText: words })
  }

  /** Waits until a message is in this state: `Sending`, `Waiting`, `Delivered`, `Refused`. */
  async isMessage(words: string, state: string): Promise<void> {
    await this.page.locator(`.message[data-state="state${state}"]`).filter({ hasText: words }).waitFor()
  }

  /** All that is shown as said, in order. */
  said(): Promise<string[]> {
    return this.page.locator('.message-text').allInnerTexts()
  }

  person(name: string): Locator {
    return this.page.locator('.person').filter({ has: this.page.getByText(name, { exact: true }) })
  }

  /** This visitor, under a name. */
  me(name: string): Locator {
    return this.person(name).filter({ hasText: '(you)' })
  }

  unread(room: string): Locator {
    return this.page.locator(`[data-room="${room}"] .unread`)
  }

  /** Does something to the network of this page; resolves when the server has obeyed. */
  async order(act: (page: Page) => Promise<void>): Promise<void> {
    const obeyed = this.page.waitForResponse((response) => response.url().includes('/links/'))
    await act(this.page)
    assert.equal((await obeyed).status(), 200)
  }

  cut(): Promise<void> {
    return this.order((page) => page.getByRole('button', { name: 'Cut' }).click())
  }

  pass(passage: 'Open' | 'Slow' | 'Stalled' | 'Offline'): Promise<void> {
    return this.order((page) => page.getByRole('radio', { name: passage }).check())
  }

  /** Waits until the log has told something that says so: a busy machine may have told of other breaks before. */
  async happened(key: string, says = /./): Promise<void> {
    await this.page.locator(`.happened[data-what="${key}"]`).filter({ hasText: says }).first().waitFor()
  }

  async count(lane: 'down' | 'up', fact: Fact): Promise<number> {
    return Number(await this.page.locator(`#lane-${lane}-${fact}`).innerText())
  }

  /** Waits until so many more have arrived in both directions: whatever was missed before them is here by then. */
  async counts(more: number): Promise<void> {
    const wanted = {
      down: (await this.count('down', 'sent')) + more,
      up: (await this.count('up', 'sent')) + more,
    }
    await this.page.waitForFunction(({ down, up }) => {
      const arrived = (lane: string): number =>
        Number(document.getElementById(`lane-${lane}-arrived`)?.textContent?.replace(/\D/g, ''))
      return arrived('down') >= down && arrived('up') >= up
    }, wanted)
  }

  /** Fails where anything was lost, doubled or out of order. */
  async assertNothingLost(): Promise<void> {
    for (const lane of ['down', 'up'] as const) {
      for (const fact of ['missing', 'doubled', 'disordered'] as const) {
        assert.equal(await this.count(lane, fact), 0, `${lane} ${fact}`)
      }
    }
    assert.equal(
      await this.page.locator('#verdict-text').innerText(),
      'Nothing lost, nothing doubled, all in order',
    )
  }
}

async function opened(browser: Chromium, url: string, options: PageOptions): Promise<[OpenPage, Page]> {
  const opened = await browser.open(url, { expectedErrors: brokenOnPurpose, ...options })
  return [opened, opened.page]
}
