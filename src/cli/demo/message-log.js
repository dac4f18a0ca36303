/**
 * The log: keeps the newest entries, shows them without holding up the page, and follows the newest one as
 * long as the reader is at the bottom.
 */

import { create, element } from './elements.js'
import { number, text } from './language.js'
import { buildRow, wholeCharacters } from './log-row.js'

/** @typedef {import('./log-row.js').Entry} Entry */
/** @typedef {import('./texts.js').TextKey} TextKey */
/** @typedef {import('./texts.js').TextValues} TextValues */

const MAXIMUM_ENTRIES = 10_000
const MAXIMUM_KEPT_BYTES = 32 * 1024 * 1024
const KEPT_PER_MESSAGE = 64 * 1024
const ROWS_PER_FRAME = 250
/** Rows are laid out in groups, and a group off the screen not at all: one more row costs the same in a long log. */
const ROWS_PER_GROUP = 100
const BACKGROUND_TAB_MS = 250
const NEAR_BOTTOM_PIXELS = 32
const READER_ACTS_FOR_MS = 1_000
const NARROW_PIXELS = 700

export class MessageLog {
  /** @type {Map<number, Entry>} by serial number, oldest first */
  #entries = new Map()
  #oldest = 0
  #next = 0
  #nextToShow = 0
  #nextToRedraw = -1
  #dropped = 0
  #keptBytes = 0
  #unseen = 0
  #follows = true
  #scheduled = false
  #readerActedAt = Number.NEGATIVE_INFINITY
  #lastScrollTop = 0
  #lastEntryAt = 0
  #bytesPerLine = 16
  /** @type {HTMLElement | undefined} the newest one */
  #group
  #scroller = element('log')
  #list = element('entries')
  #empty = element('empty')
  #jump = element('jump')

  constructor() {
    this.#scroller.addEventListener('scroll', () => this.#noticeScrolling(), { passive: true })
    for (const type of ['wheel', 'touchmove', 'keydown', 'pointerdown', 'pointermove']) {
      this.#scroller.addEventListener(type, (event) => this.#noticeReader(event), { passive: true })
    }
    this.#jump.addEventListener('click', () => {
      this.#follow()
      this.#scroller.focus()
    })
    this.#list.addEventListener('click', (event) => this.#fold(event))
    // Rows take their real height only when they come near the screen: stay at the bottom when that moves it.
    new ResizeObserver(() => this.#stick()).observe(this.#list)
    new ResizeObserver(() => this.#fitWidth()).observe(this.#scroller)
  }

  /**
   * @param {'out' | 'in'} direction
   * @param {string} content
   * @param {number} size its bytes on the wire
   */
  addText(direction, content, size) {
    this.#add({ ...this.#stamp(direction), size, text: keptText(content) })
  }

  /**
   * @param {'out' | 'in'} direction
   * @param {ArrayBuffer | Uint8Array | Blob} data
   */
  addBinary(direction, data) {
    const kind = data.constructor.name
    const name = data instanceof File ? { name: data.name } : {}
    if (data instanceof Blob) {
      const entry = { ...this.#stamp(direction), size: data.size, kind, ...name }
      this.#add(entry)
      void this.#read(entry, data)
      return
    }
    const bytes = new Uint8Array(data.slice(0, KEPT_PER_MESSAGE))
    this.#add({ ...this.#stamp(direction), size: data.byteLength, kind, bytes })
  }

  /**
   * @param {'note' | 'fault'} direction
   * @param {TextKey} key
   * @param {() => TextValues} [values] asked again when the language changes
   */
  addNote(direction, key, values = () => ({})) {
    this.#add({ ...this.#stamp(direction), note: { key, values } })
  }

  clear() {
    this.#entries.clear()
    this.#list.replaceChildren()
    this.#group = undefined
    this.#oldest = this.#next
    this.#nextToShow = this.#next
    this.#dropped = 0
    this.#keptBytes = 0
    this.#follow()
    this.#showFacts()
  }

  /** Builds every row again, the newest first, after the language or the width changed. */
  redraw() {
    this.#nextToRedraw = this.#nextToShow - 1
    this.#schedule()
  }

  /** The whole log as lines of text with tabs between time, direction, size and content. */
  asText() {
    const lines = []
    for (const entry of this.#entries.values()) {
      const size = entry.size === undefined ? '' : `${entry.size} B`
      lines.push([new Date(entry.at).toISOString(), entry.direction, size, contentAsText(entry)].join('\t'))
    }
    return lines.join('\n')
  }

  /**
   * @template {Entry['direction']} Direction
   * @param {Direction} direction
   */
  #stamp(direction) {
    const now = performance.now()
    const sincePreviousMs = this.#next === 0 ? 0 : now - this.#lastEntryAt
    this.#lastEntryAt = now
    return { direction, at: Date.now(), sincePreviousMs }
  }

  /** @param {Entry} entry */
  #add(entry) {
    this.#entries.set(this.#next++, entry)
    this.#keptBytes += keptBytesOf(entry)
    this.#trim()
    this.#schedule()
  }

  #trim() {
    while (
      this.#entries.size > MAXIMUM_ENTRIES ||
      (this.#keptBytes > MAXIMUM_KEPT_BYTES && this.#entries.size > 1)
    ) {
      const entry = this.#entries.get(this.#oldest)
      this.#entries.delete(this.#oldest++)
      this.#dropped++
      if (entry) this.#keptBytes -= keptBytesOf(entry)
      const group = entry?.row?.parentElement
      entry?.row?.remove()
      if (group?.childElementCount === 0 && group !== this.#group) group.remove()
    }
  }

  /**
   * Reads what is shown of a blob; its place in the log it has had since it came.
   *
   * @param {Entry} entry
   * @param {Blob} blob
   */
  async #read(entry, blob) {
    const serial = this.#next - 1
    try {
      const bytes = new Uint8Array(await blob.slice(0, KEPT_PER_MESSAGE).arrayBuffer())
      if (this.#entries.get(serial) !== entry) return
      entry.bytes = bytes
      this.#keptBytes += bytes.length
    } catch {
      entry.unreadable = true // the file changed or went away after it was chosen
    }
    this.#rebuild(serial, entry)
    this.#trim()
  }

  #schedule() {
    if (this.#scheduled) return
    this.#scheduled = true
    // Tabs in the background get no animation frames.
    if (document.hidden) setTimeout(() => this.#flush(), BACKGROUND_TAB_MS)
    else requestAnimationFrame(() => this.#flush())
  }

  #flush() {
    this.#scheduled = false
    this.#redrawSome()
    this.#showSome()
    this.#showFacts()
    this.#stick()
    if (this.#nextToShow < this.#next || this.#nextToRedraw >= this.#oldest) this.#schedule()
  }

  #showSome() {
    this.#nextToShow = Math.max(this.#nextToShow, this.#oldest)
    const end = Math.min(this.#next, this.#nextToShow + ROWS_PER_FRAME)
    if (!this.#follows) this.#unseen += end - this.#nextToShow
    for (; this.#nextToShow < end; this.#nextToShow++) {
      const entry = this.#entries.get(this.#nextToShow)
      if (!entry) continue
      entry.row = buildRow(entry, this.#nextToShow, this.#bytesPerLine)
      if (!this.#group || this.#group.childElementCount >= ROWS_PER_GROUP) this.#startGroup()
      this.#group?.append(entry.row)
    }
  }

  #startGroup() {
    this.#group = create('ol', 'entry-group')
    this.#list.append(this.#group)
  }

  #redrawSome() {
    for (let rows = 0; rows < ROWS_PER_FRAME && this.#nextToRedraw >= this.#oldest; rows++) {
      const entry = this.#entries.get(this.#nextToRedraw)
      if (entry) this.#rebuild(this.#nextToRedraw, entry)
      this.#nextToRedraw--
    }
  }

  /**
   * @param {number} serial
   * @param {Entry} entry
   */
  #rebuild(serial, entry) {
    if (!entry.row) return
    const row = buildRow(entry, serial, this.#bytesPerLine)
    entry.row.replaceWith(row)
    entry.row = row
  }

  /** @param {Event} event */
  #fold(event) {
    const row = /** @type {Element} */ (event.target).closest('.fold')?.closest('li')
    const serial = Number(row?.dataset['serial'])
    const entry = this.#entries.get(serial)
    if (!row || !entry) return
    entry.expanded = !entry.expanded
    if (entry.expanded) this.#follows = false // the view would jump to the end of what was asked for
    this.#rebuild(serial, entry)
    const fold = /** @type {HTMLElement | null | undefined} */ (entry.row?.querySelector('.fold'))
    fold?.focus({ preventScroll: entry.expanded })
  }

  /** @param {Event} event */
  #noticeReader(event) {
    if (event instanceof PointerEvent && event.buttons === 0) return
    this.#readerActedAt = event.timeStamp
  }

  /** Going up is the reader's wish only when the reader did something: rows that take their height also move the view. */
  #noticeScrolling() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller
    const readerActs = performance.now() - this.#readerActedAt < READER_ACTS_FOR_MS
    if (scrollHeight - clientHeight - scrollTop < NEAR_BOTTOM_PIXELS) this.#follows = true
    else if (scrollTop < this.#lastScrollTop && readerActs) this.#follows = false
    this.#lastScrollTop = scrollTop
    if (this.#follows) this.#unseen = 0
    this.#scroller.classList.toggle('follows', this.#follows)
    this.#showJump()
  }

  #follow() {
    this.#follows = true
    this.#unseen = 0
    this.#stick()
    this.#showJump()
  }

  #stick() {
    if (!this.#follows) return
    this.#scroller.scrollTop = this.#scroller.scrollHeight
    this.#lastScrollTop = this.#scroller.scrollTop
  }

  #fitWidth() {
    const fitting = this.#scroller.clientWidth < NARROW_PIXELS ? 8 : 16
    if (fitting !== this.#bytesPerLine) {
      this.#bytesPerLine = fitting
      this.redraw()
    }
    this.#stick()
  }

  #showFacts() {
    this.#empty.hidden = this.#entries.size > 0
    element('count').textContent = number(this.#entries.size)
    element('dropped').textContent =
      this.#dropped > 0 ? text('dropped', { count: number(this.#dropped) }) : ''
    this.#showJump()
  }

  #showJump() {
    this.#jump.hidden = this.#follows || this.#unseen === 0
    this.#jump.textContent = `↓ ${text('newBelow', { count: number(this.#unseen) })}`
  }
}

/** @param {Entry} entry */
function keptBytesOf(entry) {
  return (entry.bytes?.length ?? 0) + 2 * (entry.text?.length ?? 0)
}

/**
 * The first part of a long text, copied: a slice would hold the whole message in memory.
 *
 * @param {string} content
 */
function keptText(content) {
  if (content.length <= KEPT_PER_MESSAGE) return content
  return new TextDecoder().decode(new TextEncoder().encode(wholeCharacters(content, KEPT_PER_MESSAGE)))
}

/** @param {Entry} entry */
function contentAsText(entry) {
  if (entry.note) return text(entry.note.key, entry.note.values())
  if (entry.text !== undefined) return entry.text
  return Array.from(entry.bytes ?? [], (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
