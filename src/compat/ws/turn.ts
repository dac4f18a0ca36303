import { Turn } from '../../transport/turn.ts'

let coversExit = false

/** Everything sent in one turn of the event loop goes out at its end: one write for each connection. */
export const turn: Turn = new Turn((flush) => {
  // A program that sends and exits in the same turn has sent.
  if (!coversExit) process.once('exit', flush)
  coversExit = true
  setImmediate(flush)
})
