/** Which other nodes there are, by what is heard of them. */
export class NodeSet {
  readonly #heardAt = new Map<string, number>()

  has(node: string): boolean {
    return this.#heardAt.has(node)
  }

  get size(): number {
    return this.#heardAt.size
  }

  /** The node is there at `now`. */
  heard(node: string, now: number): void {
    this.#heardAt.set(node, now)
  }

  /** The node is gone. False where it was not there. */
  gone(node: string): boolean {
    return this.#heardAt.delete(node)
  }

  /** Forgets those of whom nothing was heard since `before`, and answers with their names. */
  expire(before: number): string[] {
    const silent = [...this.#heardAt].filter(([, heardAt]) => heardAt < before).map(([node]) => node)
    for (const node of silent) this.#heardAt.delete(node)
    return silent
  }
}
