import { mutated } from './mutation.ts'
import { Random } from './random.ts'
import type { Target } from './target.ts'

/** Feeds a target: first its samples, then what mutation makes of those and of whatever led to something new. */
export class Engine {
  readonly #target: Target
  readonly #random: Random
  readonly #corpus: Uint8Array[]
  readonly #seen = new Set<string>()
  #next = 0

  constructor(target: Target, samples: readonly Uint8Array[], seed: number) {
    this.#target = target
    this.#random = new Random(seed)
    this.#corpus = [new Uint8Array(0), ...samples]
  }

  /** How many different things have happened. */
  get outcomes(): number {
    return this.#seen.size
  }

  /** The input to be fed next. */
  input(): Uint8Array {
    const sample = this.#corpus[this.#next]
    if (sample !== undefined && this.#next < this.#corpus.length) {
      this.#next += 1
      return sample
    }
    return mutated(this.#random.pick(this.#corpus), this.#corpus, this.#target.words, this.#random)
  }

  /** Feeds `input`; throws what the target throws. */
  feed(input: Uint8Array): void {
    const outcome = this.#target.run(input)
    if (this.#seen.has(outcome) || this.#seen.size >= 20_000) return
    this.#seen.add(outcome)
    if (this.#next >= this.#corpus.length) {
      this.#corpus.push(input)
      this.#next = this.#corpus.length
    }
  }
}
