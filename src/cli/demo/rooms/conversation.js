/**
 * The room that is looked at: what was said in it, who types, and the field to say something. Text of others only ever
 * becomes text nodes.
 */

import { button, create, element } from '../elements.js'
import { currentLanguage, number, text } from '../language.js'
import { chatFace } from '../log-row.js'

/** @typedef {import('./room.js').Room} Room */
/** @typedef {import('./room.js').Item} Item */

const MOST_CHARACTERS = 1_000
const TOLD_FROM = 800
const NEAR_BOTTOM_PIXELS = 48
/** What one person says within this time stands under one name. */
const TOGETHER_MS = 120_000

export class Conversation {
  /** @type {Room | undefined} */
  #room
  #isConnected = false
  #follows = true
  #unseen = 0
  /** Rows by message, so that one that has not changed stays what it is. @type {Map<Item, { row: HTMLElement, shown: string }>} */
  #rows = new Map()
  #scroller = element('said')
  #list = element('messages')
  #field = /** @type {HTMLTextAreaElement} */ (element('say'))
  #jump = button('jump')
  /** What was typed and not said, by room. @type {Map<Room, string>} */
  #drafts = new Map()

  constructor() {
    element('say-form').addEventListener('submit', (event) => {
      event.preventDefault()
      this.#say()
    })
    this.#field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.ctrlKey || event.metaKey || event.isComposing)
        return
      event.preventDefault()
      this.#say()
    })
    this.#field.addEventListener('input', () => {
      this.#fit()
      this.#room?.type(this.#field.value.trim() !== '')
    })
    this.#scroller.addEventListener('scroll', () => {
      const { scrollHeight, clientHeight, scrollTop } = this.#scroller
      this.#follows = scrollHeight - clientHeight - scrollTop < NEAR_BOTTOM_PIXELS
      if (this.#follows) this.#unseen = 0
      this.#showJump()
    })
    this.#jump.addEventListener('click', () => {
      this.#follow()
      this.#scroller.focus()
    })
    new ResizeObserver(() => this.#stick()).observe(this.#scroller)
  }

  /** @param {Room} room */
  open(room) {
    if (this.#room !== undefined) {
      this.#drafts.set(this.#room, this.#field.value)
      this.#room.type(false)
    }
    this.#room = room
    this.#rows.clear()
    this.#list.replaceChildren()
    this.#field.value = this.#drafts.get(room) ?? ''
    this.#follow()
    this.translate()
  }

  focus() {
    this.#field.focus()
  }

  /** @param {boolean} isConnected */
  connected(isConnected) {
    this.#isConnected = isConnected
    this.show()
  }

  /** Puts everything into the page's language. */
  translate() {
    if (this.#room === undefined) return
    const name = roomName(this.#room.id)
    element('room-title').textContent = name
    const say = text('sayIn', { room: name })
    this.#field.placeholder = say
    element('say-label').textContent = say
    for (const kept of this.#rows.values()) kept.shown = ''
    this.#fit()
    this.show()
    this.showTyping()
  }

  /** A message of somebody else has come. */
  news() {
    if (!this.#follows) this.#unseen += 1
  }

  show() {
    const room = this.#room
    if (room === undefined) return
    const rows = room.items.map((item, index) => this.#row(item, room.items[index - 1]))
    for (const [index, row] of rows.entries()) {
      const there = this.#list.children[index]
      if (there !== row) this.#list.insertBefore(row, there ?? null)
    }
    while (this.#list.children.length > rows.length) this.#list.lastElementChild?.remove()
    for (const item of this.#rows.keys()) if (!room.items.includes(item)) this.#rows.delete(item)
    this.#showNothing(room)
    this.#stick()
    this.#showJump()
  }

  showTyping() {
    const room = this.#room
    const typing = room?.people().filter((one) => one.typing && one.user !== room.user) ?? []
    const [{ name: first = '' } = {}, { name: second = '' } = {}] = typing
    const key = /** @type {const} */ (['typingOne', 'typingOne', 'typingTwo'])[typing.length] ?? 'typingMany'
    element('typing').textContent =
      typing.length === 0 ? '' : text(key, { first, second, count: typing.length })
  }

  #say() {
    const words = this.#field.value.trim()
    if (words === '' || this.#room === undefined) return
    this.#field.value = ''
    this.#fit()
    this.#follow()
    this.#room.say(words)
  }

  /**
   * @param {Item} item
   * @param {Item | undefined} before
   */
  #row(item, before) {
    const state = this.#stateOf(item)
    const follows = before !== undefined && before.user === item.user && before.name === item.name
    const together = follows && item.at - before.at < TOGETHER_MS
    const shown = `${state} ${together} ${item.offset}`
    const kept = this.#rows.get(item)
    if (kept?.shown === shown) return kept.row
    const row = kept?.row ?? document.createElement('li')
    row.className = `message${together ? ' together' : ''}`
    row.dataset['state'] = state
    if (item.user === this.#room?.user) row.dataset['mine'] = ''
    row.replaceChildren(...(together ? [] : [this.#head(item)]), ...this.#body(item, state))
    this.#rows.set(item, { row, shown })
    return row
  }

  /** @param {Item} item */
  #head(item) {
    const head = create('p', 'message-head')
    const name = create('bdi', 'message-name', item.name)
    head.append(chatFace(item.name), name)
    if (item.via === 'plain') {
      const badge = create('span', 'badge', text('viaPlain'))
      badge.title = text('viaPlainHint')
      head.append(badge)
    }
    const time = /** @type {HTMLTimeElement} */ (create('time', 'note', timeOf(item.at)))
    time.dateTime = new Date(item.at).toISOString()
    head.append(time)
    return head
  }

  /**
   * @param {Item} item
   * @param {string} state
   */
  #body(item, state) {
    const words = create('p', 'message-text', item.text)
    words.dir = 'auto'
    if (!item.sentHere || state === '') return [words]
    const line = create('p', 'message-state')
    if (item.refusal === undefined) {
      line.textContent = text(/** @type {import('../texts.js').TextKey} */ (state))
      return [words, line]
    }
    const { code, message } = item.refusal
    line.append(create('span', '', text('stateRefused', { code, message })))
    line.append(code === 'ERR_INPUT' ? this.#editButton(item) : this.#againButton(item))
    return [words, line]
  }

  /** @param {Item} item */
  #editButton(item) {
    const edit = create('button', 'small-button', text('edit'))
    edit.addEventListener('click', () => {
      this.#room?.forget(item)
      this.#field.value = item.text
      this.#fit()
      this.focus()
    })
    return edit
  }

  /** @param {Item} item */
  #againButton(item) {
    const again = create('button', 'small-button', text('again'))
    again.addEventListener('click', () => {
      this.#room?.sayAgain(item)
      this.focus()
    })
    return again
  }

  /** @param {Item} item */
  #stateOf(item) {
    if (!item.sentHere) return ''
    if (item.refusal !== undefined) return 'stateRefused'
    if (item.offset !== undefined) return 'stateDelivered'
    return this.#isConnected ? 'stateSending' : 'stateWaiting'
  }

  /** @param {Room} room */
  #showNothing(room) {
    const place = element('nothing')
    place.hidden = room.items.length > 0
    if (room.status === 'refused') {
      place.replaceChildren(
        create('p', 'problem', text('roomRefused', { message: room.refusal?.message ?? '' })),
      )
    } else if (room.status === 'joining') place.replaceChildren(create('p', 'note', text('loadingHistory')))
    else
      place.replaceChildren(
        create('p', 'empty-title', text('roomEmpty')),
        create('p', '', text('roomEmptyHint')),
      )
  }

  #showJump() {
    this.#jump.hidden = this.#unseen === 0
    if (this.#unseen > 0) this.#jump.textContent = text('newMessages', { count: number(this.#unseen) })
  }

  #follow() {
    this.#follows = true
    this.#unseen = 0
    this.#stick()
    this.#showJump()
  }

  #stick() {
    if (this.#follows) this.#scroller.scrollTop = this.#scroller.scrollHeight
  }

  /** The field is as high as its text, and says when that is long. */
  #fit() {
    this.#field.style.height = 'auto'
    const { scrollHeight, offsetHeight, clientHeight } = this.#field
    this.#field.style.height = `${scrollHeight + offsetHeight - clientHeight}px`
    const count = [...this.#field.value].length
    const size = element('say-size')
    size.textContent =
      count < TOLD_FROM ? '' : text('characters', { count: number(count), most: number(MOST_CHARACTERS) })
    size.classList.toggle('too-long', count > MOST_CHARACTERS)
  }
}

/** @param {string} id */
export function roomName(id) {
  return text(/** @type {import('../texts.js').TextKey} */ (`room_${id}`))
}

/** @param {number} at */
function timeOf(at) {
  return new Date(at).toLocaleTimeString(currentLanguage(), { hour: '2-digit', minute: '2-digit' })
}
