/**
 * The chat: one `connect`, a channel for each room and one for the proof, and the parts of the page around them.
 */

import { wireChoices } from '../choices.js'
import { button, element, input, showProblem } from '../elements.js'
import { number, text } from '../language.js'
import { connect } from '../polyplex/index.browser.js'
import { showPeople, showRooms } from './around.js'
import { Conversation, roomName } from './conversation.js'
import { Journal } from './journal.js'
import { LedgerPanel } from './ledger-panel.js'
import { LinkState, over, whyOf } from './link-state.js'
import { NetworkPanel } from './network-panel.js'
import { Outside } from './outside.js'
import { Room } from './room.js'
import { randomWord, Visitor } from './visitor.js'

const ROOMS = ['lobby', 'kitchen', 'workshop', 'rooftop']
const ANNOUNCED_CHARACTERS = 200

// Links of before to an endpoint of the bench.
if (/^#\/\w+$/.test(location.hash)) location.replace(`websocket.html${location.hash}`)

const visitor = new Visitor()
const link = randomWord(22)
const journal = new Journal()
const connection = connect(`/live/${link}`, {
  auth: () => visitor.token(),
  reconnect: { firstMs: 600, maxMs: 5_000 },
  openTimeoutMs: 4_000,
})
const panel = new NetworkPanel(`/links/${link}`, journal)
const outside = new Outside()
const conversation = new Conversation()
const ledger = new LedgerPanel(connection.channel(`probe:${randomWord(22)}`), journal)
const linkState = new LinkState(connection.state.value, () => connection.queuedBytes)

const rooms = ROOMS.map((id) => {
  const channel = connection.channel(`room:${id}`, { name: visitor.name })
  channel.when('resumed', ({ replayed }) => {
    if (replayed > 0)
      journal.add('good', 'journalCaughtUp', () => ({ channel: roomName(id), count: number(replayed) }))
  })
  channel.when('reset', ({ reason }) =>
    journal.add('bad', 'journalGap', () => ({ channel: roomName(id), reason })),
  )
  /** @type {Room} */
  const room = new Room(id, channel, visitor, (what, facts) => changed(room, what, facts))
  return room
})
let current = /** @type {Room} */ (rooms.find(({ id }) => location.hash === `#${id}`) ?? rooms[0])

// ── The connection ──────────────────────────────────────────────────────────────────────────────

connection.state.subscribe((state) => {
  linkState.show(state)
  conversation.connected(state.status === 'open')
  showTitle()
  if (state.status === 'open') {
    const { transport } = state
    journal.add('note', 'journalOpen', () => ({ over: over(transport) }))
    announce(text('linkOpen'))
  } else if (state.status !== 'connecting' || state.reason?.why === 'unauthorized') {
    const { reason } = state
    journal.add('bad', 'journalLost', () => ({ why: whyOf(reason) }))
    announce(whyOf(reason))
  }
})
connection.when('resumed', ({ replayed }) => {
  journal.add('good', replayed > 0 ? 'journalResumed' : 'journalResumedNone', () => ({
    count: number(replayed),
  }))
})
connection.when('reset', ({ reason, unconfirmed }) => {
  journal.add('bad', 'journalReset', () => ({ reason, count: number(unconfirmed) }))
})
connection.when('error', (error) => {
  const { code, message } = /** @type {import('polyplex').CallError} */ (error)
  journal.add('bad', 'journalError', () => ({ code: code ?? '', message }))
})

// ── Rooms ───────────────────────────────────────────────────────────────────────────────────────

/**
 * @param {Room} room
 * @param {'messages' | 'people'} what
 * @param {{ news?: import('./room.js').Item, came?: string[], went?: string[] }} [facts]
 */
function changed(room, what, { news, came = [], went = [] } = {}) {
  if (what === 'messages') {
    showRooms(rooms, current, choose)
    showTitle()
    if (room !== current) return
    if (news !== undefined) {
      conversation.news()
      announce(text('saidBy', { name: news.name, text: news.text.slice(0, ANNOUNCED_CHARACTERS) }))
    }
    conversation.show()
  } else if (room === current) {
    showPeople(room)
    conversation.showTyping()
    for (const name of came) announce(text('cameIn', { name }))
    for (const name of went) announce(text('wentOut', { name }))
  }
}

/** @param {Room} room */
function choose(room) {
  current.look(false)
  current = room
  history.replaceState(null, '', `#${room.id}`)
  look()
  conversation.open(room)
  showRooms(rooms, current, choose)
  showPeople(room)
  outside.show(room.id)
  if (!matchMedia('(pointer: coarse)').matches) conversation.focus()
}

/** What cannot be seen is not read. */
function look() {
  current.look(!document.hidden)
  showRooms(rooms, current, choose)
  showTitle()
}

/** @param {string} wanted */
async function rename(wanted) {
  const name = wanted.trim()
  if (name === visitor.name) return
  try {
    await Promise.all(rooms.map((room) => room.rename(name)))
    visitor.rename(name)
    for (const { id } of rooms) connection.channel(`room:${id}`, { name })
    showProblem('name-problem', '')
  } catch (error) {
    const { message } = /** @type {Error} */ (error)
    showProblem('name-problem', text('nameRefused', { message }), input('name'))
  }
}

// ── What the page shows and says ────────────────────────────────────────────────────────────────

/** Tells a screen reader. @param {string} words */
function announce(words) {
  element('status').textContent = words
}

function showTitle() {
  const unread = rooms.reduce((sum, room) => sum + room.unread, 0)
  const lamp = connection.state.value.status === 'open' ? '● ' : ''
  document.title = `${lamp}${unread > 0 ? `(${unread}) ` : ''}${text('roomsTitle')}`
}

function translate() {
  conversation.translate()
  ledger.translate()
  panel.translate()
  journal.translate()
  linkState.show()
  showRooms(rooms, current, choose)
  showPeople(current)
  outside.show(current.id)
  showTitle()
}

// ── Wiring ──────────────────────────────────────────────────────────────────────────────────────

input('name').value = visitor.name
element('name-form').addEventListener('submit', (event) => {
  event.preventDefault()
  void rename(input('name').value)
  conversation.focus()
})
input('name').addEventListener('change', () => void rename(input('name').value))
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !event.isComposing) conversation.focus()
})
button('try-now').addEventListener('click', () => connection.reconnect())
document.addEventListener('visibilitychange', look)

wireChoices(translate)
conversation.open(current)
look()
for (const room of rooms) void room.enter()
void ledger.start()
