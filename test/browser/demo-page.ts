import assert from 'node:assert/strict'
import type { Locator, Page } from 'playwright-core'
import type { Chromium, OpenPage, PageOptions } from './chromium.ts'

export type Endpoint = '/echo' | '/upper' | '/clock' | '/chat'
export type Direction = 'out' | 'in' | 'note' | 'fault'

/** Where the bench is, on the server of a demo. */
export function benchOf(url: string): string {
  return new URL('websocket.html', url).href
}

/** The bench of the demo as its visitor uses it. */
export class DemoPage {
  readonly page: Page
  readonly #opened: OpenPage

  private constructor(opened: OpenPage, page: Page) {
    this.#opened = opened
    this.page = page
  }

  static async open(browser: Chromium, url: string, options?: PageOptions): Promise<DemoPage> {
    const opened = await browser.open(benchOf(url), options)
    return new DemoPage(opened, opened.page)
  }

  /** The same visitor in another tab; it is closed together with the first one. */
  inTab(page: Page): DemoPage {
    return new DemoPage(this.#opened, page)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened[Symbol.asyncDispose]()
  }

  /** Chooses an endpoint by its button and connects. */
  async connect(endpoint: Endpoint): Promise<void> {
    await this.page.locator(`[data-endpoint="${endpoint}"]`).click()
    await this.page.getByRole('button', { name: 'Connect', exact: true }).click()
    await this.isIn('OPEN 1')
  }

  /** Connects to another server, and waits until the connection is open. */
  async connectTo(url: string): Promise<void> {
    await this.page.getByLabel('URL').fill(url)
    await this.page.getByRole('button', { name: 'Connect', exact: true }).click()
    await this.isIn('OPEN 1')
  }

  async disconnect(): Promise<void> {
    await this.page.getByRole('button', { name: 'Disconnect' }).click()
    await this.isIn('CLOSED 3')
  }

  async say(words: string): Promise<void> {
    await this.page.getByLabel('Message', { exact: true }).fill(words)
    await this.page.getByRole('button', { name: 'Send', exact: true }).click()
  }

  async sendAs(mode: 'Text' | 'Hex' | 'File'): Promise<void> {
    await this.page.getByRole('radio', { name: mode, exact: true }).check()
  }

  /** Waits until the page shows this ready state. */
  async isIn(state: string): Promise<void> {
    await this.shows('ready-state', state)
  }

  /** Waits until the element with this id shows exactly this text. */
  async shows(id: string, expected: string): Promise<void> {
    try {
      await this.page.waitForFunction(
        ([id, expected]) => document.getElementById(id)?.innerText === expected,
        [id, expected] as const,
      )
    } catch {
      assert.equal(await this.page.locator(`#${id}`).innerText(), expected)
    }
  }

  /** The text of the element with this id. */
  text(id: string): Promise<string> {
    return this.page.locator(`#${id}`).innerText()
  }

  entries(direction: Direction): Locator {
    return this.page.locator(`.entry[data-direction="${direction}"]`)
  }

  /** The first entry of this direction that contains a text, as soon as there is one. */
  async entry(direction: Direction, words: string): Promise<Locator> {
    const found = this.entries(direction).filter({ hasText: words }).first()
    await found.waitFor()
    return found
  }

  /** Who is in the chat, as soon as there are so many. */
  async guests(count: number): Promise<string[]> {
    const names = this.page.locator('.guest-name')
    await names.nth(count - 1).waitFor()
    await names.nth(count).waitFor({ state: 'detached' })
    return names.allInnerTexts()
  }

  /** What the rows of a direction show as text, in order. */
  async texts(direction: Direction): Promise<string[]> {
    return this.entries(direction).locator('.entry-text').allInnerTexts()
  }
}
