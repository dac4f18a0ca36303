import { Turn } from '../../transport/turn.ts'

let flushAll: (() => void) | undefined

/** Everything sent in one turn of the event loop goes out at its end: one write for each connection. */
export const turn: Turn = new Turn((flush) => {
  flushAll ??= atExit(flush)
  setImmediate(flush)
})

/** A program that sends and exits in the same turn has sent. */
function atExit(flush: () => void): () => void {
  process.once('exit', flush)
  return flush
}
