/**
 * The bench: one plain `new WebSocket`, its events, and the parts of the page around it.
 */

import { readChatEvent } from './chat.js'
import { wireChoices } from './choices.js'
import { Composer } from './composer.js'
import { button, describeError, element, input, showProblem } from './elements.js'
import { utf8Length } from './hex.js'
import { meaningOf, size, text } from './language.js'
import { showCloseHints, showConnection, showTrafficSoon } from './live-state.js'
import { MessageLog } from './message-log.js'

/** @typedef {import('./live-state.js').Connection} Connection */
/** @typedef {import('./composer.js').Sendable} Sendable */
/** @typedef {import('./texts.js').TextKey} TextKey */
/** @typedef {import('./texts.js').TextValues} TextValues */

const ANNOUNCE_EVERY_MS = 1_000
const ANNOUNCED_CHARACTERS = 200
const ANSWER_ON_BUTTON_MS = 1_500

const url = input('url')
const subprotocols = input('subprotocols')
const binaryType = /** @type {HTMLSelectElement} */ (element('binary-type'))
const endpoints = /** @type {HTMLButtonElement[]} */ ([...element('endpoints').children])
const log = new MessageLog()
const composer = new Composer(send)

/** @type {Connection | undefined} */
let current
let unreadInBackground = 0
let announcedAt = Number.NEGATIVE_INFINITY

// ── The connection ──────────────────────────────────────────────────────────────────────────────

function connect() {
  if (isAlive(current)) close(1000)
  showProblem('connect-error', '')
  const protocols = wantedSubprotocols()
  /** @type {WebSocket} */
  let socket
  try {
    socket = new WebSocket(url.value.trim(), protocols)
  } catch (error) {
    showProblem('connect-error', describeError(error), canBeUrl(url.value.trim()) ? subprotocols : url)
    return
  }
  socket.binaryType = /** @type {BinaryType} */ (binaryType.value)
  const connection = {
    socket,
    startedAt: performance.now(),
    opened: false,
    out: { messages: 0, bytes: 0 },
    in: { messages: 0, bytes: 0 },
  }
  current = connection
  socket.onopen = () => opened(connection)
  socket.onmessage = ({ data }) => received(connection, data)
  socket.onclose = (event) => ended(connection, event)
  const facts = { url: socket.url, protocols: protocols.join(', ') }
  log.addNote('note', protocols.length > 0 ? 'noteConnectingAs' : 'noteConnecting', () => facts)
  announce('statusConnecting', facts)
  refresh()
}

/** @param {Connection} connection */
function opened(connection) {
  connection.opened = true
  const { url, protocol } = connection.socket
  const facts = { url, protocol, ms: (performance.now() - connection.startedAt).toFixed(1) }
  log.addNote('note', protocol ? 'noteOpenAs' : 'noteOpen', () => facts)
  if (connection !== current) return
  announce('statusOpen', facts)
  const isFree = focusIsFree() || element('connect-form').contains(document.activeElement)
  refresh()
  // On a touch screen the keyboard would cover half of the page.
  if (isFree && !matchMedia('(pointer: coarse)').matches) composer.focus()
}

/**
 * @param {Connection} connection
 * @param {CloseEvent} event
 */
function ended(connection, event) {
  connection.closed = event
  const { code, reason, wasClean } = event
  const facts = () => ({ code, reason, meaning: meaningOf(code) })
  if (!connection.opened) log.addNote('fault', 'noteFailed', facts)
  else log.addNote(wasClean ? 'note' : 'fault', reason ? 'noteClosedReason' : 'noteClosed', facts)
  if (connection !== current) return
  if (connection.opened) announce('statusClosed', facts())
  else announce('statusFailed', { url: connection.socket.url })
  refresh()
  if (connection.returnsFocus && focusIsFree()) button('connect').focus()
}

/** Whether the focus is nowhere, or on a button that has just been disabled and will lose it. */
function focusIsFree() {
  return document.activeElement === document.body || document.activeElement?.matches(':disabled') === true
}

/**
 * @param {number} [code]
 * @param {string} [reason]
 */
function close(code, reason) {
  if (!current) return
  const focused = document.activeElement
  try {
    current.socket.close(code, reason)
  } catch (error) {
    showProblem('close-problem', `${describeError(error)} ${text('closeHint')}`)
    return
  }
  showProblem('close-problem', '')
  if (reason) current.ownReason = reason
  current.returnsFocus = focused === button('disconnect') || focused === button('close')
  const facts = { code: code ?? '', reason: reason ?? '' }
  log.addNote('note', code === undefined ? 'noteClosing' : 'noteClosingWith', () => facts)
  announce('statusClosing')
  refresh()
}

/** @param {Connection | undefined} connection */
function isAlive(connection) {
  return connection !== undefined && connection.socket.readyState < WebSocket.CLOSING
}

/**
 * Goes to another endpoint; a living connection moves along.
 *
 * @param {string} path
 */
function choose(path) {
  url.value = endpointUrl(path)
  if (isAlive(current) && current?.socket.url !== url.value) connect()
  else refresh()
}

/** @param {string} path */
function endpointUrl(path) {
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}${path}`
}

function wantedSubprotocols() {
  return subprotocols.value.split(/[\s,]+/).filter((name) => name !== '')
}

/** @param {string} typed */
function canBeUrl(typed) {
  try {
    const { protocol, hash } = new URL(typed, location.href)
    return /^(ws|http)s?:$/.test(protocol) && hash === ''
  } catch {
    return false
  }
}

// ── Messages ────────────────────────────────────────────────────────────────────────────────────

/**
 * @param {Sendable} data
 * @param {number} times
 */
function send(data, times) {
  if (!current || current.socket.readyState !== WebSocket.OPEN) return false
  const length = lengthOf(data)
  for (let sent = 0; sent < times; sent++) {
    current.socket.send(data)
    if (typeof data === 'string') log.addText('out', data, length)
    else log.addBinary('out', data)
  }
  current.out.messages += times
  current.out.bytes += times * length
  showTrafficSoon(() => current, 'out')
  return true
}

/**
 * @param {Connection} connection
 * @param {string | ArrayBuffer | Blob} data
 */
function received(connection, data) {
  const length = lengthOf(data)
  connection.in.messages++
  connection.in.bytes += length
  if (typeof data === 'string') {
    log.addText('in', data, length)
    noticeChat(connection, data)
  } else {
    log.addBinary('in', data)
  }
  if (document.hidden) countUnread()
  if (connection !== current) return
  announceReceived(data, length)
  showTrafficSoon(() => current, 'in')
}

/**
 * @param {Connection} connection
 * @param {string} data
 */
function noticeChat(connection, data) {
  const event = readChatEvent(data)
  if (!event || event.type === 'message') return
  const name = event.type === 'welcome' ? event.name : (connection.chat?.name ?? '')
  connection.chat = { name, present: event.present }
}

/** @param {Sendable | ArrayBuffer | Blob} data */
function lengthOf(data) {
  if (typeof data === 'string') return utf8Length(data)
  return data instanceof Blob ? data.size : data.byteLength
}

// ── What the page shows and says ────────────────────────────────────────────────────────────────

function refresh() {
  const path = chosenPath()
  for (const endpoint of endpoints) {
    endpoint.ariaPressed = String(endpoint.dataset['endpoint'] === path)
  }
  button('connect').disabled = isAlive(current)
  button('disconnect').disabled = !isAlive(current)
  element('second-tab').hidden = path !== '/chat'
  element('snippet').textContent = snippet()
  composer.show(current?.socket.readyState === WebSocket.OPEN)
  showConnection(current)
  showTitle()
}

function chosenPath() {
  const chosen = endpoints.find(({ dataset }) => endpointUrl(dataset['endpoint'] ?? '') === url.value.trim())
  return chosen?.dataset['endpoint']
}

/** The same connection as code, to take along. */
function snippet() {
  const quoted = (/** @type {string} */ value) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const names = wantedSubprotocols().map(quoted).join(', ')
  return [
    `const socket = new WebSocket(${quoted(url.value.trim())}${names === '' ? '' : `, [${names}]`})`,
    `socket.onmessage = ({ data }) => show(data)`,
    `socket.onopen = () => socket.send('hello')`,
  ].join('\n')
}

function showTitle() {
  const lamp = current?.socket.readyState === WebSocket.OPEN ? '● ' : ''
  const unread = unreadInBackground > 0 ? `(${unreadInBackground}) ` : ''
  document.title = `${lamp}${unread}${text('title')}`
}

function countUnread() {
  unreadInBackground++
  showTitle()
}

/**
 * Tells a screen reader.
 *
 * @param {TextKey} key
 * @param {TextValues} [values]
 */
function announce(key, values) {
  element('status').textContent = text(key, values)
}

/**
 * Tells a screen reader what came, without reading out a flood.
 *
 * @param {string | ArrayBuffer | Blob} data
 * @param {number} length
 */
function announceReceived(data, length) {
  const now = performance.now()
  if (now - announcedAt < ANNOUNCE_EVERY_MS) return
  announcedAt = now
  if (typeof data === 'string') announce('statusReceived', { text: data.slice(0, ANNOUNCED_CHARACTERS) })
  else announce('statusReceivedBinary', { size: size(length) })
}

async function copyLog() {
  /** @type {TextKey} */
  let answer = 'copied'
  try {
    await navigator.clipboard.writeText(log.asText())
  } catch {
    answer = 'copyFailed' // not a secure context, or the user said no
  }
  announce(answer)
  const copy = button('copy')
  copy.textContent = text(answer)
  setTimeout(() => {
    copy.textContent = text('copy')
  }, ANSWER_ON_BUTTON_MS)
}

function translate() {
  composer.translate()
  log.redraw()
  refresh()
}

// ── Wiring ──────────────────────────────────────────────────────────────────────────────────────

element('connect-form').addEventListener('submit', (event) => {
  event.preventDefault()
  connect()
})
button('disconnect').addEventListener('click', () => close(1000))
for (const endpoint of endpoints) {
  endpoint.addEventListener('click', () => choose(endpoint.dataset['endpoint'] ?? ''))
}
for (const field of [url, subprotocols]) field.addEventListener('input', refresh)

element('close-form').addEventListener('submit', (event) => {
  event.preventDefault()
  if (!isAlive(current)) return
  const code = input('close-code').value.trim()
  close(code === '' ? undefined : Number(code), input('close-reason').value || undefined)
})
for (const id of ['close-code', 'close-reason']) {
  input(id).addEventListener('input', () => {
    showProblem('close-problem', '')
    showCloseHints()
  })
}
binaryType.addEventListener('change', () => {
  if (current) current.socket.binaryType = /** @type {BinaryType} */ (binaryType.value)
})

button('copy').addEventListener('click', () => void copyLog())
button('clear').addEventListener('click', () => {
  log.clear()
  announce('cleared')
})

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !event.isComposing) composer.escape()
})
document.addEventListener('visibilitychange', () => {
  unreadInBackground = 0
  showTitle()
})

// `#/chat` in the address picks that endpoint and connects at once: the link to the second tab.
const wished = endpoints.find(({ dataset }) => `#${dataset['endpoint']}` === location.hash)
url.value = endpointUrl(wished?.dataset['endpoint'] ?? '/echo')
wireChoices(translate)
if (wished) connect()
