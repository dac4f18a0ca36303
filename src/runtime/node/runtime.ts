import { Buffer } from 'node:buffer'
import * as crypto from 'node:crypto'
import { createHash, randomBytes, randomFillSync } from 'node:crypto'
import { Turn } from '../../transport/turn.ts'
import { TimerWheel } from '../../util/timer-wheel.ts'
import type { Runtime } from '../contract.ts'
import { nodeDeflate } from './deflate.ts'
import { withReusedZlib } from './raw-deflate.ts'
import { queueTask } from './tasks.ts'
import { nodeText } from './text.ts'

const now = (): number => performance.now()
const wheel = new TimerWheel(now)
wheel.onWaiting = wake

/** Masking keys by the thousand: one call into the system's randomness for all of them. */
const keys = new Int32Array(1024)
let nextKey = keys.length
/** The same for secrets. */
const random = new Uint8Array(4096)
let nextRandom = random.length

/**
 * The C library of Linux gives large blocks back to the system when they are freed, and asks for them anew with the
 * next message, page by page. Once a block near its limit of 32 MiB has been freed, it keeps twice as much: this one is
 * never touched, and freed with the first garbage. (A `new ArrayBuffer` here is useless to the eyes of a bundler.) 72 → 48 µs per echo of 64 KiB.
 */
if (process.platform === 'linux') Buffer.allocUnsafeSlow(33_000_000)

let ticking: NodeJS.Timeout | undefined

/**
 * Timers come first in a turn of the loop, then what has arrived, then what was put off. A thread that was busy or
 * stopped for long so hears its peers before it judges whether they were silent.
 */
function tick(): void {
  wheel.look(now())
  setImmediate(advance)
}

function advance(): void {
  wheel.advance(wheel.now)
  if (wheel.waiting > 0) return
  clearInterval(ticking)
  ticking = undefined
}

function wake(): void {
  if (ticking !== undefined) return
  wheel.advance(now())
  ticking = setInterval(tick, wheel.tickMs)
  ticking.unref()
}

/** Hashes in one call; younger than the oldest Node we run on (20.12). */
const { hash } = crypto as { hash?: (algorithm: string, text: string, encoding: string) => string }

/** Node, and as far as they speak its modules, Bun and Deno. */
export const runtime: Runtime = {
  text: nodeText,
  deflate: withReusedZlib(nodeDeflate),
  sha1: (text) => hash?.('sha1', text, 'base64') ?? createHash('sha1').update(text).digest('base64'),
  maskingKey() {
    if (nextKey === keys.length) {
      randomFillSync(keys)
      nextKey = 0
    }
    return keys[nextKey++] as number
  },
  allocate: (bytes) => new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer),
  randomBytes(count) {
    if (count > random.length) return randomBytes(count)
    if (nextRandom + count > random.length) {
      randomFillSync(random)
      nextRandom = 0
    }
    nextRandom += count
    const bytes = random.slice(nextRandom - count, nextRandom)
    // A secret is nowhere but where it was given.
    random.fill(0, nextRandom - count, nextRandom)
    return bytes
  },
  sha256: (text) => hash?.('sha256', text, 'base64') ?? createHash('sha256').update(text).digest('base64'),
  handshakeKey: () => randomBytes(16).toString('base64'),
  now,
  // The check phase comes right after the poll phase: everything this turn read and sent goes out together.
  turn: new Turn(queueTask),
  wheel,
}
