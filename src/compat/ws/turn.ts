import { runtime } from '../../runtime/node/runtime.ts'
import type { Turn } from '../../transport/turn.ts'

/** Everything sent in one turn of the event loop goes out at its end: one write for each connection. */
export const turn: Turn = runtime.turn

// A program that sends and exits in the same turn has sent.
process.once('exit', () => turn.flush())
