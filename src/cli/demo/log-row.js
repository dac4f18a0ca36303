/**
 * One row of the log. Long messages are folded, binary ones are dumped as hex, events of the chat get a
 * readable line above the text as it came. What a peer sent only ever becomes text nodes, never markup.
 */

import { readChatEvent } from './chat.js'
import { create, element } from './elements.js'
import { hexDump, utf8Length } from './hex.js'
import { number, size, text } from './language.js'

/** @typedef {import('./texts.js').TextKey} TextKey */
/** @typedef {import('./texts.js').TextValues} TextValues */
/** @typedef {import('./chat.js').ChatEvent} ChatEvent */

/**
 * @typedef {object} Entry
 * @property {'out' | 'in' | 'note' | 'fault'} direction
 * @property {number} at milliseconds since 1970
 * @property {number} sincePreviousMs
 * @property {number} [size] bytes of the whole message
 * @property {string} [text] what is kept of a text message
 * @property {Uint8Array} [bytes] what is kept of a binary message
 * @property {string} [kind] what a binary message was: `Blob`, `ArrayBuffer`, `Uint8Array`, `File`
 * @property {string} [name] of the file it was
 * @property {boolean} [unreadable]
 * @property {{ key: TextKey, values: () => TextValues }} [note]
 * @property {boolean} [expanded]
 * @property {HTMLElement} [row]
 */

const FOLD_CHARACTERS = 700
const FOLD_LINES = 10
const FOLD_BYTES = 128

/** @type {Record<Entry['direction'], { mark: string, spoken: TextKey }>} */
const directions = {
  out: { mark: '↑', spoken: 'directionOut' },
  in: { mark: '↓', spoken: 'directionIn' },
  note: { mark: '•', spoken: 'directionNote' },
  fault: { mark: '!', spoken: 'directionFault' },
}

/**
 * @param {Entry} entry
 * @param {number} serial
 * @param {number} bytesPerLine of a dump
 */
export function buildRow(entry, serial, bytesPerLine) {
  const template = /** @type {HTMLTemplateElement} */ (element('entry-template'))
  const row = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true))
  const [mark, body, facts] = /** @type {HTMLElement[]} */ ([...row.children])
  const [kind, bytes, time] = facts ? /** @type {HTMLElement[]} */ ([...facts.children]) : []
  if (!mark || !body || !kind || !bytes || !(time instanceof HTMLTimeElement))
    throw new Error('The row template changed')
  row.dataset['serial'] = String(serial)
  row.dataset['direction'] = entry.direction
  row.dataset['kind'] = kindOf(entry)
  mark.textContent = directions[entry.direction].mark
  body.append(create('span', 'visually-hidden', `${text(directions[entry.direction].spoken)} `))
  if (entry.size !== undefined) {
    row.dataset['size'] = String(entry.size)
    kind.textContent = entry.kind ?? text('kindText')
    bytes.textContent = size(entry.size)
  }
  const at = new Date(entry.at)
  time.dateTime = at.toISOString()
  time.textContent = clockTime(at)
  time.title = `${time.dateTime}\n+${entry.sincePreviousMs.toFixed(1)} ms`
  fill(body, entry, bytesPerLine)
  return row
}

/** @param {Entry} entry */
function kindOf(entry) {
  if (entry.note) return 'note'
  return entry.text === undefined ? 'binary' : 'text'
}

/**
 * @param {HTMLElement} body
 * @param {Entry} entry
 * @param {number} bytesPerLine
 */
function fill(body, entry, bytesPerLine) {
  if (entry.note) return body.append(create('p', 'entry-note', text(entry.note.key, entry.note.values())))
  if (entry.name) body.append(create('p', 'entry-name', entry.name))
  if (entry.size === 0) body.append(create('p', 'entry-missing', text('emptyMessage')))
  else if (entry.text !== undefined) fillText(body, entry, entry.text)
  else if (entry.bytes) fillBytes(body, entry, entry.bytes, bytesPerLine)
  else body.append(create('p', 'entry-missing', text(entry.unreadable ? 'unreadable' : 'reading')))
}

/**
 * @param {HTMLElement} body
 * @param {Entry} entry
 * @param {string} content
 */
function fillText(body, entry, content) {
  const chat = entry.direction === 'in' ? readChatEvent(content) : undefined
  if (chat) body.append(chatLine(chat))
  const folded = foldedText(content)
  const shown = create('pre', chat ? 'entry-raw' : 'entry-text', entry.expanded ? content : folded)
  shown.dir = 'auto'
  if (chat) shown.title = text('raw')
  body.append(shown)
  if (folded === content) return
  addFoldButton(
    body,
    entry,
    utf8Length(content),
    text('showAllCharacters', { count: number(content.length) }),
  )
}

/**
 * @param {HTMLElement} body
 * @param {Entry} entry
 * @param {Uint8Array} bytes
 * @param {number} bytesPerLine
 */
function fillBytes(body, entry, bytes, bytesPerLine) {
  const dump = hexDump(entry.expanded ? bytes : bytes.subarray(0, FOLD_BYTES), bytesPerLine)
  const columns = create('div', 'dump')
  columns.append(
    create('pre', 'dump-offsets', dump.offsets),
    create('pre', 'dump-digits', dump.digits),
    create('pre', 'dump-characters', dump.characters),
  )
  body.append(columns)
  if (bytes.length > FOLD_BYTES) {
    addFoldButton(body, entry, bytes.length, text('showAllBytes', { size: size(bytes.length) }))
  }
}

/**
 * @param {HTMLElement} body
 * @param {Entry} entry
 * @param {number} keptBytes
 * @param {string} showAll what the button says when the log keeps the whole message
 */
function addFoldButton(body, entry, keptBytes, showAll) {
  const whole = entry.size ?? 0
  const facts = { kept: size(keptBytes), size: size(whole) }
  const label = keptBytes < whole ? text('showKept', facts) : showAll
  const fold = create('button', 'fold', entry.expanded ? text('showLess') : label)
  fold.setAttribute('type', 'button')
  fold.setAttribute('aria-expanded', String(entry.expanded === true))
  if (entry.expanded && keptBytes < whole) body.append(create('p', 'entry-missing', text('keptOnly', facts)))
  body.append(fold)
}

/** @param {ChatEvent} event */
function chatLine(event) {
  const line = create('p', 'chat-line')
  if (event.type === 'message') {
    const said = create('span', 'chat-said', event.text)
    said.dir = 'auto'
    line.append(chatFace(event.from), create('b', 'chat-name', event.from), said)
    return line
  }
  const key = /** @type {const} */ ({ welcome: 'chatWelcome', joined: 'chatJoined', left: 'chatLeft' })[
    event.type
  ]
  line.append(
    chatFace(event.name),
    create('span', 'chat-event', text(key, { name: event.name })),
    create('span', 'note', text('chatPresent', { count: number(event.present.length) })),
  )
  return line
}

/** A coloured disc with the number of a guest, or the first letter of any other name. @param {string} name */
export function chatFace(name) {
  const face = create('span', 'chat-face', name.match(/\d+$/)?.[0] ?? [...name][0] ?? '?')
  let hue = 0
  for (const character of name) hue = (hue * 31 + (character.codePointAt(0) ?? 0)) % 6
  face.dataset['hue'] = String(hue)
  face.ariaHidden = 'true'
  return face
}

/** @param {string} content */
function foldedText(content) {
  let end = Math.min(content.length, FOLD_CHARACTERS)
  let lineEnd = -1
  for (let lines = 0; lines < FOLD_LINES; lines++) {
    lineEnd = content.indexOf('\n', lineEnd + 1)
    if (lineEnd === -1) break
  }
  if (lineEnd !== -1) end = Math.min(end, lineEnd)
  return end === content.length ? content : wholeCharacters(content, end)
}

/**
 * The start of a text, without half of a surrogate pair at its end.
 *
 * @param {string} content
 * @param {number} end
 */
export function wholeCharacters(content, end) {
  const last = content.charCodeAt(end - 1)
  return content.slice(0, last >= 0xd800 && last < 0xdc00 ? end - 1 : end)
}

/** @param {Date} date */
function clockTime(date) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0')
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`
}
