/**
 * The language the page speaks at the moment, and what depends on it.
 */

import { closeMeaning, languageOf, textIn } from './texts.js'

/** @typedef {import('./texts.js').Language} Language */
/** @typedef {import('./texts.js').TextKey} TextKey */
/** @typedef {import('./texts.js').TextValues} TextValues */

/** `preferences.js` has set the page's language by now. */
let language = languageOf(document.documentElement.lang)
let numbers = new Intl.NumberFormat(language)

export function currentLanguage() {
  return language
}

/** @param {Language} chosen */
export function setLanguage(chosen) {
  language = chosen
  numbers = new Intl.NumberFormat(language)
  document.documentElement.lang = language === 'zh' ? 'zh-Hans' : 'en'
  translate('data-text', (found, words) => {
    found.textContent = words
  })
  for (const attribute of ['aria-label', 'placeholder', 'title']) {
    translate(`data-text-${attribute}`, (found, words) => found.setAttribute(attribute, words))
  }
}

/**
 * @param {string} attribute whose value is a text's key
 * @param {(found: Element, words: string) => void} put
 */
function translate(attribute, put) {
  for (const found of document.querySelectorAll(`[${attribute}]`)) {
    put(found, text(/** @type {TextKey} */ (found.getAttribute(attribute))))
  }
}

/**
 * @param {TextKey} key
 * @param {TextValues} [values]
 */
export function text(key, values) {
  return textIn(language, key, values)
}

/** @param {number} value */
export function number(value) {
  return numbers.format(value)
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`
  let value = bytes / 1024
  let unit = 'KiB'
  for (const larger of ['MiB', 'GiB']) {
    if (value < 1024) break
    value /= 1024
    unit = larger
  }
  return `${value < 10 ? value.toFixed(1) : number(Math.round(value))} ${unit}`
}

/** @param {number} code a close code */
export function meaningOf(code) {
  return closeMeaning(code, language)
}
