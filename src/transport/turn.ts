import { Arena } from '../protocol/output.ts'

/** Something with output to send at the end of the turn. */
export interface Flushable {
  flush(): void
}

/**
 * Gathers everything that is sent during one turn of the event loop, so that each connection writes once:
 * measured as 9 to 12 times less CPU per message than a write per message, at 16 messages in flight.
 * The runtime says how to be called when the turn ends.
 */
export class Turn {
  readonly arena = new Arena()
  readonly #atEnd: (flush: () => void) => void
  readonly #flushAll: () => void
  #waiting: Flushable[] = []

  constructor(atEnd: (flush: () => void) => void) {
    this.#atEnd = atEnd
    this.#flushAll = () => this.flush()
  }

  /** Calls `flushable.flush()` when this turn ends. */
  schedule(flushable: Flushable): void {
    if (this.#waiting.push(flushable) === 1) this.#atEnd(this.#flushAll)
  }

  /** Ends the turn now: for a program that is about to exit. */
  flush(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const flushable of waiting) flushable.flush()
    // A flush may have caused new output, which still points into the arena.
    if (this.#waiting.length === 0) this.arena.recycle()
  }
}
