// For users whose compiler does not know of `await using` yet.
/// <reference lib="esnext.disposable" preserve="true" />
import { type CallFrame, type CountedFrame, errorOf } from '../../codec/frame.ts'
import { CallError, ClosedError } from '../../errors.ts'
import { Answers } from './answers.ts'
import { call } from './calls.ts'
import { Channel } from './channel.ts'
import type { ChannelNames, EventsAt, ServerType, UnknownServer } from './channel-types.ts'
import { Listeners, type Observable, Variable } from './observable.ts'
import { Requests } from './requests.ts'
import { type Beginning, ClientSession, type SessionSettings } from './session.ts'
import type { ConnectionState } from './state.ts'
import { type Outgoing, outgoing, type UnsentFrame } from './upstream.ts'

/** Gives the token for a connection, each time one is made. `refused`: the one before was not good enough. */
export type TokenSource = (facts: {
  readonly refused: boolean
}) => string | undefined | Promise<string | undefined>

/** What happens to a connection. Its state is another matter: see `state`. */
export interface ConnectionOccurrences {
  /** The connection was lost and is back, and nothing else was lost: so many frames came late. */
  resumed: { readonly replayed: number }
  /**
   * The connection is back, and the session was lost with it: channels are joined again, and each says whether it
   * caught up. Of `unconfirmed` events that were sent it is not known whether they arrived.
   */
  reset: { readonly reason: string; readonly unconfirmed: number }
  /** Something went wrong that nobody asked about. */
  error: Error
}

export interface ConnectionSettings extends SessionSettings {
  readonly auth: string | TokenSource | undefined
  readonly callDeadlineMs: number
  /** Hears of errors that nobody listens to, and of listeners that throw. */
  readonly report: (error: unknown) => void
}

/** One connection to a server, over all breaks, until it is closed. Made by `connect`. */
export class Connection<Server extends ServerType = UnknownServer> {
  readonly #settings: ConnectionSettings
  readonly #session: ClientSession
  readonly #state: Variable<ConnectionState>
  readonly #requests: Requests
  readonly #answers: Answers
  readonly #channels = new Map<string, Channel<never>>()
  readonly #events: Listeners<[unknown]>
  readonly #occurrences: Listeners<[never]>
  readonly #closed: () => void
  #auth: string | TokenSource | undefined

  /** @internal `closed` is called when it is over. */
  constructor(settings: ConnectionSettings, closed: () => void) {
    this.#settings = settings
    this.#auth = settings.auth
    this.#closed = closed
    const sink = {
      send: (frame: Outgoing, required: boolean) => this.#send(frame, required),
      withdraw: (frame: Outgoing) => this.#session.upstream.withdraw(frame),
    }
    this.#requests = new Requests(sink, settings.time, settings.callDeadlineMs)
    this.#answers = new Answers(
      (frame) => this.#answer(frame),
      (error) => this.#fault(error),
      settings.time,
    )
    this.#events = new Listeners(settings.report)
    this.#occurrences = new Listeners(settings.report)
    this.#session = new ClientSession(settings, {
      state: (state) => this.#changed(state),
      token: (refused, given, failed) => this.#giveToken(refused, given, failed),
      began: (how) => this.#began(how),
      frame: (frame) => this.#take(frame),
      refused: (frame) => this.#tooLarge(frame),
      fault: (error) => this.#fault(error),
    })
    this.#state = new Variable(this.#session.state, settings.report)
  }

  /** What it is doing, and why. */
  get state(): Observable<ConnectionState> {
    return this.#state
  }

  /** Bytes of frames that wait to be sent, or that the server has not acknowledged. */
  get queuedBytes(): number {
    return this.#session.upstream.bytes
  }

  /**
   * The channel of that name, the same one each time. `params` is what a join says about itself, from the next one on.
   */
  channel<Name extends ChannelNames<Server>>(name: Name, params?: unknown): Channel<EventsAt<Server, Name>> {
    let channel = this.#channels.get(name)
    if (!channel) {
      channel = new Channel<never>(name, this.#requests, this.#settings.report)
      this.#channels.set(name, channel)
    }
    if (params !== undefined) channel.setParams(params)
    return channel as unknown as Channel<EventsAt<Server, Name>>
  }

  /** Resolves when there is a connection; rejects when it is refused or closed, with a word why. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      let stop = (): void => {}
      const look = (state: ConnectionState): void => {
        if (state.status === 'open') resolve()
        else if (state.status === 'refused' || state.status === 'closed') reject(notConnected(state))
        else return
        stop()
      }
      stop = this.#state.subscribe(look)
      look(this.#state.value)
    })
  }

  /** Calls `listener` with each event of that name that the server sends to this client outside of any channel. */
  on(event: string, listener: (body: unknown) => unknown): () => void {
    return this.#events.add(event, listener)
  }

  /** Calls `listener` when that happens to the connection; what it answers ends that. */
  when<Name extends keyof ConnectionOccurrences>(
    name: Name,
    listener: (facts: ConnectionOccurrences[Name]) => unknown,
  ): () => void {
    return this.#occurrences.add(name, listener)
  }

  /**
   * Shows another token, now and for all connections to come; resolves when the server has accepted it. Where the one
   * before was refused, that connects.
   *
   * @throws {CallError} `ERR_UNAUTHORIZED`
   */
  async authenticate(token: string): Promise<void> {
    this.#auth = token
    this.#session.reconnect()
    await this.ready()
    await call(this.#requests, { type: 'authenticate', token }, {}, true)
  }

  /** Tries to connect now, where it waits or was refused. */
  reconnect(): void {
    this.#session.reconnect()
  }

  /** Ends the connection and its session. What waits for an answer fails with `ERR_CLOSED`. */
  close(): void {
    this.#session.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** @internal Begins to connect; answers what the platform tells about itself to. */
  start(): ClientSession {
    this.#session.start()
    return this.#session
  }

  // ------------------------------------------------------------------------------------------------ from the session

  #changed(state: ConnectionState): void {
    if (state.status === 'closed') {
      const error = notConnected(state)
      this.#requests.fail(error)
      this.#answers.fail(error)
      for (const channel of this.#channels.values()) channel.close(error)
      this.#closed()
    }
    this.#state.set(state)
  }

  #giveToken(
    refused: boolean,
    given: (token: string | undefined) => void,
    failed: (error: unknown) => void,
  ): void {
    const auth = this.#auth
    if (typeof auth !== 'function') given(auth)
    else {
      try {
        Promise.resolve(auth({ refused })).then(given, failed)
      } catch (error) {
        failed(error)
      }
    }
  }

  #began(how: Beginning): void {
    if (how.kind === 'resumed') this.#tell('resumed', { replayed: how.replayed })
    if (how.kind !== 'reset') return
    const error = new CallError('ERR_SESSION', { message: 'The session was over before the answer came' })
    this.#requests.renew(error)
    this.#answers.fail(error)
    const joins = [...this.#channels.values()].flatMap((channel) => channel.renew() ?? [])
    this.#session.upstream.putFirst(joins)
    this.#tell('reset', { reason: how.reason, unconfirmed: how.unconfirmed })
  }

  #tooLarge(frame: Outgoing): void {
    const message = `The server takes no message of ${frame.bytes} bytes`
    const error = new CallError('ERR_MESSAGE_TOO_LARGE', { message })
    if (!this.#requests.refused(frame, error)) this.#fault(error)
  }

  #take(frame: CountedFrame): void {
    if (frame.type === 'call') this.#takeCall(frame)
    else if ('to' in frame && frame.to) this.#requests.answered(frame.to, frame)
    else if (frame.type === 'error') {
      const error = errorOf(frame.error)
      if (!this.#channels.get(error.channel ?? '')?.refused(error)) this.#fault(error)
    } else if ('of' in frame && frame.of) this.#takeOfAnswer(frame.of, frame)
    else if (frame.type === 'moved') {
      this.channel(frame.channel as ChannelNames<Server>).arrive(frame)
      this.#channels.get(frame.from)?.depart(frame)
    } else if ('channel' in frame && frame.channel !== undefined)
      this.#channels.get(frame.channel)?.take(frame)
    else if (frame.type === 'send') this.#events.tell(frame.event, frame.body)
  }

  /** About a call of the server. */
  #takeOfAnswer(id: number, frame: Extract<CallFrame, { of?: number | undefined }>): void {
    if (frame.type === 'item') this.#answers.item(id, frame.body)
    else if (frame.type === 'end') this.#answers.end(id)
    else if (frame.type === 'more') this.#answers.more(id, frame.items)
    else this.#answers.cancel(id)
  }

  #takeCall({ id, channel = '', event, body, deadlineMs }: CallFrame & { type: 'call' }): void {
    const answer = this.#channels.get(channel)?.answerTo(event)
    this.#answers.begin(id, deadlineMs, (call) => {
      if (answer) return answer(body, call)
      throw new CallError('ERR_EVENT', { message: 'Nobody answers that here', channel, event })
    })
  }

  // ------------------------------------------------------------------------------------------------ to the session

  #send(frame: Outgoing, required: boolean): void {
    if (this.#session.send(frame, required)) return
    const { value } = this.#state
    if (value.status === 'closed') throw notConnected(value)
    throw new CallError('ERR_QUEUE_FULL', { side: 'local', message: 'The queue is full (queue.maxBytes)' })
  }

  /** What the server began it can also forget: an answer is worth nothing to the session after. */
  #answer(frame: UnsentFrame): void {
    this.#session.send(outgoing(frame, { bound: true }), true)
  }

  #fault(error: Error): void {
    if (!this.#tell('error', error)) this.#settings.report(error)
  }

  #tell<Name extends keyof ConnectionOccurrences>(name: Name, facts: ConnectionOccurrences[Name]): boolean {
    return this.#occurrences.tell(name, facts as never)
  }
}

function notConnected({ reason }: Extract<ConnectionState, { status: 'refused' | 'closed' }>): ClosedError {
  const { why, status, message } = reason
  return new ClosedError('ERR_CLOSED', {
    side: why === 'closed' ? 'local' : 'remote',
    message: `There is no connection: ${[why, status, message].filter(Boolean).join(', ')}`,
  })
}
