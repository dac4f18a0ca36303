/**
 * The connection's one state, in plain words.
 */

import { button, element } from '../elements.js'
import { number, size, text } from '../language.js'

/** @typedef {import('polyplex').ConnectionState} ConnectionState */
/** @typedef {import('polyplex').Reason} Reason */
/** @typedef {import('../texts.js').TextKey} TextKey */

/** @type {Readonly<Record<string, TextKey>>} */
const transports = {
  websocket: 'overWebsocket',
  stream: 'overStream',
  events: 'overEvents',
  poll: 'overPoll',
}

/** @param {string} transport */
export function over(transport) {
  return text(transports[transport] ?? 'overTransport', { transport })
}

/** @param {Reason | undefined} reason */
export function whyOf(reason) {
  if (reason === undefined) return ''
  const key = `why${reason.why[0]?.toUpperCase()}${reason.why.slice(1)}`
  return text(/** @type {TextKey} */ (key), { status: reason.status ?? '' })
}

/** Shows the state; the seconds that are left count down. */
export class LinkState {
  /** @type {ConnectionState} */
  #state
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #countdown
  #queuedBytes

  /**
   * @param {ConnectionState} state
   * @param {() => number} queuedBytes that wait to be sent
   */
  constructor(state, queuedBytes) {
    this.#state = state
    this.#queuedBytes = queuedBytes
  }

  /** @param {ConnectionState} state */
  show(state = this.#state) {
    this.#state = state
    clearInterval(this.#countdown)
    this.#countdown = undefined
    const main = document.querySelector('main')
    if (main) main.dataset['status'] = state.status
    this.#showWords(state)
    element('link-over').textContent = 'transport' in state ? over(state.transport) : ''
    button('try-now').hidden = state.status === 'open' || state.status === 'connecting'
    if (state.status !== 'open' && state.status !== 'closed') {
      this.#countdown = setInterval(() => this.#showWords(state), 1_000)
    }
  }

  /** @param {ConnectionState} state */
  #showWords(state) {
    const words = this.#words(state)
    element('link-state').textContent = words
    element('pill-text').textContent = words
    element('link-why').textContent = this.#why(state)
  }

  /** @param {ConnectionState} state */
  #why(state) {
    if (state.status === 'open') return text('linkOpenHint')
    const waiting = this.#queuedBytes()
    return [
      state.status === 'offline' ? text('deviceOffline') : '',
      whyOf(state.reason),
      waiting > 0 ? text('queued', { size: size(waiting) }) : '',
    ].join(' ')
  }

  /** @param {ConnectionState} state */
  #words(state) {
    switch (state.status) {
      case 'open':
        return text('linkOpen')
      case 'connecting':
        return text('linkConnecting')
      case 'waiting':
        return Number.isFinite(state.until)
          ? text('linkWaiting', {
              seconds: number(Math.max(1, Math.ceil((state.until - Date.now()) / 1_000))),
            })
          : text('linkWaitingPut')
      case 'offline':
        return text('linkOffline')
      case 'refused':
        return text('linkRefused')
      default:
        return text('linkClosed')
    }
  }
}
