import type { Bus } from '../../src/bus/contract.ts'
import { memoryBus } from '../../src/bus/memory-bus.ts'
import type { Carrier, Encoder, Ending, SessionEvent } from '../../src/channels/carrier.ts'
import type { AnyChannel, DefinedChannel } from '../../src/channels/channel.ts'
import { Core, type CoreLimits } from '../../src/channels/core.ts'
import type { Credentials } from '../../src/channels/principal.ts'
import type { RemoteSession } from '../../src/channels/relay/remote-session.ts'
import type { Session } from '../../src/channels/session.ts'
import type { DistantCarrier } from '../../src/channels/session-port.ts'
import { runtime } from '../../src/runtime/node/index.ts'
import type { Unit } from '../../src/session/outbox.ts'
import { TimerWheel } from '../../src/util/timer-wheel.ts'

export const limits: CoreLimits = {
  windowMs: 30_000,
  unjoinedWindowMs: 10_000,
  maxSessions: 100_000,
  maxBytes: 1_000_000,
  maxAgeMs: 60_000,
  maxChannels: 10,
  maxCalls: 10,
  rate: undefined,
}

export interface TestUnit extends Unit {
  readonly event: SessionEvent
}

/** Events as they are; for the tests each costs one byte. */
export const encoder: Encoder<TestUnit> = {
  name: 'test',
  encode: (event) => ({ event, byteLength: 1 }),
  transfer: {
    pack: ({ event }) => JSON.stringify(event),
    unpack: (text) => ({ event: JSON.parse(text) as SessionEvent, byteLength: 1 }),
  },
}

/** A carrier that takes everything at once, or what the test wants of it. */
export class TestCarrier implements Carrier {
  readonly heard: SessionEvent[] = []
  ending: Ending | undefined
  readonly #session: Session<TestUnit>

  constructor(session: Session<TestUnit>, position?: number) {
    this.#session = session
    session.attach(this, position)
    this.wake()
  }

  wake(): void {
    for (let unit = this.#session.take(this); unit !== undefined; unit = this.#session.take(this)) {
      this.heard.push(unit.event)
    }
  }

  close(ending: Ending): void {
    this.ending = ending
  }

  get types(): string[] {
    return this.heard.map(({ type }) => type)
  }
}

/** A carrier of a session that lives on another node than `core`. */
export class AwayCarrier implements DistantCarrier {
  readonly heard: SessionEvent[] = []
  ending: Ending | undefined
  session: RemoteSession<TestUnit> | undefined
  confirmed = 0
  isPaused = false

  /** Takes the session up, or answers why not. */
  async attach(
    { core }: VirtualCore,
    proof: { session: string; key: string; position: number; attempt?: number },
  ): Promise<string | number> {
    const reached = await core.relays.attach(encoder, this, proof)
    if (!('session' in reached)) return reached.reason
    this.session = reached.session
    this.wake()
    return reached.replayed
  }

  wake(): void {
    const { session } = this
    if (session === undefined) return
    for (let unit = session.take(); unit !== undefined; unit = session.take()) this.heard.push(unit.event)
  }

  close(ending: Ending): void {
    this.ending = ending
  }

  confirm(): void {
    this.confirmed += 1
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }
}

/** No two nodes, sessions and keys are the same. */
let random = 0

/** A node whose clock the test turns. */
export class VirtualCore {
  readonly core: Core
  readonly errors: Error[] = []
  #now = 0
  readonly #wheel: TimerWheel

  constructor(
    channels: readonly DefinedChannel[],
    options: {
      limits?: Partial<CoreLimits>
      bus?: Bus
      authenticate?: (credentials: Credentials) => unknown
    } = {},
  ) {
    this.#wheel = new TimerWheel(() => this.#now)
    this.core = new Core({
      channels: channels as readonly AnyChannel[],
      bus: options.bus ?? memoryBus({ now: () => this.#now }),
      limits: { ...limits, ...options.limits },
      environment: {
        randomBytes: (count) => nextBytes(count),
        digest: runtime.sha256,
        now: () => this.#now,
        time: () => this.#now,
        wheel: this.#wheel,
      },
      authenticate: options.authenticate ?? (() => undefined),
      onError: (error) => this.errors.push(error),
    })
  }

  /** Lets time pass, tick by tick, and everything run that waits for nothing else. */
  async advance(ms: number): Promise<void> {
    for (const end = this.#now + ms; this.#now < end; ) {
      this.#now = Math.min(end, this.#now + this.#wheel.tickMs)
      this.#wheel.advance(this.#now)
      await settled()
    }
  }

  /** A session, with a carrier. */
  async open(
    credentials: Credentials = {},
  ): Promise<{ session: Session<TestUnit>; carrier: TestCarrier; key: string }> {
    const { session, key } = await this.core.open(encoder, credentials)
    return { session, carrier: new TestCarrier(session), key }
  }
}

function nextBytes(count: number): Uint8Array {
  random += 1
  return Uint8Array.from({ length: count }, (_, index) => random >> (8 * (index % 4)))
}

/** Resolves when everything has run that waits for nothing but promises. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
