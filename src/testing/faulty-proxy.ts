import { type RelayedConnection, type RelayTarget, relay, type Way } from '../runtime/node/relay.ts'
import { checkOptions, isCount, isFunction, isObject, optionError } from '../util/options.ts'

/** What can happen while a connection is made. */
export const openingFaults = ['refuse', 'ignore', 'repeat', 'block'] as const
/** What can happen to a connection that works. */
export const linkFaults = ['cut', 'close', 'stall', 'throttle', 'muteUp', 'muteDown'] as const

/**
 * - `refuse`: answered with an HTTP status in the server's place
 * - `ignore`: accepted, and never answered
 * - `repeat`: the request reaches the server twice, as over a proxy that tries again
 * - `block`: refused like that where it asks for a WebSocket, as by a proxy that knows none; everything else passes
 * - `cut`: reset at both ends, in the middle of whatever is on the way
 * - `close`: ended with what was said before, as by a proxy that is restarted
 * - `stall`: nothing moves for a while, then everything arrives, also what was said by an end that is gone by now
 * - `throttle`: for a while a few bytes at a time
 * - `muteUp`, `muteDown`: one direction is dead, and nobody is told
 */
export type NetworkFault = (typeof openingFaults)[number] | (typeof linkFaults)[number]

export interface FaultyProxyOptions {
  /** A number of at least 0 and below 1: what chance would say. Seeded, so that a failure can be repeated. */
  random(): number
  /** What may happen. @default everything */
  faults?: readonly NetworkFault[] | undefined
  /** How many of all connections are refused, ignored, repeated or blocked, from 0 to 1. @default 0 */
  openingRate?: number | undefined
  /**
   * For how long at most a connection works before something happens to it, in milliseconds; to some it happens at once,
   * while both ends still greet each other. @default it works for ever
   */
  faultAfterMs?: number | undefined
  /** How long a connection stalls or is throttled at most, in milliseconds. @default 1_000 */
  spellMs?: number | undefined
  /** What is passed each 10 ms while throttled, in bytes. @default 100 */
  throttledBytes?: number | undefined
  /** How connections are refused. @default { status: 503 } */
  refusal?: { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | undefined
}

/** A proxy between clients and servers, over which things go wrong: by chance, and when told. */
export interface FaultyProxy extends AsyncDisposable {
  /** What clients connect to in place of the server. */
  readonly url: string
  /** Connections that are open now. */
  readonly connections: number
  /** How often each fault has happened. */
  readonly happened: Readonly<Record<NetworkFault, number>>
  /** Lets this happen now, to all connections; one of opening happens to all that come. */
  inflict(fault: NetworkFault): void
  /** From now on everything passes; a connection that something has happened to is cut. */
  calm(): void
}

const tickMs = 10
/** How many of all connections something happens to at once. */
const earlyRate = 0.2

/**
 * Listens on a port of this machine, and passes everything to `target`, or to one of several by chance.
 *
 * ```ts sketch
 * await using proxy = await faultyProxy(server.url, { random: seeded(1), faultAfterMs: 500 })
 * await using connection = connect(proxy.url)
 * ```
 *
 * @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export async function faultyProxy(
  target: string | URL | readonly (string | URL)[],
  options: FaultyProxyOptions,
): Promise<FaultyProxy> {
  checkOptions('faultyProxy()', options, {
    random: isFunction,
    faults: (value) => (Array.isArray(value) ? undefined : 'a list of faults'),
    openingRate: isRate,
    faultAfterMs: isCount(1),
    spellMs: isCount(1),
    throttledBytes: isCount(1),
    refusal: isObject,
  })
  const urls = [target].flat().map((one) => new URL(String(one)))
  const [first] = urls
  if (first === undefined) throw optionError('faultyProxy(): there is no target')
  const ward = new Ward(urls.map(targetOf), options)
  const { port, close } = await relay(ward)
  const url = new URL(first)
  url.hostname = '127.0.0.1'
  url.port = String(port)
  return {
    url: url.href,
    get connections() {
      return ward.connections
    },
    happened: ward.happened,
    inflict: (fault) => ward.inflict(fault),
    calm: () => ward.calm(),
    async [Symbol.asyncDispose]() {
      ward.stop()
      await close()
    },
  }
}

/** A connection and what is planned for it. */
interface Patient {
  readonly connection: RelayedConnection
  timer: ReturnType<typeof setTimeout> | undefined
  /** What happens to it in the moment of its first answer. */
  early: NetworkFault | undefined
  answered: boolean
  /** Whether something has happened to it. */
  sick: boolean
}

const bothWays: readonly Way[] = ['up', 'down']

/** All connections of a proxy, and what becomes of them. */
class Ward {
  readonly happened = Object.fromEntries(
    [...openingFaults, ...linkFaults].map((fault) => [fault, 0]),
  ) as Record<NetworkFault, number>
  readonly #targets: readonly RelayTarget[]
  readonly #options: FaultyProxyOptions
  readonly #patients = new Map<RelayedConnection, Patient>()
  #isCalm = false
  /** What happens to all connections that come. */
  #opening: NetworkFault | undefined

  constructor(targets: readonly RelayTarget[], options: FaultyProxyOptions) {
    this.#targets = targets
    this.#options = options
  }

  get connections(): number {
    return this.#patients.size
  }

  accepted(connection: RelayedConnection): void {
    const patient: Patient = { connection, timer: undefined, early: undefined, answered: false, sick: false }
    this.#patients.set(connection, patient)
    const { openingRate = 0, random } = this.#options
    const fault = this.#opening ?? (random() < openingRate ? this.#choose(openingFaults) : undefined)
    this.#open(patient, this.#isCalm ? undefined : fault)
  }

  answered(connection: RelayedConnection): void {
    const patient = this.#patients.get(connection)
    if (patient === undefined) return
    const { early } = patient
    patient.early = undefined
    patient.answered = true
    if (early !== undefined && !this.#isCalm) this.#strike(patient, early)
  }

  closed(connection: RelayedConnection): void {
    clearTimeout(this.#patients.get(connection)?.timer)
    this.#patients.delete(connection)
  }

  inflict(fault: NetworkFault): void {
    if ((openingFaults as readonly NetworkFault[]).includes(fault)) this.#opening = fault
    else for (const patient of this.#patients.values()) this.#strike(patient, fault)
  }

  calm(): void {
    this.#isCalm = true
    this.#opening = undefined
    for (const { connection, sick, timer } of this.#patients.values()) {
      clearTimeout(timer)
      if (sick) connection.cut()
    }
  }

  stop(): void {
    for (const { timer } of this.#patients.values()) clearTimeout(timer)
  }

  #open(patient: Patient, fault: NetworkFault | undefined): void {
    const { connection } = patient
    const target = this.#targets[Math.floor(this.#options.random() * this.#targets.length)] as RelayTarget
    if (fault !== undefined) this.#note(patient, fault)
    if (fault === 'refuse') connection.answer(refusalOf(this.#options.refusal))
    else if (fault === 'repeat') connection.repeat(target)
    else if (fault === 'block') connection.screen(target, refusalOf(this.#options.refusal))
    else if (fault === undefined) connection.open(target)
    // These work, or soon are over.
    if (fault === 'repeat' || fault === 'block') patient.sick = false
    if (!patient.sick) this.#plan(patient)
  }

  /** Something happens to it before long. */
  #plan(patient: Patient): void {
    const { faultAfterMs, random } = this.#options
    if (faultAfterMs === undefined || this.#isCalm) return
    const fault = this.#choose(linkFaults)
    if (fault === undefined) return
    if (!patient.answered && random() < earlyRate) patient.early = fault
    else patient.timer = setTimeout(() => this.#strike(patient, fault), random() * faultAfterMs)
  }

  #strike(patient: Patient, fault: NetworkFault): void {
    const { connection } = patient
    this.#note(patient, fault)
    clearTimeout(patient.timer)
    switch (fault) {
      case 'cut':
        for (const way of bothWays) connection.hold(way)
        // What is on the way now arrives in part.
        patient.timer = setTimeout(() => {
          for (const way of bothWays) connection.pass(way, Math.floor(this.#options.random() * 200))
          patient.timer = setTimeout(() => connection.cut(), tickMs)
        }, tickMs)
        break
      case 'close':
        connection.close()
        break
      case 'stall':
        this.#stall(patient)
        break
      case 'throttle':
        this.#throttle(patient)
        break
      case 'muteUp':
        connection.swallow('up')
        break
      case 'muteDown':
        connection.swallow('down')
        break
      default:
    }
  }

  #stall(patient: Patient): void {
    for (const way of bothWays) patient.connection.hold(way)
    patient.timer = setTimeout(() => this.#recover(patient), this.#spellMs())
  }

  #throttle(patient: Patient): void {
    const { throttledBytes = 100 } = this.#options
    for (const way of bothWays) patient.connection.hold(way)
    let ticks = this.#spellMs() / tickMs
    const pass = (): void => {
      for (const way of bothWays) patient.connection.pass(way, throttledBytes)
      ticks -= 1
      if (ticks > 0) patient.timer = setTimeout(pass, tickMs)
      else this.#recover(patient)
    }
    pass()
  }

  #recover(patient: Patient): void {
    for (const way of bothWays) patient.connection.release(way)
    patient.sick = false
    this.#plan(patient)
  }

  #spellMs(): number {
    const { random, spellMs = 1_000 } = this.#options
    return random() * spellMs
  }

  #note(patient: Patient, fault: NetworkFault): void {
    this.happened[fault] += 1
    patient.sick = true
  }

  #choose(among: readonly NetworkFault[]): NetworkFault | undefined {
    const { faults = among, random } = this.#options
    const candidates = among.filter((fault) => faults.includes(fault))
    return candidates[Math.floor(random() * candidates.length)]
  }
}

function targetOf({ hostname, port, protocol }: URL): RelayTarget {
  const isSecure = protocol === 'wss:' || protocol === 'https:'
  return { hostname, port: Number(port) || (isSecure ? 443 : 80) }
}

function refusalOf(
  { status, headers = {} }: NonNullable<FaultyProxyOptions['refusal']> = { status: 503 },
): string {
  const fields = { ...headers, 'Content-Length': '0', Connection: 'close' }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} Refused\r\n${lines.join('')}\r\n`
}

function isRate(value: unknown): string | undefined {
  return typeof value === 'number' && value >= 0 && value <= 1 ? undefined : 'a number from 0 to 1'
}
