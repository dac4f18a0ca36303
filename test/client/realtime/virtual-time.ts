import type { Alarm, Time } from '../../../src/client/realtime/time.ts'

interface Task {
  readonly at: number
  readonly order: number
  run(): void
}

/** Time whose hands the test turns; chance is what it says. */
export class VirtualTime implements Time {
  chance = 0.5
  #now = 1_000_000
  #order = 0
  readonly #tasks = new Set<Task>()

  now(): number {
    return this.#now
  }

  random(): number {
    return this.chance
  }

  /** Runs `run` in so many milliseconds; answers how to prevent it. */
  later(delayMs: number, run: () => void): () => void {
    this.#order += 1
    const task: Task = { at: this.#now + delayMs, order: this.#order, run }
    this.#tasks.add(task)
    return () => void this.#tasks.delete(task)
  }

  alarm(ring: () => void): Alarm {
    let cancel = (): void => {}
    return {
      set: (time) => {
        cancel()
        if (time !== undefined && time !== Number.POSITIVE_INFINITY)
          cancel = this.later(time - this.#now, ring)
      },
    }
  }

  /** Lets so many milliseconds pass, and everything happen in them. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let task = this.#next(end); task !== undefined; task = this.#next(end)) {
      this.#tasks.delete(task)
      this.#now = Math.max(this.#now, task.at)
      task.run()
    }
    this.#now = end
  }

  /** The clock jumps, and nobody was there to see it: the machine slept. */
  sleep(ms: number): void {
    this.#now += ms
    this.advance(0)
  }

  get waiting(): number {
    return this.#tasks.size
  }

  #next(end: number): Task | undefined {
    let next: Task | undefined
    for (const task of this.#tasks) {
      if (task.at > end) continue
      if (next === undefined || task.at < next.at || (task.at === next.at && task.order < next.order))
        next = task
    }
    return next
  }
}
