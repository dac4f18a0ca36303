/**
 * The proof: the server publishes 1, 2, 3, … four times a second, whether this page hears it or not, and the page calls with
 * numbers of its own. Each end keeps a ledger of what arrives, and the page shows both.
 */

import { create, element } from '../elements.js'
import { number, text } from '../language.js'
import { Ledger } from '../polyplex/ledger.js'

/** @typedef {import('./room.js').Channel} Channel */
/** @typedef {import('../texts.js').TextKey} TextKey */
/** @typedef {{ arrived: number, doubled: number, missing: number, disordered: number, told: number }} Account the server's */
/** @typedef {'live' | 'late' | 'way'} Cell */

const CALL_EVERY_MS = 250
/** More calls than these do not wait at a time. */
const MOST_WAITING = 400
const PATIENCE_MS = 3_600_000
/** What comes later than the quickest by this is late. */
const LATE_MS = 400
const CELLS = 48

const facts = /** @type {const} */ (['sent', 'arrived', 'way', 'missing', 'doubled', 'disordered'])
/** @type {Record<(typeof facts)[number], TextKey>} */
const factNames = {
  sent: 'laneSent',
  arrived: 'laneArrived',
  way: 'laneWay',
  missing: 'laneMissing',
  doubled: 'laneDoubled',
  disordered: 'laneDisordered',
}

export class LedgerPanel {
  #heard = new Ledger()
  /** @type {Account} */
  #account = { arrived: 0, doubled: 0, missing: 0, disordered: 0, told: 0 }
  #called = 0
  #waiting = 0
  /** @type {Map<number, Cell>} */
  #cellsDown = new Map()
  /** @type {Map<number, Cell>} */
  #cellsUp = new Map()
  /** What the clocks of both ends differ by, and the way takes at best. */
  #quickestMs = Number.POSITIVE_INFINITY
  #scheduled = false
  #channel
  #journal
  #down = new Lane('lane-down', 'laneDown')
  #up = new Lane('lane-up', 'laneUp')

  /**
   * @param {Channel} channel of this page alone
   * @param {import('./journal.js').Journal} journal
   */
  constructor(channel, journal) {
    this.#channel = channel
    this.#journal = journal
    channel.on('tick', (body) => this.#tick(/** @type {{ number: number, at: number }} */ (body)))
    channel.when('resumed', ({ replayed }) =>
      journal.add('good', 'journalCaughtUp', () => ({
        channel: text('channelNumbers'),
        count: number(replayed),
      })),
    )
    channel.when('reset', ({ reason }) =>
      journal.add('bad', 'journalGap', () => ({ channel: text('channelNumbers'), reason })),
    )
  }

  async start() {
    await this.#channel.join()
    setInterval(() => {
      if (this.#waiting >= MOST_WAITING) return
      this.#called += 1
      void this.#call(this.#called, performance.now())
    }, CALL_EVERY_MS)
  }

  translate() {
    this.#down.translate()
    this.#up.translate()
    this.#show()
  }

  /** @param {{ number: number, at: number }} body */
  #tick({ number, at }) {
    this.#heard.take(number)
    const tookMs = Date.now() - at
    this.#quickestMs = Math.min(this.#quickestMs, tookMs)
    setCell(this.#cellsDown, number, tookMs - this.#quickestMs > LATE_MS ? 'late' : 'live')
    this.#showSoon()
  }

  /**
   * @param {number} called
   * @param {number} begun by performance.now()
   */
  async #call(called, begun) {
    this.#waiting += 1
    setCell(this.#cellsUp, called, 'way')
    this.#showSoon()
    try {
      const answer = await this.#channel.call('count', called, { deadlineMs: PATIENCE_MS })
      this.#answered(called, begun, /** @type {Account} */ (answer))
    } catch (error) {
      const { code, message } = /** @type {import('polyplex').CallError} */ (error)
      if (code === 'ERR_SESSION') void this.#settle(called, begun)
      else if (code !== 'ERR_CLOSED') this.#journal.add('bad', 'journalError', () => ({ code, message }))
    } finally {
      this.#waiting -= 1
    }
  }

  /**
   * A session ended before the answer was there: asks whether the number had arrived, and says it again where it had not.
   *
   * @param {number} called
   * @param {number} begun
   */
  async #settle(called, begun) {
    try {
      const answer = await this.#channel.call('arrived', called, { deadlineMs: PATIENCE_MS })
      const { has, ...account } = /** @type {Account & { has: boolean }} */ (answer)
      if (has) this.#answered(called, begun, account)
      else {
        this.#journal.add('note', 'journalAgain', () => ({ number: number(called) }))
        await this.#call(called, begun)
      }
    } catch (error) {
      if (/** @type {import('polyplex').CallError} */ (error).code === 'ERR_SESSION')
        void this.#settle(called, begun)
    }
  }

  /**
   * @param {number} called
   * @param {number} begun
   * @param {Account} account
   */
  #answered(called, begun, account) {
    // Answers come in their order, but for those that were asked for again.
    if (account.told >= this.#account.told) this.#account = account
    setCell(this.#cellsUp, called, performance.now() - begun > LATE_MS ? 'late' : 'live')
    this.#showSoon()
  }

  #showSoon() {
    if (this.#scheduled) return
    this.#scheduled = true
    requestAnimationFrame(() => {
      this.#scheduled = false
      this.#show()
    })
  }

  #show() {
    const heard = this.#heard
    const account = this.#account
    const told = Math.max(account.told, heard.highest)
    this.#down.show({ ...countsOf(heard), sent: told, way: told - heard.highest }, this.#cellsDown)
    const way = this.#called - account.arrived - account.missing
    this.#up.show({ ...countsOf(account), sent: this.#called, way }, this.#cellsUp)
    const missing = heard.missing + account.missing
    const doubled = heard.doubled + account.doubled
    const disordered = heard.disordered + account.disordered
    const isGood = missing + doubled + disordered === 0
    element('verdict').dataset['good'] = String(isGood)
    const said = text(isGood ? 'verdictGood' : 'verdictBad', { missing, doubled, disordered })
    if (element('verdict-text').textContent !== said) element('verdict-text').textContent = said
  }
}

/** @param {Pick<Account, 'arrived' | 'missing' | 'doubled' | 'disordered'>} ledger */
function countsOf({ arrived, missing, doubled, disordered }) {
  return { arrived, missing, doubled, disordered }
}

/**
 * @param {Map<number, Cell>} cells
 * @param {number} at
 * @param {Cell} cell
 */
function setCell(cells, at, cell) {
  cells.set(at, cell)
  if (cells.size > 2 * CELLS) for (const old of cells.keys()) if (old <= at - CELLS) cells.delete(old)
}

/** One direction: its counts, and the newest numbers as a strip. */
class Lane {
  /** @type {HTMLElement[]} */
  #cells = []
  /** @type {Map<(typeof facts)[number], HTMLElement>} */
  #values = new Map()
  /** @type {[HTMLElement, TextKey][]} */
  #labels = []

  /**
   * @param {string} id
   * @param {TextKey} title
   */
  constructor(id, title) {
    const place = element(id)
    const heading = create('h3', '')
    this.#labels.push([heading, title])
    const strip = create('div', 'strip')
    strip.ariaHidden = 'true'
    for (let index = 0; index < CELLS; index++) this.#cells.push(create('i', ''))
    strip.append(...this.#cells)
    const list = create('dl', 'counts')
    for (const fact of facts) {
      const label = create('dt', '')
      const value = create('dd', '', '0')
      value.id = `${id}-${fact}`
      this.#labels.push([label, factNames[fact]])
      this.#values.set(fact, value)
      const pair = create('div', '')
      pair.dataset['fact'] = fact
      pair.append(value, label)
      list.append(pair)
    }
    place.append(heading, strip, list)
  }

  translate() {
    for (const [label, key] of this.#labels) label.textContent = text(key)
  }

  /**
   * @param {Record<(typeof facts)[number], number>} counts
   * @param {ReadonlyMap<number, Cell>} cells
   */
  show(counts, cells) {
    for (const [fact, value] of this.#values) {
      const words = number(counts[fact])
      if (value.textContent !== words) value.textContent = words
      if (fact !== 'sent' && fact !== 'arrived') value.classList.toggle('some', counts[fact] > 0)
    }
    const first = Math.max(1, counts.sent - CELLS + 1)
    for (const [index, shown] of this.#cells.entries()) {
      const at = first + index
      shown.dataset['cell'] = at > counts.sent ? '' : (cells.get(at) ?? 'way')
    }
  }
}
