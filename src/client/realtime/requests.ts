import { CallError } from '../../errors.ts'
import type { CallMaker } from '../../rpc/calls-made.ts'
import type { Alarm, Time } from './time.ts'
import { type Outgoing, outgoing, type UnsentFrame } from './upstream.ts'

/** Where frames go. */
export interface FrameSink {
  /** @throws {CallError} `ERR_QUEUE_FULL`, and `ERR_CLOSED` when there will never be a connection again */
  send(frame: Outgoing, required: boolean): void
  /** Takes a frame back that nobody has sent yet; false where it was. */
  withdraw(frame: Outgoing): boolean
}

export interface RequestOptions {
  /** How long to wait for the answer, also while there is no connection. */
  readonly deadlineMs?: number | undefined
  /** Gives the request up: the server is told, and the answer is `ERR_CANCELLED` with the signal's reason as `cause`. */
  readonly signal?: AbortSignal | undefined
}

interface Request {
  readonly frame: Outgoing
  readonly maker: CallMaker<unknown>
  /** A time of the clock. */
  readonly deadline: number
  forgetSignal(): void
}

/**
 * Everything that was asked and has no answer yet, from before it is sent on. Unlike `CallsMade` it knows that a
 * request may have no number yet, can then be taken back, and outlives the session.
 */
export class Requests {
  readonly #sink: FrameSink
  readonly #time: Time
  readonly #alarm: Alarm
  readonly #byId = new Map<number, Request>()
  /** Those that had no number when last looked at. */
  readonly #unnumbered = new Set<Request>()
  /** The first deadline, or an earlier one of a request that has its answer. */
  #wakeAt = Number.POSITIVE_INFINITY

  constructor(sink: FrameSink, time: Time) {
    this.#sink = sink
    this.#time = time
    this.#alarm = time.alarm(() => this.#expire())
  }

  /** Sends `frame`, even when the queue is full where it is `required`, and tells `maker` what becomes of it. */
  start(
    frame: UnsentFrame,
    maker: CallMaker<unknown>,
    options: RequestOptions = {},
    required = false,
  ): Outgoing {
    const { deadlineMs = Number.POSITIVE_INFINITY, signal } = options
    if (signal?.aborted) throw cancelled(signal.reason)
    const deadline = this.#time.now() + deadlineMs
    // Only calls tell the server how long they wait.
    const facts = frame.type === 'call' ? { deadline } : {}
    const out = outgoing(frame, facts)
    this.#sink.send(out, required)
    this.#track(out, maker, deadline, signal)
    return out
  }

  /** As `start`, for a frame that is sent by other means. */
  track(frame: Outgoing, maker: CallMaker<unknown>): void {
    this.#track(frame, maker, Number.POSITIVE_INFINITY, undefined)
  }

  reply(id: number, value: unknown): void {
    this.#takeById(id)?.maker.reply(value)
  }

  error(id: number, error: Error): void {
    this.#takeById(id)?.maker.error(error)
  }

  /** The server will never get this frame. False where nobody waits for an answer to it, or to the call it belongs to. */
  refused({ id, of }: Outgoing, error: Error): boolean {
    const request = this.#find(id) ?? (of && this.#requestOf(of))
    if (request === undefined) return false
    if (request.frame.id === id) this.#forget(request)
    else this.abandon(request.frame)
    request.maker.error(error)
    return true
  }

  item(id: number, value: unknown): void {
    this.#find(id)?.maker.item(value)
  }

  end(id: number): void {
    this.#takeById(id)?.maker.end()
  }

  more(id: number, items: number): void {
    this.#find(id)?.maker.more(items)
  }

  /** Nobody wants the answer any more: it is taken back, or the server is told. */
  abandon(frame: Outgoing): void {
    const request = this.#requestOf(frame)
    if (request === undefined) return
    this.#forget(request)
    if (!this.#sink.withdraw(frame)) this.#sink.send(outgoing({ type: 'cancel' }, { of: frame }), true)
  }

  /** Another session begins: what was sent in the one before, or was about it, is not answered any more. */
  renew(): void {
    this.#number()
    const bound = [...this.#unnumbered].filter(({ frame }) => frame.bound)
    const lost = [...this.#byId.values(), ...bound]
    for (const request of lost) this.#forget(request)
    const message = 'The session was over before the answer came'
    for (const { maker } of lost) maker.error(new CallError('ERR_SESSION', { message }))
  }

  /** Nothing is answered any more. */
  fail(error: Error): void {
    const all = [...this.#byId.values(), ...this.#unnumbered]
    for (const request of all) this.#forget(request)
    this.#wakeAt = Number.POSITIVE_INFINITY
    this.#alarm.set(undefined)
    for (const { maker } of all) maker.error(error)
  }

  #track(
    frame: Outgoing,
    maker: CallMaker<unknown>,
    deadline: number,
    signal: AbortSignal | undefined,
  ): void {
    const aborted = (): void => {
      this.abandon(frame)
      maker.error(cancelled(signal?.reason))
    }
    signal?.addEventListener('abort', aborted, { once: true })
    const forgetSignal = (): void => signal?.removeEventListener('abort', aborted)
    this.#unnumbered.add({ frame, maker, deadline, forgetSignal })
    if (deadline >= this.#wakeAt) return
    this.#wakeAt = deadline
    this.#alarm.set(deadline)
  }

  #expire(): void {
    const now = this.#time.now()
    this.#wakeAt = Number.POSITIVE_INFINITY
    for (const { frame, maker, deadline } of [...this.#byId.values(), ...this.#unnumbered]) {
      if (deadline > now) this.#wakeAt = Math.min(this.#wakeAt, deadline)
      else if (this.#requestOf(frame) !== undefined) {
        this.abandon(frame)
        const message = 'No answer came before the deadline (deadlineMs)'
        maker.error(new CallError('ERR_DEADLINE', { side: 'local', message }))
      }
    }
    this.#alarm.set(this.#wakeAt)
  }

  #requestOf(frame: Outgoing): Request | undefined {
    if (frame.id > 0) return this.#find(frame.id)
    for (const request of this.#unnumbered) if (request.frame === frame) return request
    return undefined
  }

  #takeById(id: number): Request | undefined {
    const request = this.#find(id)
    if (request !== undefined) this.#forget(request)
    return request
  }

  #find(id: number): Request | undefined {
    if (!this.#byId.has(id)) this.#number()
    return this.#byId.get(id)
  }

  /** Looks which requests have a number by now. */
  #number(): void {
    for (const request of this.#unnumbered) {
      if (request.frame.id === 0) continue
      this.#unnumbered.delete(request)
      this.#byId.set(request.frame.id, request)
    }
  }

  #forget(request: Request): void {
    request.forgetSignal()
    this.#byId.delete(request.frame.id)
    this.#unnumbered.delete(request)
  }
}

function cancelled(cause: unknown): CallError {
  return new CallError('ERR_CANCELLED', { side: 'local', message: 'The call was given up', cause })
}
