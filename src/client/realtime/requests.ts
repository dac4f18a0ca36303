import { type CountedFrame, errorOf } from '../../codec/frame.ts'
import { CallError } from '../../errors.ts'
import { Deadlines } from './deadlines.ts'
import type { Time } from './time.ts'
import { type Outgoing, type OutgoingFacts, outgoing, type UnsentFrame } from './upstream.ts'

/** Where frames go. */
export interface FrameSink {
  send(frame: Outgoing, required: boolean): void
  withdraw(frame: Outgoing): boolean
}

export interface RequestOptions {
  /** How long to wait for the answer, also while there is no connection. */
  readonly deadlineMs?: number | undefined
  /** Gives the request up: the server is told, and the answer is `ERR_CANCELLED` with the signal's reason as `cause`. */
  readonly signal?: AbortSignal | undefined
}

/** What a server says about what it was asked. The last word, unless it is an `item` or `more`. */
export type Answer = Extract<CountedFrame, { readonly to?: number | undefined }>

/** Who asked, and hears what becomes of it. */
export interface Asker {
  heard(answer: Answer): void
  /** Nothing more comes. */
  failed(error: Error): void
}

interface Request {
  readonly frame: Outgoing
  readonly asker: Asker
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
  /** How long a call waits where nothing is said. */
  readonly callDeadlineMs: number
  readonly #deadlines: Deadlines
  readonly #byId = new Map<number, Request>()
  /** Those that had no number when last looked at. */
  readonly #unnumbered = new Map<Outgoing, Request>()

  constructor(sink: FrameSink, time: Time, callDeadlineMs: number) {
    this.#sink = sink
    this.callDeadlineMs = callDeadlineMs
    this.#deadlines = new Deadlines(time, (now) => this.#expire(now))
  }

  /**
   * Sends a frame, even when the queue is full where it is `required`.
   *
   * @throws {CallError} `ERR_QUEUE_FULL`, and `ERR_CLOSED` when there will never be a connection again
   */
  send(frame: UnsentFrame, facts: OutgoingFacts = {}, required = true): Outgoing {
    const out = outgoing(frame, facts)
    this.#sink.send(out, required)
    return out
  }

  /** Takes a frame back that nobody has sent yet; false where it was. */
  withdraw(frame: Outgoing): boolean {
    return this.#sink.withdraw(frame)
  }

  /** Sends `frame`, and tells `asker` what becomes of it. */
  start(frame: UnsentFrame, asker: Asker, options: RequestOptions = {}, required = false): Outgoing {
    const { deadlineMs, signal } = options
    if (signal?.aborted) throw cancelled(signal.reason)
    const deadline = this.#deadlines.in(deadlineMs)
    // Only calls tell the server how long they wait.
    const out = this.send(frame, frame.type === 'call' ? { deadline } : {}, required)
    this.track(out, asker, deadline, signal)
    return out
  }

  /** As `start`, for a frame that was sent, or will be. */
  track(frame: Outgoing, asker: Asker, deadline = Number.POSITIVE_INFINITY, signal?: AbortSignal): void {
    const aborted = (): void => this.abandon(frame, cancelled(signal?.reason))
    signal?.addEventListener('abort', aborted)
    const forgetSignal = (): void => signal?.removeEventListener('abort', aborted)
    this.#deadlines.add(deadline)
    this.#unnumbered.set(frame, { frame, asker, deadline, forgetSignal })
  }

  /** The server has answered the request numbered `id`. */
  answered(id: number, answer: Answer): void {
    const request = this.#byNumber(id)
    if (request && answer.type !== 'item' && answer.type !== 'more') this.#forget(request)
    if (answer.type === 'error') request?.asker.failed(errorOf(answer.error))
    else request?.asker.heard(answer)
  }

  /** The server will never get this frame. False where nobody waits for an answer to it, or to the call it belongs to. */
  refused(frame: Outgoing, error: Error): boolean {
    const request = this.#find(frame) ?? (frame.of && this.#find(frame.of))
    if (!request) return false
    if (request.frame !== frame) this.abandon(request.frame, error)
    else {
      this.#forget(request)
      request.asker.failed(error)
    }
    return true
  }

  /** Nobody wants the answer any more, for `error`: it is taken back, or the server is told. */
  abandon(frame: Outgoing, error: Error): void {
    const request = this.#find(frame)
    if (!request) return
    this.#forget(request)
    if (!this.withdraw(frame)) this.send({ type: 'cancel' }, { of: frame })
    request.asker.failed(error)
  }

  /** Another session begins: what was sent in the one before, or was about it, is not answered any more. */
  renew(error: Error): void {
    this.#failAll(error, ({ frame }) => frame.id > 0 || frame.bound === true)
  }

  /** Nothing is answered any more. */
  fail(error: Error): void {
    this.#deadlines.clear()
    this.#failAll(error, () => true)
  }

  #failAll(error: Error, isLost: (request: Request) => boolean): void {
    const lost = this.#all().filter(isLost)
    for (const request of lost) this.#forget(request)
    for (const { asker } of lost) asker.failed(error)
  }

  #expire(now: number): number {
    let first = Number.POSITIVE_INFINITY
    for (const { frame, deadline } of this.#all()) {
      if (deadline > now) first = Math.min(first, deadline)
      else {
        const message = 'No answer before the deadline (deadlineMs)'
        this.abandon(frame, new CallError('ERR_DEADLINE', { side: 'local', message }))
      }
    }
    return first
  }

  #all(): Request[] {
    return [...this.#byId.values(), ...this.#unnumbered.values()]
  }

  #find(frame: Outgoing): Request | undefined {
    return this.#unnumbered.get(frame) ?? this.#byId.get(frame.id)
  }

  #byNumber(id: number): Request | undefined {
    if (!this.#byId.has(id)) {
      // Some have been sent since, and have a number now.
      for (const [frame, request] of this.#unnumbered) {
        if (frame.id === 0) continue
        this.#unnumbered.delete(frame)
        this.#byId.set(frame.id, request)
      }
    }
    return this.#byId.get(id)
  }

  #forget({ frame, forgetSignal }: Request): void {
    forgetSignal()
    this.#byId.delete(frame.id)
    this.#unnumbered.delete(frame)
  }
}

/** Whoever asked has given up. */
export function cancelled(cause: unknown): CallError {
  return new CallError('ERR_CANCELLED', { side: 'local', message: 'The call was given up', cause })
}
