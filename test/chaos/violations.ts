/** What must not happen, and did. The first of each kind are kept word for word; all are counted. */
export class Violations {
  readonly counts = new Map<string, number>()
  readonly examples: string[] = []

  add(kind: 'lost' | 'doubled' | 'out of order' | 'reset not explained' | 'wrong', what: string): void {
    const count = (this.counts.get(kind) ?? 0) + 1
    this.counts.set(kind, count)
    if (count <= 5) this.examples.push(`${kind}: ${what}`)
  }

  of(kind: string): number {
    return this.counts.get(kind) ?? 0
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0)
  }
}

/** Numbers of one sender, 1 and up. Each must come once and in order; some may be missing where that is explained later. */
export class Sequence {
  last = 0
  readonly missing = new Set<number>()
  readonly #name: string
  readonly #violations: Violations

  constructor(name: string, violations: Violations) {
    this.#name = name
    this.#violations = violations
  }

  take(number: number): void {
    if (this.missing.has(number)) {
      this.#violations.add('out of order', `${this.#name}: ${number} after ${this.last}`)
      this.missing.delete(number)
    } else if (number <= this.last) {
      this.#violations.add('doubled', `${this.#name}: ${number} after ${this.last}`)
    } else {
      for (let missed = this.last + 1; missed < number; missed++) this.missing.add(missed)
      this.last = number
    }
  }
}
