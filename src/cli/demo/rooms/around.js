/**
 * Beside the conversation: the rooms with what is unread in them, and who is in the one that is looked at.
 */

import { create, element } from '../elements.js'
import { number, text } from '../language.js'
import { chatFace } from '../log-row.js'
import { roomName } from './conversation.js'

/** @typedef {import('./room.js').Room} Room */

/**
 * @param {readonly Room[]} rooms
 * @param {Room} current
 * @param {(room: Room) => void} choose
 */
export function showRooms(rooms, current, choose) {
  const list = element('rooms')
  for (const [index, room] of rooms.entries()) {
    const known = /** @type {HTMLButtonElement | undefined} */ (list.children[index])
    const button = known ?? document.createElement('button')
    if (known === undefined) {
      button.type = 'button'
      button.className = 'room'
      button.dataset['room'] = room.id
      button.append(create('span', 'room-name'), create('span', 'unread'))
      button.addEventListener('click', () => choose(room))
      list.append(button)
    }
    const [name, unread] = button.children
    button.ariaPressed = String(room === current)
    if (name) name.textContent = roomName(room.id)
    if (!(unread instanceof HTMLElement)) continue
    unread.hidden = room.unread === 0
    unread.textContent = room.unread > 99 ? '99+' : number(room.unread)
    unread.ariaLabel = text('unread', { count: number(room.unread) })
  }
}

/** @param {Room} room */
export function showPeople(room) {
  const people = room.people()
  element('people-count').textContent = number(people.length)
  const items = people.map(({ user, name, devices, typing, via }) => {
    const item = create('li', 'person')
    item.dataset['user'] = user
    const face = chatFace(name)
    const label = create('bdi', 'person-name', name)
    item.append(face, label)
    if (user === room.user) item.append(create('span', 'note', `(${text('you')})`))
    if (devices > 1) item.append(badge(`×${number(devices)}`, text('devices', { count: number(devices) })))
    if (via === 'plain') item.append(badge(text('viaPlain'), text('viaPlainHint')))
    if (typing && user !== room.user) {
      const mark = create('span', 'typing-mark', '•••')
      mark.role = 'img'
      mark.ariaLabel = text('typingMark')
      item.append(mark)
    }
    return item
  })
  if (items.length === 0) items.push(create('li', 'note', text('nobodyYet')))
  element('people').replaceChildren(...items)
}

/**
 * @param {string} words
 * @param {string} hint
 */
function badge(words, hint) {
  const made = create('span', 'badge', words)
  made.title = hint
  return made
}
