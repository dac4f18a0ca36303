/**
 * The panel beside the log: everything the socket tells about itself, while it lives and after.
 */

import { button, create, element, input } from './elements.js'
import { utf8Length } from './hex.js'
import { currentLanguage, meaningOf, number, size, text } from './language.js'
import { chatFace } from './log-row.js'

/**
 * @typedef {object} Connection
 * @property {WebSocket} socket
 * @property {number} startedAt by performance.now()
 * @property {boolean} opened
 * @property {Traffic} out
 * @property {Traffic} in
 * @property {string} [ownReason] that this page gave when it closed
 * @property {CloseEvent} [closed]
 * @property {{ name: string, present: string[] }} [chat]
 * @property {boolean} [returnsFocus] to the connect button when it has ended
 */
/** @typedef {{ messages: number, bytes: number }} Traffic */

const states = /** @type {const} */ ([
  { name: 'CONNECTING', key: 'stateConnecting' },
  { name: 'OPEN', key: 'stateOpen' },
  { name: 'CLOSING', key: 'stateClosing' },
  { name: 'CLOSED', key: 'stateClosed' },
])
const PULSE_MS = 500

/** @type {Set<'out' | 'in'>} */
const lanesToPulse = new Set()
let scheduled = false

/** @param {Connection | undefined} connection */
export function showConnection(connection) {
  const socket = connection?.socket
  const state = socket && states[socket.readyState]
  document.body.dataset['state'] = socket ? String(socket.readyState) : 'none'
  const shown = element('ready-state')
  shown.textContent = state ? `${state.name} ${socket.readyState}` : text('noSocket')
  shown.dataset['readyState'] = socket ? String(socket.readyState) : ''
  element('state-text').textContent = text(state?.key ?? 'statusIdle')
  for (const [index, step] of [...element('steps').children].entries()) {
    step.classList.toggle('now', index === socket?.readyState)
  }
  element('protocol').textContent = orNone(socket?.protocol)
  element('extensions').textContent = orNone(socket?.extensions)
  button('close').disabled = !socket || socket.readyState >= WebSocket.CLOSING
  showEnd(connection)
  showTraffic(connection)
  showPresent(connection)
  showCloseHints()
}

/**
 * Shows the traffic with the next frame, however many messages pass until then, and goes on by itself while
 * bytes wait to be sent.
 *
 * @param {() => Connection | undefined} connection the one to show by then
 * @param {'out' | 'in'} [lane] where something just passed
 */
export function showTrafficSoon(connection, lane) {
  if (lane) lanesToPulse.add(lane)
  if (scheduled) return
  scheduled = true
  requestAnimationFrame(() => {
    scheduled = false
    const current = connection()
    showTraffic(current)
    showPresent(current)
    for (const passed of lanesToPulse) pulse(passed)
    lanesToPulse.clear()
    const { readyState = 3, bufferedAmount = 0 } = current?.socket ?? {}
    if (bufferedAmount > 0 && readyState !== WebSocket.CLOSED) showTrafficSoon(connection)
  })
}

/** What the code and the reason in the form would tell. */
export function showCloseHints() {
  const code = input('close-code').value.trim()
  const reason = input('close-reason').value
  element('close-meaning').textContent = code === '' ? text('noCodeSent') : meaningOf(Number(code))
  element('reason-size').textContent = reason === '' ? '' : text('reasonBytes', { count: utf8Length(reason) })
}

/** @param {Connection | undefined} connection */
function showTraffic(connection) {
  for (const way of /** @type {const} */ (['out', 'in'])) {
    const { messages, bytes } = connection?.[way] ?? { messages: 0, bytes: 0 }
    element(`messages-${way}`).textContent = number(messages)
    element(`bytes-${way}`).textContent = size(bytes)
  }
  const waiting = connection?.socket.bufferedAmount ?? 0
  const shown = element('buffered-amount')
  shown.textContent = number(waiting)
  shown.classList.toggle('busy', waiting > 0)
}

/** @param {'out' | 'in'} lane */
function pulse(lane) {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
  const transform = ['translateX(-100%)', 'translateX(100%)']
  if (lane === 'in') transform.reverse()
  element(`lane-${lane}`).animate(
    { transform },
    { duration: PULSE_MS, easing: 'ease-in-out', pseudoElement: '::after' },
  )
}

/** @param {Connection | undefined} connection */
function showEnd(connection) {
  const closed = connection?.closed
  const ended = element('ended')
  ended.hidden = !closed
  if (!connection || !closed) return
  ended.dataset['clean'] = String(closed.wasClean)
  element('ended-code').textContent = String(closed.code)
  element('ended-meaning').textContent = connection.opened ? meaningOf(closed.code) : text('neverOpened')
  element('ended-reason').textContent = reasonOf(connection, closed)
  element('ended-clean').textContent = String(closed.wasClean)
  element('ended-handshake').textContent = text(closed.wasClean ? 'cleanYes' : 'cleanNo')
}

/**
 * @param {Connection} connection
 * @param {CloseEvent} closed
 */
function reasonOf({ ownReason }, { reason }) {
  if (reason) return `“${reason}”`
  return ownReason ? text('ownReason', { reason: ownReason }) : text('noReason')
}

/** @param {Connection | undefined} connection */
function showPresent(connection) {
  const chat = connection?.socket.readyState === WebSocket.OPEN ? connection.chat : undefined
  element('present').hidden = !chat
  const list = element('present-list')
  const shown = JSON.stringify([currentLanguage(), chat])
  if (list.dataset['shown'] === shown) return
  list.dataset['shown'] = shown
  const guests = chat?.present ?? []
  list.replaceChildren(...guests.map((name) => guest(name, name === chat?.name)))
}

/**
 * @param {string} name
 * @param {boolean} isMe
 */
function guest(name, isMe) {
  const item = document.createElement('li')
  item.append(chatFace(name), create('span', 'guest-name', isMe ? `${name} (${text('you')})` : name))
  return item
}

/** @param {string | undefined} value */
function orNone(value) {
  if (value === undefined) return '–'
  return value === '' ? text('none') : value
}
