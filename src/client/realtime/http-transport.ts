import { subprotocol } from '../../codec/frame.ts'
import { RealtimeError } from '../../errors.ts'
import { foreignAnswer, readFrames, refusalOf } from './http-lines.ts'
import type { Alarm, Time } from './time.ts'
import type { Carrier, CarrierEnd, CarrierEvents, Transport } from './transport.ts'

/** How frames come down: in one long answer of lines, in one of events, or in an answer each time there are some. */
export type HttpWay = 'stream' | 'events' | 'poll'

/** Characters of frames that share a request. */
const batchLength = 65_536
/** What a platform sends after its page is gone, at most, in bytes; a character has up to three. */
const keepAliveLength = 20_000
/** Time for a request with frames to be answered. */
const answerMs = 10_000
/** How often such a request is made before the carrier is given up. */
const maxTries = 3

const ping = '{"type":"ping"}'

/** The platform's, which in a page must be called for nobody. */
const platformFetch: typeof fetch = (url, init) => fetch(url, init)

/** Frames as lines of requests and answers (PROTOCOL.md, "Without WebSocket"). */
export function httpTransport(name: HttpWay, time: Time, request: typeof fetch = platformFetch): Transport {
  return { name, open: (url, events) => new HttpCarrier(name, url, events, time, request) }
}

class HttpCarrier implements Carrier {
  readonly #way: HttpWay
  readonly #url: URL
  readonly #events: CarrierEvents
  readonly #time: Time
  readonly #fetch: typeof fetch
  /** Ends a request with frames that is not answered in time. */
  readonly #alarm: Alarm
  /** What it does; nothing more where it has ended. */
  #step: 'opening' | 'greeting' | 'open' | 'closed' = 'opening'
  /** The request that brings frames, and the one that takes some. */
  #down = new AbortController()
  #up: AbortController | undefined
  /** Frames of which no answer has said that they arrived. */
  #waiting: string[] = []
  #batchLength = batchLength

  constructor(way: HttpWay, url: string, events: CarrierEvents, time: Time, request: typeof fetch) {
    this.#way = way
    this.#url = new URL(url.replace(/^ws/, 'http'))
    this.#events = events
    this.#time = time
    this.#fetch = request
    this.#alarm = time.alarm(() => this.#up?.abort())
    // Its answer shows that answers get through as they are made: nobody holds them back until they end.
    void this.#listen(ping)
  }

  send(text: string): void {
    // Each poll acknowledges as it is.
    if (this.#way === 'poll' && text.startsWith('{"type":"ack"')) return
    if (this.#step === 'greeting') {
      this.#step = 'open'
      // A poll that resumes is held until there is something to say, and this is.
      void this.#listen(this.#way === 'poll' ? `${text}\n${ping}` : text)
    } else if (this.#step === 'open') {
      this.#waiting.push(text)
      if (!this.#up) void this.#sendAll()
    }
  }

  close(code: number): void {
    if (this.#step === 'closed') return
    this.#stop()
    if (code !== 1000 || this.#waiting.length === 0) return
    const body = this.#carried(this.#waiting)
    // Also those that are under way, so that what is said last does not arrive before them.
    this.#request('send', body, { keepalive: body.length < keepAliveLength })
      .then((response) => response.text())
      // Nobody is there to hear of it.
      .catch(() => {})
  }

  #stop(): void {
    this.#step = 'closed'
    this.#alarm.set(undefined)
    this.#down.abort()
    this.#up?.abort()
  }

  #end(end: CarrierEnd): void {
    if (this.#step === 'closed') return
    this.#stop()
    this.#events.closed(end)
  }

  // ------------------------------------------------------------------------------------------------ downwards

  /** Brings frames: those of one answer, or with polls those of one answer after the other. */
  async #listen(body: string): Promise<void> {
    this.#down.abort()
    const down = new AbortController()
    this.#down = down
    let end: CarrierEnd | undefined
    for (let next: string | undefined = body; next && !end; next = this.#nextPoll()) {
      end = await this.#ask(this.#way, next, down.signal, (text) => {
        if (!down.signal.aborted) this.#take(text)
        return !down.signal.aborted
      })
      if (down.signal.aborted) return
    }
    this.#end(end ?? {})
  }

  #take(text: string): void {
    if (this.#step !== 'opening') this.#events.received(text)
    else {
      this.#step = 'greeting'
      this.#events.opened()
    }
  }

  #nextPoll(): string | undefined {
    const greeting = this.#events.greeting()
    // With its token: where the session is gone meanwhile, another one begins.
    return this.#way === 'poll' && greeting.resume !== undefined ? JSON.stringify(greeting) : undefined
  }

  // ------------------------------------------------------------------------------------------------ upwards

  /** One request at a time, each with what has come to wait. */
  async #sendAll(): Promise<void> {
    // What is said in the same turn goes together.
    this.#up = new AbortController()
    await undefined
    for (let tries = 1; this.#waiting.length > 0 && this.#step === 'open'; tries++) {
      const batch = this.#nextBatch()
      const end = await this.#sendBatch(batch)
      if (!end) {
        this.#waiting.splice(0, batch.length)
        tries = 0
      } else if (end.status === 413 && batch.length > 1) this.#batchLength = 0
      // What our server says with these, it says of a session and a frame.
      else if (end.status === 410) this.#end({ code: 4408 })
      else if (end.status === 413) this.#end({ code: 1009 })
      // Whatever was read or not: it takes effect once.
      else if (!end.error || end.error.code === 'ERR_REDIRECT' || tries === maxTries) this.#end(end)
    }
    this.#up = undefined
  }

  #nextBatch(): string[] {
    let length = 0
    const count = this.#waiting.findIndex((text) => {
      length += text.length
      return length > this.#batchLength
    })
    return this.#waiting.slice(0, count < 0 ? undefined : Math.max(1, count))
  }

  /** Answers why it did not arrive, as far as is known. */
  async #sendBatch(batch: readonly string[]): Promise<CarrierEnd | undefined> {
    const up = new AbortController()
    this.#up = up
    this.#alarm.set(this.#time.now() + answerMs)
    let received = -1
    const end = await this.#ask('send', this.#carried(batch), up.signal, (text) => {
      received = JSON.parse(text).position
      if (this.#step === 'open') this.#events.received(text)
      return this.#step === 'open'
    })
    this.#alarm.set(undefined)
    // What was not read of the answer is not wanted.
    up.abort()
    const last = Math.max(...batch.map((text) => Number(/^{"id":(\d+)/.exec(text)?.[1] ?? 0)))
    // Somebody may have answered without asking.
    const isForeign = !end && received < last
    return isForeign ? { error: foreignAnswer('is about something else') } : end
  }

  // ------------------------------------------------------------------------------------------------ requests

  /** Makes a request, and lets `take` have the frames of its answer. Answers why there are none, or not all. */
  async #ask(
    wish: string,
    body: string,
    signal: AbortSignal,
    take: (frame: string) => boolean,
  ): Promise<CarrierEnd | undefined> {
    try {
      const response = await this.#request(wish, body, { signal })
      const refusal = refusalOf(response)
      if (refusal) return refusal
      const count = await readFrames(response, wish === 'events', take)
      if (count === 0) throw foreignAnswer('has no frame in it')
      return undefined
    } catch (cause) {
      if (cause instanceof RealtimeError) return { error: cause }
      const message = 'The answer did not come, or not to its end'
      return { error: new RealtimeError('ERR_NETWORK', { message, cause }) }
    }
  }

  #carried(frames: readonly string[]): string {
    const { resume } = this.#events.greeting()
    const carry = { type: 'carry', session: resume?.session, key: resume?.key }
    return [JSON.stringify(carry), ...frames].join('\n')
  }

  #request(wish: string, body: string, how: RequestInit): Promise<Response> {
    const url = new URL(this.#url)
    url.searchParams.set(subprotocol, wish)
    // A body of text needs no preflight. Cookies go along, as with a WebSocket.
    return this.#fetch(url, { method: 'POST', body, credentials: 'include', redirect: 'manual', ...how })
  }
}
