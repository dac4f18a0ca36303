/** A value that changes, and tells. Fits what user interfaces take: `subscribe` and `value`. */
export interface Observable<Value> {
  /** The value now. */
  readonly value: Value
  /** Calls `listener` with each value from now on; what it answers ends that. */
  subscribe(listener: (value: Value) => void): () => void
}

/** Listeners, by what they listen to. What they throw goes to `report`, and the others still hear. */
export class Listeners<Arguments extends readonly unknown[]> {
  readonly #lists = new Map<string, Set<(...values: Arguments) => unknown>>()
  readonly #report: (error: unknown) => void

  constructor(report: (error: unknown) => void) {
    this.#report = report
  }

  /** Adds a listener; what it answers takes it off again. */
  add(name: string, listener: (...values: Arguments) => unknown): () => void {
    // The same function may listen twice.
    const one = (...values: Arguments): unknown => listener(...values)
    const list = this.#lists.get(name) ?? new Set()
    this.#lists.set(name, list.add(one))
    return () => void list.delete(one)
  }

  /** False where nobody listens. */
  tell(name: string, ...values: Arguments): boolean {
    const list = this.#lists.get(name)
    if (!list?.size) return false
    for (const listener of [...list]) {
      try {
        const answer = listener(...values)
        if (answer instanceof Promise) answer.catch(this.#report)
      } catch (error) {
        this.#report(error)
      }
    }
    return true
  }
}

/** An `Observable` whose owner sets it. */
export class Variable<Value> extends Listeners<[Value]> implements Observable<Value> {
  #value: Value

  constructor(value: Value, report: (error: unknown) => void) {
    super(report)
    this.#value = value
  }

  get value(): Value {
    return this.#value
  }

  set(value: Value): void {
    this.#value = value
    this.tell('', value)
  }

  subscribe(listener: (value: Value) => void): () => void {
    return this.add('', listener)
  }
}
