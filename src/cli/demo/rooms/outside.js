/**
 * Commands for those who come without any library, with the address of this very server and room.
 */

import { create, element } from '../elements.js'
import { text } from '../language.js'

/** @typedef {import('../texts.js').TextKey} TextKey */

const ANSWER_ON_BUTTON_MS = 1_500

/** @param {string} room */
export function commandsFor(room) {
  const http = `${location.origin}/channels/room:${room}`
  const ws = http.replace(/^http/, 'ws')
  return {
    outsideConsole: [
      `const socket = new WebSocket('${ws}?name=Console')`,
      `socket.onmessage = ({ data }) => console.log(data)`,
      `socket.onopen = () => socket.send('hello from the console')`,
    ].join('\n'),
    outsideHear: `curl -N '${http}?name=Listener'`,
    outsideSay: `curl -d 'hello from curl' '${http}?name=Curl'`,
  }
}

/** @param {string} room */
export function showCommands(room) {
  const blocks = Object.entries(commandsFor(room)).map(([key, command]) => {
    const block = create('div', 'command')
    const title = create('h3', '', text(/** @type {TextKey} */ (key)))
    const code = create('pre', 'snippet', command)
    code.id = key
    code.tabIndex = 0
    const copy = create('button', 'quiet', text('copyCommand'))
    copy.ariaLabel = `${text('copyCommand')}: ${title.textContent}`
    copy.addEventListener('click', () => void copyFrom(copy, command))
    block.append(title, copy, code)
    return block
  })
  element('commands').replaceChildren(...blocks)
}

/**
 * @param {HTMLElement} copy
 * @param {string} command
 */
async function copyFrom(copy, command) {
  let isCopied = true
  try {
    await navigator.clipboard.writeText(command)
  } catch {
    isCopied = false // not a secure context, or the user said no
  }
  const answer = text(isCopied ? 'copied' : 'copyFailed')
  copy.textContent = answer
  element('status').textContent = answer
  setTimeout(() => {
    copy.textContent = text('copyCommand')
  }, ANSWER_ON_BUTTON_MS)
}
