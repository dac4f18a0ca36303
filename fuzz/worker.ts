// Feeds one target in a thread of its own, so that whoever started it can tell when an input never ends.
import { parentPort, workerData } from 'node:worker_threads'
import { Engine } from './engine.ts'
import { samplesOf, targets } from './targets.ts'

export interface Order {
  readonly target: string
  readonly seed: number
  /** Inputs to feed, at most. */
  readonly inputs: number
  /** Time to feed, at most, in milliseconds. */
  readonly forMs: number
  /** `[inputs fed, length of the one being fed]`, for the watcher. */
  readonly progress: Int32Array
  /** The input being fed. */
  readonly current: Uint8Array
}

export interface Report {
  readonly inputs: number
  readonly outcomes: number
  /** What was thrown, if anything was. */
  readonly fault: string | undefined
}

const { target: name, seed, inputs, forMs, progress, current } = workerData as Order
const target = targets.find((one) => one.name === name)
if (target === undefined) throw new Error(`There is no target ${name}`)
const engine = new Engine(target, samplesOf(target), seed)
const end = performance.now() + forMs
let fed = 0
let fault: string | undefined
while (fault === undefined && fed < inputs && (fed % 64 !== 0 || performance.now() < end)) {
  const input = engine.input()
  current.set(input.subarray(0, current.length))
  Atomics.store(progress, 1, input.length)
  Atomics.store(progress, 0, ++fed)
  try {
    engine.feed(input)
  } catch (error) {
    fault = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}
parentPort?.postMessage({ inputs: fed, outcomes: engine.outcomes, fault } satisfies Report)
