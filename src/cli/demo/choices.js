/**
 * What a visitor chooses for all pages: colours and language. `preferences.js` applies them before the first paint.
 */

import { input } from './elements.js'
import { currentLanguage, setLanguage } from './language.js'

/**
 * @param {string} key
 * @param {string} value
 */
export function store(key, value) {
  try {
    localStorage.setItem(key, value)
  } catch {
    // Storage is blocked: the choice holds until the page is left.
  }
}

/** @param {string} key */
export function stored(key) {
  try {
    return localStorage.getItem(key) ?? undefined
  } catch {
    return undefined
  }
}

/** @param {() => void} translate puts everything that changes into the language that was chosen */
export function wireChoices(translate) {
  for (const theme of ['auto', 'light', 'dark']) {
    const choice = input(`theme-${theme}`)
    choice.checked = document.documentElement.dataset['theme'] === theme
    choice.addEventListener('change', () => {
      document.documentElement.dataset['theme'] = theme
      store('polyplex.theme', theme)
    })
  }
  const speak = () => {
    input(`language-${currentLanguage()}`).checked = true
    translate()
  }
  for (const language of /** @type {const} */ (['en', 'zh'])) {
    input(`language-${language}`).addEventListener('change', () => {
      setLanguage(language)
      store('polyplex.language', language)
      speak()
    })
  }
  setLanguage(currentLanguage())
  speak()
  document.documentElement.dataset['ready'] = ''
}
