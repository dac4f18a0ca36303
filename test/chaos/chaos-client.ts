import { connect } from '../../src/client/realtime/connect.ts'
import type { Connection } from '../../src/client/realtime/connection.ts'
import type { Carrier, Transport } from '../../src/client/realtime/transport.ts'
import { readDownFrame } from '../../src/codec/read-frame.ts'
import { CallError } from '../../src/errors.ts'
import type { Mark } from './nodes.ts'
import { Sequence, type Violations } from './violations.ts'

/** A reset that a client was told of. */
export interface ToldReset {
  readonly client: string
  readonly reason: string
  /** The session before, and the new one. */
  readonly before: string
  readonly after: string
}

export interface ChaosClientOptions {
  readonly name: string
  readonly url: string
  readonly transports: readonly Transport[]
  readonly channels: readonly string[]
  readonly awayMs: number
  readonly random: () => number
  readonly violations: Violations
  readonly reset: (reset: ToldReset) => void
}

/** What a client has heard in a channel. */
export interface HeardInChannel {
  /** Publications in the order in which they came, with the offset of the first. */
  readonly marks: string[]
  first: number | undefined
  last: number
}

/** One real client that does everything a client can, notes all it hears, and checks what it can on the spot. */
export class ChaosClient {
  readonly name: string
  readonly connection: Connection
  readonly heard = new Map<string, HeardInChannel>()
  /** Hints to this client alone, by session and channel. */
  readonly hints = new Map<string, Sequence>()
  /** Questions of the server that took effect, by what they are called. */
  readonly asked = new Map<string, number>()
  /** What it has said in each channel. */
  readonly said = new Map<string, number>()
  /** Posts without answer, by channel, that may be lost with a session. */
  unconfirmed = 0
  /** Calls of which nobody knows whether they took effect, by channel and number. */
  readonly uncertain = new Set<string>()
  /** Posts that were answered, with the offset that was said. */
  readonly posted = new Map<string, number>()
  resumes = 0
  readonly #options: ChaosClientOptions
  /** Name of its session. */
  session = ''

  constructor(options: ChaosClientOptions) {
    this.#options = options
    this.name = options.name
    this.connection = connect(options.url, {
      auth: options.name,
      transports: options.transports.map((transport) => this.#watched(transport)),
      reconnect: { firstMs: options.awayMs, maxMs: options.awayMs + 300 },
      openTimeoutMs: 1_000,
      callDeadlineMs: 3_600_000,
      queue: { maxBytes: 33_554_432 },
      onError: (error) => this.#wrong(String(error)),
    })
    this.connection.when('resumed', () => {
      this.resumes += 1
    })
    this.connection.when('reset', ({ unconfirmed }) => {
      this.unconfirmed += unconfirmed
    })
    this.connection.state.subscribe((state) => {
      if (state.status === 'refused' || state.status === 'closed') {
        const { why } = state.reason
        if (why !== 'closed') this.#wrong(`${state.status}: ${JSON.stringify(state.reason)}`)
      }
    })
  }

  /** Joins its channels, and listens to everything. */
  async join(): Promise<void> {
    await Promise.all(this.#options.channels.map((name) => this.#join(name)))
  }

  /** Says something in a channel, and checks what comes of it. */
  async act(): Promise<void> {
    const { channels, random } = this.#options
    const name = channels[Math.floor(random() * channels.length)] as string
    const channel = this.connection.channel(name)
    const number = (this.said.get(name) ?? 0) + 1
    this.said.set(name, number)
    const mark: Mark = [this.name, number]
    const what = random()
    try {
      if (what < 0.3) channel.send('post', mark)
      else if (what < 0.5) this.posted.set(`${name} ${number}`, (await channel.call('post', mark)) as number)
      else if (what < 0.8) this.#same(await channel.call('echo', mark), mark)
      else {
        const count = 1 + Math.floor(random() * 60)
        const items: unknown[] = []
        if (what < 0.9) for await (const item of channel.stream('count', [mark, count])) items.push(item)
        else items.push(...((await channel.call('sum', mark, { items: numbers(count) })) as unknown[]))
        this.#same(
          items,
          Array.from({ length: count }, (_, index) => index + 1),
        )
      }
    } catch (error) {
      // Nobody knows what became of it: the session is gone, and said so.
      if (error instanceof CallError && error.code === 'ERR_SESSION') this.uncertain.add(`${name} ${number}`)
      else this.#wrong(`${name} ${number}: ${error}`)
    }
  }

  async #join(name: string): Promise<void> {
    const heard: HeardInChannel = { marks: [], first: undefined, last: 0 }
    this.heard.set(name, heard)
    const channel = this.connection.channel(name)
    channel.on('posted', (body, { offset = 0 }) => {
      const [who, number] = body as Mark
      heard.first ??= offset
      if (heard.marks.length > 0 && offset !== heard.last + 1) {
        const kind = offset <= heard.last ? 'doubled' : 'lost'
        this.#options.violations.add(kind, `${this.name} in ${name}: ${offset} after ${heard.last}`)
      }
      heard.last = offset
      heard.marks.push(`${who} ${number}`)
    })
    channel.on('hint', (body) => {
      const [stream, number] = body as Mark
      let hints = this.hints.get(stream)
      if (hints === undefined) {
        hints = new Sequence(`hints to ${this.name}, ${stream}`, this.#options.violations)
        this.hints.set(stream, hints)
      }
      hints.take(number)
    })
    channel.answer('ask', (body) => {
      const question = String(body)
      this.asked.set(question, (this.asked.get(question) ?? 0) + 1)
      return `${question} answered`
    })
    channel.when('reset', ({ reason }) => this.#wrong(`${name} was reset: ${reason}`))
    channel.when('error', (error) => this.#wrong(`${name}: ${error}`))
    await channel.join()
  }

  /** Reads along, so that a reset can be explained. */
  #watched(transport: Transport): Transport {
    return {
      name: transport.name,
      open: (url, events): Carrier =>
        transport.open(url, {
          ...events,
          opened: () => events.opened(),
          closed: (end) => events.closed(end),
          received: (data) => {
            const session = this.session
            const text = String(data)
            if (text.startsWith('{"type":"connected"') || text.startsWith('{"type":"reset"')) {
              const read = readDownFrame(text)
              if ('frame' in read && 'session' in read.frame) this.session = read.frame.session
              if ('frame' in read && read.frame.type === 'reset') {
                const { reason } = read.frame
                this.#options.reset({ client: this.name, reason, before: session, after: this.session })
              }
            }
            events.received(data)
          },
        }),
    }
  }

  #same(found: unknown, expected: unknown): void {
    const [is, should] = [JSON.stringify(found), JSON.stringify(expected)]
    if (is !== should) this.#wrong(`expected ${should}, found ${is}`)
  }

  #wrong(what: string): void {
    this.#options.violations.add('wrong', `${this.name}: ${what}`)
  }
}

async function* numbers(count: number): AsyncGenerator<number> {
  for (let number = 1; number <= count; number++) yield number
}
