/**
 * What happened to the connection, newest at the end.
 */

import { create, element } from '../elements.js'
import { currentLanguage, text } from '../language.js'

/** @typedef {import('../texts.js').TextKey} TextKey */
/** @typedef {import('../texts.js').TextValues} TextValues */

const MOST_ENTRIES = 200

export class Journal {
  /** @type {{ at: number, key: TextKey, values: () => TextValues, kind: string }[]} */
  #entries = []
  #list = element('journal')

  /**
   * @param {'good' | 'bad' | 'panel' | 'note'} kind
   * @param {TextKey} key
   * @param {() => TextValues} [values] in the language of the moment
   */
  add(kind, key, values = () => ({})) {
    const entry = { at: Date.now(), kind, key, values }
    this.#entries.push(entry)
    this.#list.append(this.#row(entry))
    if (this.#entries.length > MOST_ENTRIES) {
      this.#entries.shift()
      this.#list.firstElementChild?.remove()
    }
    this.#list.scrollTop = this.#list.scrollHeight
  }

  translate() {
    this.#list.replaceChildren(...this.#entries.map((entry) => this.#row(entry)))
    this.#list.scrollTop = this.#list.scrollHeight
  }

  /** @param {{ at: number, key: TextKey, values: () => TextValues, kind: string }} entry */
  #row({ at, key, values, kind }) {
    const row = create('li', 'happened')
    row.dataset['kind'] = kind
    row.dataset['what'] = key
    const time = new Date(at).toLocaleTimeString(currentLanguage(), { hour12: false })
    row.append(create('time', 'note', time), create('span', '', text(key, values())))
    return row
  }
}
