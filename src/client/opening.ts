import { ClosedError, HandshakeError, type RealtimeError, TimeoutError } from '../errors.ts'
import {
  composeHandshakeOffer,
  type HandshakeAgreement,
  type HandshakeOffer,
  readHandshakeResponse,
} from '../protocol/client-handshake.ts'
import { MessageCompression } from '../protocol/compression.ts'
import type { Dial, DialAnswer, Runtime } from '../runtime/contract.ts'
import type { Link } from '../transport/link.ts'
import { type CarrierEvents, WebSocketCarrier } from '../transport/websocket-carrier.ts'
import type { WheelEntry } from '../util/timer-wheel.ts'
import { untilAborted } from '../util/until-aborted.ts'
import { isBadPort } from './bad-port.ts'
import type { ClientSettings } from './options.ts'
import { credentialsOf, type Destination, destinationOf, toUrlRecord } from './url.ts'

/** What opening takes from the platform. */
export interface OpeningRuntime extends Runtime {
  readonly dial: Dial
  readonly dialHttp2: Dial
}

/** Given along to another origin, these would tell it what is only meant for the first. */
const personalHeaders = /^(authorization|cookie|proxy-authorization|host)$/i
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** The last handshake that is serialized, by host and port; it never rejects. */
const handshakes = new Map<string, Promise<unknown>>()

/**
 * The opening handshake of a client: dials, follows redirects where that is wanted, and checks the answer, all in the
 * time allowed (WHATWG WebSockets, "establish a WebSocket connection"). Both faces begin with one.
 */
export class Opening implements WheelEntry {
  wheelTick = -1
  /** The answer that was agreed on; rejects with a `RealtimeError` that says why there is none. */
  readonly opened: Promise<Opened>
  readonly #url: URL
  readonly #protocols: readonly string[]
  readonly #settings: ClientSettings
  readonly #runtime: OpeningRuntime
  readonly #attempt = new AbortController()

  constructor(url: URL, protocols: readonly string[], settings: ClientSettings, runtime: OpeningRuntime) {
    this.#url = url
    this.#protocols = protocols
    this.#settings = settings
    this.#runtime = runtime
    // In parallel: whoever constructs it may still give it up before anything is dialed.
    this.opened = Promise.resolve()
      .then(() =>
        settings.serializeHandshakes ? this.#inTurn(() => this.#openInTime()) : this.#openInTime(),
      )
      .finally(() => runtime.wheel.cancel(this))
  }

  expire(): void {
    const message = `The opening handshake took over ${this.#settings.handshakeTimeoutMs} ms (option handshakeTimeoutMs)`
    this.#attempt.abort(new TimeoutError('ERR_HANDSHAKE_TIMEOUT', { message }))
  }

  /** Gives up; `opened` rejects with `ERR_CLOSED`. */
  abort(cause?: unknown): void {
    const message = 'The connection was closed before the opening handshake was over'
    this.#attempt.abort(new ClosedError('ERR_CLOSED', { side: 'local', message, cause }))
  }

  /** RFC 6455 §4.1: no more than one connection to the same host and port may be in a connecting state. */
  #inTurn(open: () => Promise<Opened>): Promise<Opened> {
    const { hostname, port, socketPath } = destinationOf(this.#url)
    const key = socketPath ?? `${hostname} ${port}`
    const before = handshakes.get(key) ?? Promise.resolve()
    const opening = untilAborted(before, this.#attempt.signal).then(open)
    const over: Promise<unknown> = Promise.allSettled([before, opening]).then(() => {
      if (handshakes.get(key) === over) handshakes.delete(key)
    })
    handshakes.set(key, over)
    return opening
  }

  #openInTime(): Promise<Opened> {
    this.#runtime.wheel.add(this, this.#settings.handshakeTimeoutMs)
    return this.#open()
  }

  async #open(): Promise<Opened> {
    let url = this.#url
    let headers = this.#settings.headers
    for (let left = this.#settings.followRedirects; ; left--) {
      this.#attempt.signal.throwIfAborted()
      const offer = this.#offer()
      const answer = await this.#dial(url, headers, offer)
      if (redirects.has(answer.status) && this.#settings.followRedirects > 0) {
        answer.discard()
        const next = redirectOf(url, answer, left)
        if (next.origin !== url.origin) headers = headers.filter(([name]) => !personalHeaders.test(name))
        url = next
        continue
      }
      return new Opened(
        url,
        await this.#agree(answer, offer),
        answer.link as Link,
        this.#settings,
        this.#runtime,
      )
    }
  }

  #offer(): HandshakeOffer {
    const { compression, http2 } = this.#settings
    return {
      key: http2 ? undefined : this.#runtime.handshakeKey(),
      protocols: this.#protocols,
      compression,
    }
  }

  #dial(
    url: URL,
    headers: readonly (readonly [string, string])[],
    offer: HandshakeOffer,
  ): Promise<DialAnswer> {
    const { tls, agent, limits, dial, http2, blockBadPorts, rawHandles } = this.#settings
    const destination = destinationOf(url)
    if (blockBadPorts && destination.socketPath === undefined && isBadPort(destination.port)) {
      throw new HandshakeError('ERR_NETWORK', {
        side: 'local',
        message: `Port ${destination.port} is blocked (Fetch, "bad port"; option blockBadPorts)`,
      })
    }
    const request = {
      ...destination,
      headers: [...requestHeaders(url, destination, headers), ...composeHandshakeOffer(offer)],
      tls,
      agent,
      connect: dial,
      maxHeaderBytes: limits.maxHeaderBytes,
      rawHandles,
    }
    return this.#runtime[http2 ? 'dialHttp2' : 'dial'](request, this.#attempt.signal)
  }

  /** What the answer agrees to; whatever is wrong with it, nothing of it stays open. */
  async #agree(answer: DialAnswer, offer: HandshakeOffer): Promise<HandshakeAgreement> {
    const { status, headers } = answer
    try {
      if (answer.link === undefined && status !== 101) {
        const body = await answer.readBody()
        const message = `The server answered with status ${status} (RFC 6455 §4.1)`
        const section = 'RFC 6455 §4.1'
        throw new HandshakeError('ERR_STATUS', { message, section, status, headers: [...headers], body })
      }
      return readHandshakeResponse(status, headers, offer, this.#runtime.sha1)
    } catch (error) {
      answer.discard()
      throw error
    }
  }
}

/** An agreed handshake and the link that goes with it. */
export class Opened {
  /** Where it ended after redirects. */
  readonly url: URL
  readonly protocol: string
  readonly extensions: string
  readonly #agreement: HandshakeAgreement
  readonly #link: Link
  readonly #settings: ClientSettings
  readonly #runtime: OpeningRuntime

  constructor(
    url: URL,
    agreement: HandshakeAgreement,
    link: Link,
    settings: ClientSettings,
    runtime: OpeningRuntime,
  ) {
    this.url = url
    this.protocol = agreement.protocol
    this.extensions = agreement.extensions
    this.#agreement = agreement
    this.#link = link
    this.#settings = settings
    this.#runtime = runtime
  }

  /** The carrier that takes the link from here on; `start` it. */
  carry<Owner>(owner: Owner, events: CarrierEvents<Owner>): WebSocketCarrier<Owner> {
    const { text, maskingKey, turn, wheel, deflate } = this.#runtime
    const { limits, heartbeat, compression } = this.#settings
    const agreed = this.#agreement.compression
    return new WebSocketCarrier(
      {
        role: 'client',
        limits,
        text,
        streamed: false,
        maskingKey,
        events,
        turn,
        wheel,
        closeTimeoutMs: limits.closeTimeoutMs,
        heartbeat,
        // The standard has no limit here either: `bufferedAmount` tells whoever wants to know.
        backpressure: undefined,
      },
      owner,
      this.#link,
      agreed && compression && new MessageCompression('client', agreed, deflate, compression),
    )
  }

  discard(): void {
    this.#link.destroy()
  }
}

/** `Host` first, then the caller's fields, then the URL's credentials unless the caller has better ones. */
function requestHeaders(
  url: URL,
  { host }: Destination,
  headers: readonly (readonly [string, string])[],
): (readonly [string, string])[] {
  const find = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)
  const fields: (readonly [string, string])[] = [['Host', find('host')?.[1] ?? host]]
  fields.push(...headers.filter(([name]) => name.toLowerCase() !== 'host'))
  const credentials = credentialsOf(url)
  if (credentials !== undefined && find('authorization') === undefined) {
    fields.push(['Authorization', credentials])
  }
  return fields
}

/**
 * Where a redirect leads.
 *
 * @throws {HandshakeError} `ERR_REDIRECT`
 */
function redirectOf(from: URL, { status, headers }: DialAnswer, left: number): URL {
  const refuse = (message: string): RealtimeError =>
    new HandshakeError('ERR_REDIRECT', { message, status, headers: [...headers] })
  if (left === 0) throw refuse('The server redirected once too often (option followRedirects)')
  const location = headers.get('location') ?? ''
  const { protocol, href } = from
  if (location === '' || !URL.canParse(location, href)) throw refuse('The redirect says nowhere to go')
  const next = new URL(location, href)
  next.hash = ''
  // Nobody out there may send us to a Unix socket of this machine.
  if (protocol.endsWith('+unix:') || !/^(ws|http)s?:$/.test(next.protocol)) {
    throw refuse(`A redirect from ${protocol} to ${next.protocol} is not followed`)
  }
  const url = toUrlRecord(next.href)
  if (protocol === 'wss:' && url.protocol === 'ws:') {
    throw refuse('The redirect leads from wss: to ws:, where anybody can read')
  }
  return url
}
