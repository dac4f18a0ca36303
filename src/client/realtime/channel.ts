import type { ChannelDownFrame, HistoryEntry, Position, Why } from '../../codec/frame.ts'
import { CallError } from '../../errors.ts'
import type { TakenCall } from '../../rpc/calls-taken.ts'
import { type CallOptions, call, stream } from './calls.ts'
import type { AnsweredOf, AnswerOf, DeliveredOf, HeardOf, History, SaidOf } from './channel-types.ts'
import { Deliveries } from './deliveries.ts'
import { Listeners, type Observable, Variable } from './observable.ts'
import { Presence } from './presence.ts'
import type { Requests } from './requests.ts'
import { type Outgoing, outgoing, type UnsentFrame } from './upstream.ts'

export type ChannelState =
  /** Nobody has asked for it yet. */
  | { readonly status: 'idle' }
  /** On the way in, again after a reset too; also while there is no connection. */
  | { readonly status: 'joining' }
  | { readonly status: 'joined'; readonly welcome: unknown }
  | { readonly status: 'leaving' }
  /** By one's own wish (`normal`), by the server's, or never let in (`error`). */
  | {
      readonly status: 'left'
      readonly why?: Why | undefined
      /** The channel to which the server has moved this client. */
      readonly to?: string | undefined
      readonly message?: string | undefined
      readonly error?: Error | undefined
    }

/** What happens to a channel, besides its events. */
export interface ChannelOccurrences {
  /** Joined again after a reset of the connection, and caught up: nothing was missed. */
  resumed: { readonly replayed: number }
  /** Something was missed, and cannot be had any more. What the program derived from messages should be fetched anew. */
  reset: { readonly reason: string }
  /**
   * The server has moved this client to another channel, which is joined already; nothing comes from this one any more.
   * Who listens there from within this call misses nothing.
   */
  moved: { readonly to: string; readonly welcome: unknown }
  /** An event that was sent was refused, or could not be sent again. */
  error: Error
}

/** Where a message stands in its channel; nothing for one that was sent to this client alone. */
export interface DeliveryFacts {
  readonly offset?: number | undefined
  /** Messages that the server left out before this one, because this client reads too slowly for the channel. */
  readonly skipped?: number | undefined
}

export interface HistoryOptions {
  /** Only what was published after it. @default the newest messages */
  readonly since?: Position | undefined
  readonly limit?: number | undefined
  readonly signal?: AbortSignal | undefined
}

type Answering = (body: unknown, call: TakenCall<unknown>) => unknown
type MovedFrame = Extract<ChannelDownFrame, { type: 'moved' }>
type JoinedFrame = Extract<ChannelDownFrame, { type: 'joined' }>

/** A channel of a connection. */
export class Channel<Events = Readonly<Record<string, object>>> {
  readonly name: string
  /** Who is here, where the channel tells. */
  readonly presence: Presence
  readonly #requests: Requests
  readonly #state: Variable<ChannelState>
  readonly #events: Listeners<[unknown, DeliveryFacts]>
  readonly #occurrences: Listeners<[never]>
  readonly #answers = new Map<string, Answering>()
  readonly #deliveries: Deliveries
  #params: unknown
  #join: Outgoing | undefined

  /** @internal */
  constructor(name: string, requests: Requests, report: (error: unknown) => void) {
    this.name = name
    this.presence = new Presence(report)
    this.#requests = requests
    this.#state = new Variable<ChannelState>({ status: 'idle' }, report)
    this.#events = new Listeners(report)
    this.#occurrences = new Listeners(report)
    this.#deliveries = new Deliveries({
      deliver: ({ event, body, offset, skipped }) => void this.#events.tell(event, body, { offset, skipped }),
      fetch: (since, limit) => this.#fill(since, limit),
      missed: () => this.#tell('reset', { reason: 'gap' }),
    })
  }

  get state(): Observable<ChannelState> {
    return this.#state
  }

  /** The last position that was heard of; `history` from there on is what is new. */
  get position(): Position | undefined {
    return this.#deliveries.at
  }

  /**
   * Asks to be let in; resolves with what the channel welcomes with. A connection that comes back joins again by itself.
   *
   * @param since a position of earlier: what was published after it is delivered first, or `reset` says why not
   * @throws {CallError} the server's refusal
   */
  join({ since }: { since?: Position | undefined } = {}): Promise<unknown> {
    const joined = this.#joinSince(since)
    // Whoever joins and looks at the state alone need not catch.
    joined.catch(() => {})
    return joined
  }

  async #joinSince(since: Position | undefined): Promise<unknown> {
    const state = this.#state.value
    if (state.status === 'joined') return state.welcome
    if (state.status !== 'joining') {
      this.#track(this.#requests.send(this.#joinFrame(since)))
      this.#state.set({ status: 'joining' })
    }
    return new Promise((resolve, reject) => {
      const stop = this.#state.subscribe((now) => {
        if (now.status === 'joining') return
        stop()
        if (now.status === 'joined') resolve(now.welcome)
        else reject(('error' in now && now.error) || this.#leftBefore())
      })
    })
  }

  /** Leaves; resolves when the server knows. From now on nothing is delivered. */
  async leave(): Promise<void> {
    const { status } = this.#state.value
    if (status !== 'joining' && status !== 'joined') return
    if (this.#join && this.#requests.withdraw(this.#join)) {
      this.#left({ why: 'normal' })
      return
    }
    this.#state.set({ status: 'leaving' })
    await new Promise<void>((resolve) => {
      const left = (): void => {
        if (this.#state.value.status === 'leaving') this.#left({ why: 'normal' })
        resolve()
      }
      // However it is answered: we are out.
      const frame = this.#requests.send({ type: 'leave', channel: this.name }, { bound: true })
      this.#requests.track(frame, { heard: left, failed: left })
    })
  }

  /** Calls `listener` with each message of that name; what it answers ends that. */
  on<Name extends keyof Events & string>(
    event: Name,
    listener: (body: DeliveredOf<Events[Name]>, facts: DeliveryFacts) => unknown,
  ): () => void {
    return this.#events.add(event, listener as (body: unknown, facts: DeliveryFacts) => unknown)
  }

  /** Calls `listener` when that happens to the channel; what it answers ends that. */
  when<Name extends keyof ChannelOccurrences>(
    name: Name,
    listener: (facts: ChannelOccurrences[Name]) => unknown,
  ): () => void {
    return this.#occurrences.add(name, listener)
  }

  /** Answers what the server asks this client: with a value, a promise of one, or a stream. One answer for each event. */
  answer<Name extends keyof Events & string>(
    event: Name,
    handler: (
      body: HeardOf<Events[Name]>,
      call: TakenCall<unknown>,
    ) => AnswerOf<Events[Name]> | Promise<AnswerOf<Events[Name]>> | AsyncIterable<AnswerOf<Events[Name]>>,
  ): () => void {
    this.#answers.set(event, handler as Answering)
    return () => {
      if (this.#answers.get(event) === handler) this.#answers.delete(event)
    }
  }

  /**
   * Sends an event, now or when there is a connection again.
   *
   * @throws {CallError} `ERR_QUEUE_FULL`
   */
  send<Name extends keyof Events & string>(event: Name, body?: SaidOf<Events[Name]>): void {
    this.#requests.send({ type: 'send', channel: this.name, event, body }, {}, false)
  }

  /**
   * Sends an event and resolves with its answer. Over any number of breaks it takes effect once.
   *
   * @throws {CallError} what the handler refuses with, `ERR_DEADLINE`, `ERR_CANCELLED`, `ERR_QUEUE_FULL`, or `ERR_SESSION`
   * where the session was lost with the answer
   */
  call<Name extends keyof Events & string>(
    event: Name,
    body?: SaidOf<Events[Name]>,
    options: CallOptions = {},
  ): Promise<AnsweredOf<Events[Name]>> {
    const answer = call(this.#requests, this.#callFrame(event, body), options)
    return answer as Promise<AnsweredOf<Events[Name]>>
  }

  /** Sends an event and reads its answer item by item. Leaving the loop tells the server. */
  stream<Name extends keyof Events & string>(
    event: Name,
    body?: SaidOf<Events[Name]>,
    options: CallOptions = {},
  ): AsyncIterableIterator<AnsweredOf<Events[Name]>, undefined> {
    const items = stream(this.#requests, this.#callFrame(event, body), options)
    return items as AsyncIterableIterator<AnsweredOf<Events[Name]>, undefined>
  }

  /**
   * Messages that are kept: those after `since`, or the newest.
   *
   * @throws {CallError} `ERR_NO_HISTORY`
   */
  history({ since, limit, signal }: HistoryOptions = {}): Promise<History<Events>> {
    const frame: UnsentFrame = { type: 'history', channel: this.name, since, limit }
    return call(this.#requests, frame, { signal }) as Promise<History<Events>>
  }

  // ------------------------------------------------------------------------------------------------ from the connection

  /** @internal What to say when joining, from now on. */
  setParams(params: unknown): void {
    this.#params = params
  }

  /** @internal A frame of this channel. */
  take(frame: ChannelDownFrame): void {
    const { status } = this.#state.value
    if (frame.type === 'left') this.#left({ why: frame.why, message: frame.message })
    else if (frame.type === 'send') this.#events.tell(frame.event, frame.body, {})
    else if (status !== 'joined') return
    else if (frame.type === 'publish') this.#deliveries.take(frame)
    else if (frame.type === 'presence') this.presence.replace(frame.state, frame.count)
    else if (frame.type === 'presence-diff') this.presence.change(frame.leaves, frame.joins)
    else if (frame.type === 'channel-reset') {
      this.#deliveries.start(frame.at)
      this.#tell('reset', { reason: frame.reason })
    }
  }

  /** @internal The server has moved the client here. */
  arrive({ at, params, welcome }: MovedFrame): void {
    // Whatever our own join is answered with: we are here.
    this.#join = undefined
    if (params !== undefined) this.#params = params
    this.#deliveries.forget()
    this.#deliveries.start(at)
    this.#state.set({ status: 'joined', welcome })
  }

  /** @internal The server has moved the client elsewhere. */
  depart({ channel: to, welcome }: MovedFrame): void {
    this.#left({ why: 'normal', to })
    this.#tell('moved', { to, welcome })
  }

  /** @internal What the server asks. */
  answerTo(event: string): Answering | undefined {
    return this.#answers.get(event)
  }

  /** @internal An event that was sent was refused. False where nobody listens. */
  refused(error: Error): boolean {
    return this.#tell('error', error)
  }

  /** @internal Another session begins: answers the frame that joins again, where that is wanted. */
  renew(): Outgoing | undefined {
    const { status } = this.#state.value
    this.#deliveries.stop()
    // One that was not sent yet waits in its place; without one the server has moved us here.
    const isWaiting = this.#join?.id === 0
    if (isWaiting || (status !== 'joined' && status !== 'joining')) return undefined
    const frame = outgoing(this.#joinFrame(this.#deliveries.at))
    this.#track(frame)
    this.#state.set({ status: 'joining' })
    return frame
  }

  /** @internal The connection is over. */
  close(error: Error): void {
    const { status } = this.#state.value
    if (status !== 'idle' && status !== 'left') this.#left({ error })
  }

  #leftBefore(): CallError {
    const message = 'The channel was left before it was joined'
    return new CallError('ERR_CANCELLED', { side: 'local', message, channel: this.name })
  }

  #callFrame(event: string, body: unknown): UnsentFrame {
    return { type: 'call', channel: this.name, event, body }
  }

  #joinFrame(since: Position | undefined): UnsentFrame {
    return { type: 'join', channel: this.name, params: this.#params, since }
  }

  #track(frame: Outgoing): void {
    this.#join = frame
    this.#requests.track(frame, {
      heard: (answer) => {
        if (this.#join === frame && answer.type === 'joined') this.#joined(answer)
      },
      failed: (error) => {
        // Lost with its session: the next one has another.
        if (this.#join !== frame || (error as CallError).code === 'ERR_SESSION') return
        if (this.#state.value.status === 'joining') this.#left({ error })
      },
    })
  }

  #joined({ at, welcome, resumed, reset }: JoinedFrame): void {
    if (this.#state.value.status !== 'joining') return
    // What was missed follows, and is counted in `at` already.
    this.#deliveries.start({ epoch: at.epoch, offset: at.offset - (resumed?.replayed ?? 0) })
    this.#state.set({ status: 'joined', welcome })
    if (resumed) this.#tell('resumed', { replayed: resumed.replayed })
    if (reset) this.#tell('reset', { reason: reset.reason })
  }

  #left(facts: Omit<Extract<ChannelState, { status: 'left' }>, 'status'>): void {
    this.#join = undefined
    this.#deliveries.forget()
    this.presence.replace({})
    this.#state.set({ status: 'left', ...facts })
  }

  #fill(since: Position, limit: number): void {
    const frame: UnsentFrame = { type: 'history', channel: this.name, since, limit }
    this.#requests.start(
      frame,
      {
        heard: (answer) => {
          const { body } = answer as { body: { at: Position; messages: HistoryEntry[] } }
          this.#deliveries.filled(body.at.epoch, body.messages)
        },
        failed: (error) => {
          // The next session asks for what follows the gap too.
          if ((error as CallError).code !== 'ERR_SESSION') this.#deliveries.filled(undefined, [])
        },
      },
      {},
      true,
    )
  }

  #tell<Name extends keyof ChannelOccurrences>(name: Name, facts: ChannelOccurrences[Name]): boolean {
    return this.#occurrences.tell(name, facts as never)
  }
}
