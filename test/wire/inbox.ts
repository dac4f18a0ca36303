/** A queue that can be waited at: whoever tests looks at what happened in the order in which it happened. */
export class Inbox<Item> {
  readonly #items: Item[] = []
  readonly #waiting: ((item: Item) => void)[] = []

  readonly push = (item: Item): void => {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#items.push(item)
    else waiting(item)
  }

  /** The oldest item that nobody has taken, as soon as there is one. */
  next(): Promise<Item> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift() as Item)
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  /** Everything that nobody has taken. */
  rest(): Item[] {
    return this.#items.splice(0)
  }

  get length(): number {
    return this.#items.length
  }
}
