/** Random numbers that a seed determines: the same seed, the same inputs. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** A whole number of 32 bits. */
  next(): number {
    this.#state = (this.#state + 0x9e37_79b9) | 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }

  /** A whole number from 0 up to, but not with, `end`. */
  below(end: number): number {
    return this.next() % end
  }

  /** Small numbers often, large ones now and then. */
  smallBelow(end: number): number {
    return this.below(1 + this.below(end))
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item
  }
}
