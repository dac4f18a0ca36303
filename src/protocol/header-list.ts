/**
 * Header fields in the order received, names as received: a flat array of name, value, name, value, …
 * Look-ups ignore case (RFC 9110 §5.1).
 */
export class HeaderList implements Iterable<readonly [string, string]> {
  readonly #flat: readonly string[]

  constructor(flat: readonly string[]) {
    this.#flat = flat
  }

  static from(fields: Iterable<readonly [string, string]>): HeaderList {
    return new HeaderList([...fields].flat())
  }

  /** Every value of the field `name` (given in lower case), in order. */
  all(name: string): string[] {
    const values: string[] = []
    const flat = this.#flat
    for (let at = 0; at < flat.length; at += 2) {
      if (isNamed(flat[at] as string, name)) values.push(flat[at + 1] as string)
    }
    return values
  }

  /** The values of the field `name` (in lower case) joined by commas (RFC 9110 §5.3), or `undefined` where there is none. */
  get(name: string): string | undefined {
    let joined: string | undefined
    const flat = this.#flat
    for (let at = 0; at < flat.length; at += 2) {
      if (!isNamed(flat[at] as string, name)) continue
      joined = joined === undefined ? (flat[at + 1] as string) : `${joined}, ${flat[at + 1]}`
    }
    return joined
  }

  *[Symbol.iterator](): Iterator<readonly [string, string]> {
    for (let at = 0; at < this.#flat.length; at += 2) {
      yield [this.#flat[at] as string, this.#flat[at + 1] as string]
    }
  }
}

function isNamed(candidate: string, name: string): boolean {
  return candidate.length === name.length && candidate.toLowerCase() === name
}
