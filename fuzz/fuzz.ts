import { Worker } from 'node:worker_threads'
import type { Order, Report } from './worker.ts'

export interface Finding extends Report {
  /** The input at fault. */
  readonly input: Uint8Array | undefined
}

const largestInput = 16_384
/** An input that takes longer is taken to never end. */
const hangMs = 10_000

/** Feeds a target until `inputs` or `forMs` are used up, or something is wrong: an exception, or an input that hangs. */
export function fuzz(options: Pick<Order, 'target' | 'seed' | 'inputs' | 'forMs'>): Promise<Finding> {
  const progress = new Int32Array(new SharedArrayBuffer(8))
  const current = new Uint8Array(new SharedArrayBuffer(largestInput))
  const order: Order = { ...options, progress, current }
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: order })
  const inputNow = () => current.slice(0, Atomics.load(progress, 1))
  return new Promise((resolve, reject) => {
    let last = -1
    const watch = setInterval(() => {
      const fed = Atomics.load(progress, 0)
      if (fed !== last) {
        last = fed
        return
      }
      clearInterval(watch)
      void worker.terminate()
      resolve({ inputs: fed, outcomes: 0, fault: `An input took over ${hangMs} ms`, input: inputNow() })
    }, hangMs)
    worker.once('message', (report: Report) => {
      clearInterval(watch)
      resolve({ ...report, input: report.fault === undefined ? undefined : inputNow() })
    })
    worker.once('error', (error) => {
      clearInterval(watch)
      reject(error)
    })
  })
}
