/**
 * Who this visitor is, on this device and for good: a secret that only the server learns, and a name.
 */

import { store, stored } from '../choices.js'

const SECRET_KEY = 'polyplex.secret'
const NAME_KEY = 'polyplex.name'

/** So many characters of a word that nobody can guess. `randomUUID` is for secure pages alone. @param {number} length */
export function randomWord(length) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => letters[byte % 64]).join('')
}

export class Visitor {
  #secret = stored(SECRET_KEY) ?? randomWord(32)
  #tokens = 0

  constructor() {
    store(SECRET_KEY, this.#secret)
    const given = stored(NAME_KEY)?.trim()
    this.name = given || `Guest ${100 + ((crypto.getRandomValues(new Uint16Array(1))[0] ?? 0) % 900)}`
    store(NAME_KEY, this.name)
  }

  /** Another one each time, so that it is worth a try where the one before was refused. */
  token() {
    this.#tokens += 1
    return `${this.#secret}~${this.#tokens}`
  }

  /** @param {string} name */
  rename(name) {
    this.name = name
    store(NAME_KEY, name)
  }
}
