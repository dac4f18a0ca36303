import { Buffer } from 'node:buffer'
import type { Role } from '../../src/protocol/connection.ts'
import { plainText } from '../../src/protocol/text.ts'
import type { Link, LinkSink } from '../../src/transport/link.ts'
import { Turn } from '../../src/transport/turn.ts'
import {
  type CarrierEvents,
  type CarrierSettings,
  type Closed,
  WebSocketCarrier,
} from '../../src/transport/websocket-carrier.ts'
import { TimerWheel } from '../../src/util/timer-wheel.ts'
import { type Frame, readFrame } from '../wire/frames.ts'

/** A link that goes nowhere: the test is the peer. */
export class MemoryLink implements Link {
  /** What was written, in writes. */
  readonly writes: Buffer[] = []
  readonly calls: string[] = []
  /** What was written but, as far as the link tells, not taken. */
  bufferedBytes = 0
  /** While the peer does not read, everything is kept. */
  peerReads = true
  #sink: LinkSink | undefined
  #read = Buffer.alloc(0)

  start(sink: LinkSink): void {
    this.calls.push('start')
    this.#sink = sink
  }

  write(bytes: Uint8Array): boolean {
    this.writes.push(Buffer.from(bytes))
    if (this.peerReads) return true
    this.bufferedBytes += bytes.length
    return false
  }

  end(): void {
    this.calls.push('end')
  }

  destroy(): void {
    this.calls.push('destroy')
  }

  pause(): void {
    this.calls.push('pause')
  }

  resume(): void {
    this.calls.push('resume')
  }

  // ---- the peer

  deliver(...pieces: Uint8Array[]): void {
    for (const piece of pieces) this.sink.received(Buffer.from(piece))
  }

  /** Takes everything that was kept. */
  drain(): void {
    this.peerReads = true
    this.bufferedBytes = 0
    this.sink.drained()
  }

  get sink(): LinkSink {
    if (this.#sink === undefined) throw new Error('not started')
    return this.#sink
  }

  /** The frames that were written and not looked at. */
  frames(): Frame[] {
    this.#read = Buffer.concat([this.#read, ...this.writes.splice(0)])
    const frames: Frame[] = []
    for (let read = readFrame(this.#read); typeof read === 'object'; read = readFrame(this.#read)) {
      frames.push(read.frame)
      this.#read = this.#read.subarray(read.length)
    }
    return frames
  }
}

/** Time and turns of the event loop, both by hand. */
export class HandTime {
  now = 0
  readonly wheel = new TimerWheel(0, 1)
  readonly turn = new Turn((flush) => this.#ends.push(flush))
  readonly #ends: (() => void)[] = []

  endTurn(): void {
    for (let end = this.#ends.shift(); end !== undefined; end = this.#ends.shift()) end()
  }

  /** Lets `ms` pass, with a turn after each millisecond. */
  pass(ms: number): void {
    for (let step = 0; step < ms; step++) {
      this.now += 1
      this.wheel.advance(this.now)
      this.endTurn()
    }
  }
}

export interface CarrierOptions extends Partial<CarrierSettings<string>> {
  role?: Role
}

/** A carrier on a memory link, with everything that it reports. */
export function openCarrier(options: CarrierOptions = {}) {
  const time = new HandTime()
  const link = new MemoryLink()
  const happened: unknown[][] = []
  const ends: Closed[] = []
  const note =
    (name: string) =>
    (owner: string, ...rest: unknown[]): void => {
      if (owner !== 'owner') throw new Error(`told ${owner}`)
      happened.push([
        name,
        ...rest.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString() : value)),
      ])
    }
  const events: CarrierEvents<string> = {
    text: note('text'),
    binary: note('binary'),
    fragment: note('fragment'),
    ping: note('ping'),
    pong: note('pong'),
    drain: note('drain'),
    closed: (_, closed) => void ends.push(closed),
  }
  const carrier = new WebSocketCarrier<string>(
    {
      role: 'server',
      limits: { maxMessageBytes: 1_048_576, maxFragments: 131_072, maxInflationRatio: 200 },
      text: plainText,
      streamed: false,
      maskingKey: () => 0x01020304,
      turn: time.turn,
      wheel: time.wheel,
      closeTimeoutMs: 5_000,
      heartbeat: undefined,
      backpressure: { highWaterMarkBytes: 1_048_576, policy: 'close' },
      events,
      ...options,
    },
    'owner',
    link,
    undefined,
  )
  carrier.start()
  return { carrier, link, time, happened, ends }
}
