/**
 * One room as this page knows it: what was said, what of it is new, who is here. It shows nothing.
 */

import { store, stored } from '../choices.js'
import { randomWord } from './visitor.js'

/** @typedef {ReturnType<import('polyplex').Connection['channel']>} Channel */
/** @typedef {import('polyplex').CallError} CallError */
/** @typedef {{ user: string, name: string, text: string, via: string, key?: string }} Message what the server publishes */
/** @typedef {{ user: string, name: string, devices: number, typing: boolean, via: string }} Person */

/**
 * @typedef {object} Item
 * @property {string} name
 * @property {string} user
 * @property {string} text
 * @property {string} via
 * @property {number} at milliseconds since 1970
 * @property {string} [key] its sender's own name for it
 * @property {number} [offset] where it stands in the room; nothing as long as nobody knows
 * @property {CallError | undefined} [refusal]
 * @property {boolean} [sentHere] on this page, which shows what becomes of it
 */

const MOST_ITEMS = 300
const HISTORY = 100
/** A message may wait so long for the network. */
const PATIENCE_MS = 3_600_000
const TYPING_EVERY_MS = 2_000

export class Room {
  /** Oldest first; what the server has not placed yet stands at the end. @type {Item[]} */
  items = []
  unread = 0
  /** @type {'joining' | 'joined' | 'refused'} */
  status = 'joining'
  /** @type {Error | undefined} */
  refusal
  /** Who this page is, as others see it. */
  user = ''
  #channel
  #changed
  #visitor
  #typedAt = Number.NEGATIVE_INFINITY
  #typing = false
  #seen = { epoch: '', offset: 0 }
  #looking = false

  /**
   * @param {string} id
   * @param {Channel} channel
   * @param {import('./visitor.js').Visitor} visitor
   * @param {(what: 'messages' | 'people', facts?: { news?: Item, came?: string[], went?: string[] }) => void} changed
   */
  constructor(id, channel, visitor, changed) {
    this.id = id
    this.#channel = channel
    this.#visitor = visitor
    this.#changed = changed
    this.#seen = JSON.parse(stored(this.#seenKey) ?? 'null') ?? this.#seen
    channel.on('message', (body, { offset }) => this.#heard(/** @type {Message} */ (body), offset))
    channel.when('reset', () => void this.#load())
    channel.presence.subscribe(({ joins, leaves }) => this.#moved([...joins.keys()], leaves))
  }

  async enter() {
    try {
      const { user } = /** @type {{ user: string }} */ (await this.#channel.join())
      this.user = user
      this.status = 'joined'
      await this.#load()
    } catch (error) {
      this.status = 'refused'
      this.refusal = /** @type {Error} */ (error)
      this.#changed('messages')
    }
  }

  /** Everybody who is here, this visitor first. @returns {Person[]} */
  people() {
    const people = [...this.#channel.presence].flatMap(([user, entries]) => {
      const metas = entries.map(({ meta }) => /** @type {Partial<Person> | undefined} */ (meta))
      const last = metas.at(-1)
      if (last?.name === undefined) return []
      const typing = metas.some((meta) => meta?.typing)
      return [{ user, name: last.name, via: last.via ?? '', devices: entries.length, typing }]
    })
    const rank = (/** @type {Person} */ { user }) => (user === this.user ? 0 : 1)
    return people.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
  }

  /** Whether somebody looks at this room: then everything in it is read. @param {boolean} looking */
  look(looking) {
    this.#looking = looking
    if (looking) this.#markSeen()
  }

  /** @param {string} text */
  say(text) {
    const { name } = this.#visitor
    const item = {
      name,
      user: this.user,
      text,
      via: 'native',
      at: Date.now(),
      key: randomWord(22),
      sentHere: true,
    }
    this.items.push(item)
    this.#typing = false
    void this.#post(item)
  }

  /** @param {Item} item that was refused */
  sayAgain(item) {
    const waitMs = item.refusal?.retryAfterMs ?? 0
    item.refusal = undefined
    this.#changed('messages')
    setTimeout(() => void this.#post(item), waitMs)
  }

  /** @param {Item} item that was refused */
  forget(item) {
    this.items = this.items.filter((one) => one !== item)
    this.#changed('messages')
  }

  /** The server forgets by itself who stopped, and who said something. @param {boolean} types */
  type(types) {
    const now = performance.now()
    if (types ? this.#typing && now - this.#typedAt < TYPING_EVERY_MS : !this.#typing) return
    if (types) this.#typedAt = now
    this.#typing = types
    this.#channel.send('typing', types)
  }

  /** @param {string} name @returns {Promise<unknown>} */
  rename(name) {
    return this.#channel.call('rename', name)
  }

  get #seenKey() {
    return `polyplex.seen.${this.id}`
  }

  /** @param {Item} item @returns {Promise<void>} */
  async #post(item) {
    this.#changed('messages')
    try {
      const said = { text: item.text, key: item.key }
      const answer = await this.#channel.call('message', said, { deadlineMs: PATIENCE_MS })
      this.#place(item, /** @type {{ offset: number }} */ (answer).offset)
    } catch (error) {
      // Its session is gone, and with it the answer. Said again under the same key, it is heard once.
      if (/** @type {CallError} */ (error).code === 'ERR_SESSION') return this.#post(item)
      item.refusal = /** @type {CallError} */ (error)
    }
    this.#changed('messages')
  }

  /**
   * @param {Message} body
   * @param {number | undefined} offset
   * @param {number} [at]
   */
  #heard(body, offset, at = Date.now()) {
    const item = this.#take(body, offset, at)
    if (item === undefined) return
    const isNew = item.user !== this.user
    if (isNew && !this.#looking) this.unread += 1
    if (this.#looking) this.#markSeen()
    this.#changed('messages', isNew ? { news: item } : {})
  }

  /**
   * Puts a message where it belongs. Nothing where it is here already.
   *
   * @param {Message} body
   * @param {number | undefined} offset
   * @param {number} at
   */
  #take(body, offset, at) {
    if (offset === undefined || this.items.some((item) => item.offset === offset)) return undefined
    const mine = this.items.find(({ key, sentHere }) => sentHere && key === body.key)
    const item = mine ?? { ...body, at }
    this.#place(item, offset)
    return item
  }

  /**
   * @param {Item} item
   * @param {number} offset
   */
  #place(item, offset) {
    item.offset = offset
    item.refusal = undefined
    if (!this.items.includes(item)) this.items.push(item)
    const last = Number.MAX_SAFE_INTEGER
    this.items.sort((a, b) => (a.offset ?? last) - (b.offset ?? last))
    if (this.items.length > MOST_ITEMS) this.items.splice(0, this.items.length - MOST_ITEMS)
  }

  /** What was said before. Everything that was placed is asked for anew: where something was missed, places have changed. */
  async #load() {
    try {
      const { at, messages } = await this.#channel.history({ limit: HISTORY })
      const isSame = at.epoch === this.#seen.epoch
      const isFirst = this.#seen.epoch === ''
      if (!isSame) this.items = this.items.filter(({ offset }) => offset === undefined)
      for (const { event, body, offset, time } of messages) {
        if (event === 'message') this.#take(/** @type {Message} */ (body), offset, time)
      }
      const isUnread = (/** @type {Item} */ { offset = 0, user }) =>
        user !== this.user && offset > (isSame ? this.#seen.offset : 0)
      this.unread = isFirst || this.#looking ? 0 : this.items.filter(isUnread).length
      if (isFirst || this.#looking) this.#markSeen()
    } catch {
      // The session is over, or asks again after the next reset.
    }
    this.#changed('messages')
  }

  #markSeen() {
    this.unread = 0
    const { position } = this.#channel
    if (position === undefined) return
    this.#seen = position
    store(this.#seenKey, JSON.stringify(position))
  }

  /**
   * @param {string[]} joined
   * @param {ReadonlyMap<string, readonly { meta?: unknown }[]>} leaves
   */
  #moved(joined, leaves) {
    const nameOf = (/** @type {string} */ user) => {
      const entry = this.#channel.presence.get(user)?.at(-1) ?? leaves.get(user)?.at(-1)
      return /** @type {Partial<Person> | undefined} */ (entry?.meta)?.name ?? ''
    }
    const isHere = (/** @type {string} */ user) => this.#channel.presence.has(user)
    const came = joined.filter((user) => !leaves.has(user) && user !== this.user && isHere(user))
    const went = [...leaves.keys()].filter((user) => !isHere(user))
    this.#changed('people', { came: came.map(nameOf), went: went.map(nameOf) })
  }
}
