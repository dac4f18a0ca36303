/**
 * Orders to the server about this page's link. They go by requests of their own, so that they arrive when the link is broken.
 */

import { button, element, input, showProblem } from '../elements.js'
import { text } from '../language.js'

/** @typedef {'open' | 'slow' | 'stalled' | 'offline'} Passage */
/** @typedef {import('../texts.js').TextKey} TextKey */

export class NetworkPanel {
  /** @type {Passage} */
  #passage = 'open'
  #url
  #journal

  /**
   * @param {string} url where orders go
   * @param {import('./journal.js').Journal} journal
   */
  constructor(url, journal) {
    this.#url = url
    this.#journal = journal
    button('cut').addEventListener('click', () => {
      journal.add('panel', 'journalCut')
      void this.#order({ cut: true })
    })
    button('forget').addEventListener('click', () => {
      journal.add('panel', 'journalForget')
      void this.#order({ forget: true })
    })
    for (const choice of this.#choices()) choice.addEventListener('change', () => this.#choose(choice.value))
    const block = input('block')
    block.addEventListener('change', () => {
      journal.add('panel', block.checked ? 'journalBlock' : 'journalUnblock')
      // A proxy that blocks was always there: what is open goes too.
      void this.#order({ blocksWebSocket: block.checked, cut: block.checked })
    })
    // A reload may bring back what a form showed; the link of a new page is open.
    block.checked = false
    for (const choice of this.#choices()) choice.checked = choice.value === 'open'
  }

  translate() {
    element('passage-hint').textContent = text(/** @type {TextKey} */ (`${this.#key}Hint`))
  }

  get #key() {
    return /** @type {TextKey} */ (`passage${this.#passage[0]?.toUpperCase()}${this.#passage.slice(1)}`)
  }

  #choices() {
    return /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('input[name="passage"]'))
  }

  /** @param {string} value */
  #choose(value) {
    this.#passage = /** @type {Passage} */ (value)
    this.translate()
    const key = this.#key
    this.#journal.add('panel', 'journalPassage', () => ({ passage: text(key) }))
    void this.#order({ passage: value })
  }

  /** @param {object} order */
  async #order(order) {
    try {
      const response = await fetch(this.#url, { method: 'POST', body: JSON.stringify(order) })
      showProblem('panel-problem', response.ok ? '' : text('panelFailed'))
    } catch {
      showProblem('panel-problem', text('panelFailed'))
    }
  }
}
