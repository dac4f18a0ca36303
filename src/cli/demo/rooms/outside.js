/**
 * Commands for those who come without any library, with the address of this very server and room.
 */

import { button, element } from '../elements.js'
import { text } from '../language.js'

/** @typedef {import('../texts.js').TextKey} TextKey */
/** @typedef {keyof ReturnType<typeof commandsFor>} Way */

const ANSWER_ON_BUTTON_MS = 1_500

export class Outside {
  #room = ''
  /** @type {Way} */
  #way = 'outsideConsole'

  constructor() {
    for (const choice of /** @type {NodeListOf<HTMLInputElement>} */ (
      document.querySelectorAll('input[name="command"]')
    )) {
      choice.checked = choice.value === this.#way
      choice.addEventListener('change', () => {
        this.#way = /** @type {Way} */ (choice.value)
        this.show(this.#room)
      })
    }
    button('copy-command').addEventListener('click', () => void this.#copy())
  }

  /** @param {string} room */
  show(room) {
    this.#room = room
    element('command-hint').textContent = text(/** @type {TextKey} */ (`${this.#way}Hint`))
    element('command').textContent = this.#command
  }

  get #command() {
    return commandsFor(this.#room)[this.#way]
  }

  async #copy() {
    /** @type {TextKey} */
    let answer = 'copied'
    try {
      await navigator.clipboard.writeText(this.#command)
    } catch {
      answer = 'copyFailed' // not a secure context, or the user said no
    }
    element('status').textContent = text(answer)
    const copy = button('copy-command')
    copy.textContent = text(answer)
    setTimeout(() => {
      copy.textContent = text('copyCommand')
    }, ANSWER_ON_BUTTON_MS)
  }
}

/** @param {string} room */
function commandsFor(room) {
  const http = `${location.origin}/channels/room:${room}`
  const ws = http.replace(/^http/, 'ws')
  return {
    outsideConsole: [
      `const socket = new WebSocket('${ws}?name=Console')`,
      'socket.onmessage = ({ data }) => console.log(data)',
      `socket.onopen = () => socket.send('hello')`,
    ].join('\n'),
    outsideHear: `curl -N '${http}?name=Listener'`,
    outsideSay: `curl -d 'hello from curl' '${http}?name=Curl'`,
  }
}
