import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const installed = places.find((place) => existsSync(place))
const reasonToSkip = `no Chromium on this machine (looked for ${places.join(', ')})`

/** No sandbox, as tests often run as root in a container; no errands of its own on the network. */
const switches = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const patienceMs = 20_000

export interface PageOptions extends BrowserContextOptions {
  /** Messages on the console that belong to the test, such as a connection that is meant to fail. */
  readonly expectedErrors?: RegExp
}

/** One Chromium, shared by the tests of a file. */
export class Chromium {
  #browser: Browser | undefined
  readonly #moreSwitches: readonly string[]

  constructor(moreSwitches: readonly string[]) {
    this.#moreSwitches = moreSwitches
  }

  async launch(): Promise<void> {
    assert.ok(installed !== undefined, reasonToSkip)
    this.#browser = await chromium.launch({
      executablePath: installed,
      args: [...switches, ...this.#moreSwitches],
      timeout: 60_000,
    })
  }

  async close(): Promise<void> {
    await this.#browser?.close()
  }

  /** A page with a profile of its own. */
  async open(url: string, { expectedErrors, ...options }: PageOptions = {}): Promise<OpenPage> {
    assert.ok(this.#browser)
    const context = await this.#browser.newContext({ locale: 'en-US', ...options })
    context.setDefaultTimeout(patienceMs)
    const opened = new OpenPage(await context.newPage(), expectedErrors)
    await opened.page.goto(url)
    return opened
  }
}

/** A page that is closed when it is no longer in use. The test fails if anything went wrong in it that nobody expected. */
export class OpenPage {
  readonly page: Page
  readonly #problems: string[] = []

  constructor(page: Page, expectedErrors: RegExp | undefined) {
    this.page = page
    const notice = (problem: string): void => {
      if (!expectedErrors?.test(problem)) this.#problems.push(problem)
    }
    const context = page.context()
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') notice(message.text())
    })
    context.on('weberror', (error) => notice(String(error.error())))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close()
    assert.deepEqual(this.#problems, [])
  }
}

/**
 * A suite that runs in Chromium, and is skipped where there is none; in CI its absence is a failure.
 *
 * @param moreSwitches for the browser's command line
 * @param concurrency tests at a time: more than one where they mostly wait, and keep out of each other's way
 */
export function inChromium(
  title: string,
  tests: (browser: Chromium) => void,
  moreSwitches: readonly string[] = [],
  concurrency = 1,
): void {
  if (installed === undefined && process.env['CI'] === 'true') {
    test(title, () => assert.fail(reasonToSkip))
    return
  }
  suite(title, { skip: installed === undefined && reasonToSkip, concurrency }, () => {
    const browser = new Chromium(moreSwitches)
    before(() => browser.launch())
    after(() => browser.close())
    tests(browser)
  })
}
