// For users whose compiler does not know of `await using` yet.
/// <reference lib="esnext.disposable" preserve="true" />
import { type CallFrame, type ChannelDownFrame, type CountedFrame, errorOf } from '../../codec/frame.ts'
import { CallError, ClosedError } from '../../errors.ts'
import { Answers } from './answers.ts'
import { Calls } from './calls.ts'
import { Channel, type ChannelHost } from './channel.ts'
import type { ChannelNames, EventsAt, ServerType, UnknownServer } from './channel-types.ts'
import { Listeners, type Observable, Variable } from './observable.ts'
import { type FrameSink, Requests } from './requests.ts'
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
  readonly #calls: Calls
  readonly #answers: Answers
  readonly #host: ChannelHost
  readonly #sink: FrameSink
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
    this.#sink = {
      send: (frame, required) => this.#send(frame, required),
      withdraw: (frame) => this.#session.withdraw(frame),
    }
    this.#requests = new Requests(this.#sink, settings.time)
    this.#calls = new Calls(this.#requests, this.#sink)
    this.#answers = new Answers(
      (frame) => this.#answer(frame),
      (error) => this.#fault(error),
      settings.time,
    )
    this.#events = new Listeners(settings.report)
    this.#occurrences = new Listeners(settings.report)
    this.#host = {
      sink: this.#sink,
      requests: this.#requests,
      calls: this.#calls,
      callDeadlineMs: settings.callDeadlineMs,
      report: settings.report,
    }
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
    return this.#session.queuedBytes
  }

  /**
   * The channel of that name, the same one each time. `params` is what a join says about itself, from the next one on.
   */
  channel<Name extends ChannelNames<Server>>(name: Name, params?: unknown): Channel<EventsAt<Server, Name>> {
    let channel = this.#channels.get(name)
    if (channel === undefined) {
      channel = new Channel<never>(name, this.#host)
      this.#channels.set(name, channel)
    }
    if (params !== undefined) channel.setParams(params)
    return channel as unknown as Channel<EventsAt<Server, Name>>
  }

  /** Resolves when there is a connection; rejects when it is refused or closed, with a word why. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (state: ConnectionState): boolean => {
        if (state.status === 'open') resolve()
        else if (state.status === 'refused' || state.status === 'closed') reject(notConnected(state))
        else return false
        return true
      }
      if (look(this.#state.value)) return
      const stop = this.#state.subscribe((state) => {
        if (look(state)) stop()
      })
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
    const deadlineMs = this.#settings.callDeadlineMs
    await this.#calls.call({ type: 'authenticate', token }, { deadlineMs }, true)
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
    this.#requests.renew()
    const message = 'The session was over before the answer was there'
    this.#answers.fail(new CallError('ERR_SESSION', { message }))
    const joins = [...this.#channels.values()].flatMap((channel) => channel.renew() ?? [])
    this.#session.sendFirst(joins)
    this.#tell('reset', { reason: how.reason, unconfirmed: how.unconfirmed })
  }

  #tooLarge(frame: Outgoing): void {
    const message = `The server takes no message of ${frame.bytes} bytes`
    const error = new CallError('ERR_MESSAGE_TOO_LARGE', { message })
    if (!this.#requests.refused(frame, error)) this.#fault(error)
  }

  #take(frame: CountedFrame): void {
    switch (frame.type) {
      case 'joined':
        this.#requests.reply(frame.to, frame)
        break
      case 'left':
        if (frame.to === undefined) this.#takeInChannel(frame)
        else this.#requests.reply(frame.to, frame)
        break
      case 'moved':
        this.channel(frame.channel as ChannelNames<Server>).arrive(frame)
        this.#channels.get(frame.from)?.depart(frame)
        break
      case 'send':
        if (frame.channel === undefined) this.#events.tell(frame.event, frame.body)
        else this.#takeInChannel(frame)
        break
      case 'publish':
      case 'presence':
      case 'presence-diff':
      case 'channel-reset':
        this.#takeInChannel(frame)
        break
      default:
        this.#takeOfCall(frame)
    }
  }

  #takeInChannel(frame: ChannelDownFrame): void {
    if (frame.channel !== undefined) this.#channels.get(frame.channel)?.take(frame)
  }

  #takeOfCall(frame: CallFrame): void {
    if (frame.type === 'call') this.#takeCall(frame)
    else if (frame.type === 'cancel') this.#answers.cancel(frame.of)
    else if (frame.type === 'reply') this.#requests.reply(frame.to, frame.body)
    else if (frame.type === 'error') this.#takeError(frame)
    else if (frame.to !== undefined) {
      // About a call of ours.
      if (frame.type === 'item') this.#requests.item(frame.to, frame.body)
      else if (frame.type === 'end') this.#requests.end(frame.to)
      else this.#requests.more(frame.to, frame.items)
    } else if (frame.of !== undefined) {
      // About a call of the server.
      if (frame.type === 'item') this.#answers.item(frame.of, frame.body)
      else if (frame.type === 'end') this.#answers.end(frame.of)
      else this.#answers.more(frame.of, frame.items)
    }
  }

  #takeCall({ id, channel = '', event, body, deadlineMs }: CallFrame & { type: 'call' }): void {
    const answer = this.#channels.get(channel)?.answerTo(event)
    this.#answers.begin(id, deadlineMs, (call) => {
      if (answer !== undefined) return answer(body, call)
      throw new CallError('ERR_EVENT', { message: 'This client does not answer that', channel, event })
    })
  }

  #takeError({ to, error: facts }: CallFrame & { type: 'error' }): void {
    const error = errorOf(facts)
    if (to !== undefined) this.#requests.error(to, error)
    else if (!this.#channels.get(facts.channel ?? '')?.refused(error)) this.#fault(error)
  }

  // ------------------------------------------------------------------------------------------------ to the session

  #send(frame: Outgoing, required: boolean): void {
    if (this.#session.send(frame, required)) return
    const { value } = this.#state
    if (value.status === 'closed') throw notConnected(value)
    const message = `Over ${this.#settings.maxQueueBytes} bytes wait to be sent (option queue.maxBytes)`
    throw new CallError('ERR_QUEUE_FULL', { side: 'local', message })
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

function notConnected(state: ConnectionState): ClosedError {
  const reason = 'reason' in state ? state.reason : undefined
  const said = reason?.message === undefined ? '' : `: ${reason.message}`
  const status = reason?.status === undefined ? '' : ` ${reason.status}`
  return new ClosedError('ERR_CLOSED', {
    side: reason?.why === 'closed' ? 'local' : 'remote',
    message: `There is no connection (${reason?.why ?? state.status}${status})${said}`,
  })
}
