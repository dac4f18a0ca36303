import { type CallMaker, CallsMade } from '../../src/rpc/calls-made.ts'
import { type AnswerSink, CallsTaken, type Handler } from '../../src/rpc/calls-taken.ts'

/** What a caller heard, in order. */
export class Heard implements CallMaker<unknown> {
  readonly all: [what: string, value?: unknown][] = []
  reply(value: unknown): void {
    this.all.push(['reply', value])
  }
  error(error: Error): void {
    this.all.push(['error', (error as { code?: string }).code ?? error.message])
  }
  item(value: unknown): void {
    this.all.push(['item', value])
  }
  end(): void {
    this.all.push(['end'])
  }
  more(items: number): void {
    this.all.push(['more', items])
  }
}

/** Two ends with a wire in between: frames wait on it until `deliver`. */
export class Wire {
  readonly made = new CallsMade<unknown>()
  readonly #frames: (() => void)[] = []
  #handler: Handler<unknown> = () => undefined
  readonly taken: CallsTaken<unknown>

  constructor(handler: Handler<unknown>) {
    this.#handler = handler
    const { made } = this
    const sink: AnswerSink<unknown> = {
      reply: (to, value) => this.#frames.push(() => made.reply(to, value)),
      error: (to, error) => this.#frames.push(() => made.error(to, error as Error)),
      item: (to, value) => this.#frames.push(() => made.item(to, value)),
      end: (to) => this.#frames.push(() => made.end(to)),
      more: (to, items) => this.#frames.push(() => made.more(to, items)),
    }
    this.taken = new CallsTaken(sink)
  }

  /** Makes a call, and has it taken at once. */
  call(id: number, deadline = Number.POSITIVE_INFINITY): Heard {
    const heard = new Heard()
    this.made.add(id, heard, deadline)
    this.taken.take(id, deadline, this.#handler)
    return heard
  }

  get underWay(): number {
    return this.#frames.length
  }

  /** Delivers the frames that wait, and those they cause, until nothing moves any more. */
  async deliver(): Promise<void> {
    for (let idle = 0; idle < 5; idle++) {
      const frame = this.#frames.shift()
      if (frame === undefined) await new Promise(setImmediate)
      else {
        idle = -1
        frame()
      }
    }
  }
}
